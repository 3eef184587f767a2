import { once } from 'node:events';
import type { Server, AddressInfo } from 'node:net';
import SrfModule from 'drachtio-srf';
import type { SipdOptions } from '../../../src/sipd/server';
import { Application } from './support/application';
import type { Srf } from './support/application';
import { startSipdEdge } from './support/edges';
import { Phone } from './support/phone';

/** Requests that go to an application of the server's choice: one that listens, or one with a tag. */

const Constructor = SrfModule as unknown as new () => Srf & { listen(options: object): Server };
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function open(
  route: SipdOptions['applicationRoute'],
): Promise<{ phone: Phone; connect: (tags?: string[]) => Promise<Application> }> {
  const edge = await startSipdEdge({ applicationRoute: route });
  cleanups.push(() => edge.close());
  const phone = await Phone.udp(edge);
  cleanups.push(() => phone.close());

  return { phone, connect: (tags) => Application.connect(edge, { tags }) };
}

/** An application that listens, and answers 202 to MESSAGE. */
async function listening(secret: string): Promise<number> {
  const srf = new Constructor();
  srf.on('connect', () => undefined);
  srf.on('error', () => undefined);
  srf.use('message', (_req, res) => res.send(202));
  const server = srf.listen({ host: '127.0.0.1', port: 0, secret });
  cleanups.push(() => server.close());
  await once(server, 'listening');

  return (server.address() as AddressInfo).port;
}

test('an application that listens gets the request, and has to know the secret', async () => {
  const [port, strange] = [await listening('edge-test'), await listening('another')];
  const ports = new Map([
    ['known', port],
    ['strange', strange],
    ['nobody', 1],
  ]);
  const { phone } = await open(async ({ uri }) => {
    const found = ports.get(/^sip:([^@]*)@/.exec(uri)![1]!);
    if (found === undefined) throw new Error('unknown');

    return Promise.resolve({ host: '127.0.0.1', port: found });
  });
  for (const [user, status] of [
    ['known', 202],
    ['strange', 480],
    ['lost', 500],
    ['nobody', 480],
  ] as const) {
    const sent = phone.request('MESSAGE', user, { 'Content-Type': 'text/plain' }, 'hello');
    await sent.leg.status(sent, status);
  }
});

test('the application with the tag gets the request; without one it is 480', async () => {
  const { phone, connect } = await open(({ uri }) => ({ tag: uri.includes('b@') ? 'blue' : 'red' }));
  const plain = await connect();
  const sent = phone.request('MESSAGE', 'a', { 'Content-Type': 'text/plain' }, 'hello');
  await sent.leg.status(sent, 480);
  const blue = await connect(['green', 'blue']);
  const asked = blue.next('MESSAGE', 'b');
  const taken = phone.request('MESSAGE', 'b', { 'Content-Type': 'text/plain' }, 'hello');
  (await asked).res.send(202);
  await taken.leg.status(taken, 202);
  await Promise.all([plain.close(), blue.close()]);
});
