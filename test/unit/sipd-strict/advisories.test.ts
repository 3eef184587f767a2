import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createLogger } from '../../../src/lib/logger';
import { startSipd } from '../../../src/sipd/server';
import type { Sipd } from '../../../src/sipd/server';
import { scaledTimers } from '../../../src/sipd/transaction/timers';
import { Application } from '../../conformance/edge/support/application';
import type { SrfResponse } from '../../conformance/edge/support/application';
import { edgeOf } from '../../conformance/edge/support/edges';
import type { EdgeUnderTest } from '../../conformance/edge/support/edges';
import { Phone } from '../../conformance/edge/support/phone';
import type { Leg } from '../../conformance/edge/support/phone';
import { header, sdp } from '../../conformance/edge/support/sip-text';
import type { Message } from '../../conformance/edge/support/sip-text';

const t1 = 20;

/**
 * What ended or stopped other servers and is no single message: many calls at a time, connections that end in the middle, challenges.
 * After each story the server answers, found no fault with itself, and holds nothing.
 */
describe('stories that other servers fell over', () => {
  const errors: string[] = [];
  let sipd: Sipd;
  let edge: EdgeUnderTest;
  let app: Application;

  beforeAll(async () => {
    const log = createLogger('error', { write: (line) => void errors.push(line) });
    const ports = { udpPort: 0, tcpPort: 0, wsPort: 0, controlPort: 0 };
    // The processors of a test may be busy with other things: nobody is refused for that.
    const defence = { lateness: 60_000 };
    sipd = await startSipd({ host: '127.0.0.1', ...ports, secret: 'told', log, timers: scaledTimers(t1), defence });
    edge = edgeOf(sipd, 'told', t1);
    app = await Application.connect(edge);
  });
  afterAll(async () => {
    await app.close();
    await sipd.close();
  });
  afterEach(async () => {
    const phone = await Phone.udp(edge);
    app.on('OPTIONS', 'alive', (_req, res) => res.send(200));
    const sent = phone.request('OPTIONS', 'alive');
    await sent.leg.status(sent, 200);
    await phone.close();
    expect(errors).toEqual([]);
    expect(await leftOver(sipd)).toBe(0);
  });

  test.each([
    ['while the calls ring', true],
    ['before anybody has looked at them', false],
  ])('connections with twenty INVITEs each are cut %s (CVE-2018-7286, CVE-2020-28327)', async (_when, ringing) => {
    const held: SrfResponse[] = [];
    app.on('INVITE', 'cut', (_req, res) => {
      held.push(res);
      if (ringing) res.send(180);
    });
    const sockets = await Promise.all(Array.from({ length: 10 }, () => connect(sipd)));
    for (const [index, socket] of sockets.entries()) {
      socket.write(invites(20, `cut-${String(ringing)}-${index}`));
      if (!ringing) socket.destroySoon();
    }
    if (ringing) await until(() => held.length === 200);
    for (const socket of sockets) if (ringing) socket.resetAndDestroy();
    await until(() => sipd.stats().transport.connections.tcp === 0);
    for (const res of held) res.send(200, { body: sdp() }, () => undefined);
  });

  test('an INVITE and its CANCEL come at once, and the connection is gone (CVE-2020-28327)', async () => {
    app.on('INVITE', 'cut', (_req, res) => res.send(200, { body: sdp() }, () => undefined));
    for (let round = 0; round < 20; round += 1) {
      const socket = await connect(sipd);
      const invite = invites(1, `race-${round}`);
      socket.write(invite + invite.replace('INVITE sip', 'CANCEL sip').replace('1 INVITE', '1 CANCEL'));
      socket.destroySoon();
    }
    await until(() => sipd.stats().transport.connections.tcp === 0);
  });

  test('requests of six methods flood in, and memory does not grow (GHSA-jvpq-23v4-gp3m)', async () => {
    const phone = await Phone.udp(edge);
    const flood = async (): Promise<number> => {
      for (let batch = 0; batch < 5; batch += 1) {
        const sent = ['INVITE', 'SUBSCRIBE', 'REGISTER', 'MESSAGE', 'OPTIONS', 'PUBLISH'].flatMap((method) =>
          Array.from({ length: 10 }, () => phone.request(method, 'flood', { Expires: '1' }, sdp())),
        );
        await Promise.all(sent.map((one) => one.leg.final(one)));
        for (const one of sent) if (one.method === 'INVITE') one.leg.sameTransaction('ACK', one);
      }
      expect(await leftOver(sipd)).toBe(0);
      phone.inbox.drop(() => true);

      return heap();
    };
    for (const method of ['INVITE', 'SUBSCRIBE', 'REGISTER', 'MESSAGE', 'OPTIONS'])
      app.on(method, 'flood', (_req, res) => res.send(486));
    await flood();
    const before = await flood();
    expect(((await flood()) - before) / 300).toBeLessThan(2000);
    await phone.close();
  });

  test.each([
    [401, 'WWW-Authenticate'],
    [407, 'Proxy-Authenticate'],
  ])(
    'a phone that is called answers %i: nothing is told to a foreign realm (GHSA-3v3f-99mv-qvj4)',
    async (status, name) => {
      const phone = await Phone.udp(edge);
      const called = app.srf.createUAC(phone.uri, { localSdp: sdp() }).catch((error: unknown) => error);
      const invite = await phone.takeRequest('INVITE');
      const challenge = `Digest realm="the gateway's", nonce="${randomBytes(8).toString('hex')}", algorithm=MD5, qop="auth"`;
      phone.respond(invite, status, 'Who Are You', { To: `${header(invite, 'to')};tag=x`, [name]: challenge });
      expect(await called).toMatchObject({ status });
      const ack = await phone.takeRequest('ACK');
      expect([...ack.headers.keys()].filter((key) => key.includes('authorization'))).toEqual([]);
      // A repeat of the INVITE may lie there; nothing of what was sent carries credentials.
      expect(phone.inbox.count(({ headers }) => [...headers.keys()].some((key) => key.includes('authorization')))).toBe(
        0,
      );
      await phone.close();
    },
  );

  test('fifty calls, ten at a time, are each transferred twice at once (OpenSIPS issues 3509 and 2048)', async () => {
    const phone = await Phone.udp(edge);
    app.on('INVITE', 'refer', (req, res) => {
      void app.srf.createUAS(req, res, { localSdp: sdp() }).then((dialog) => {
        dialog.on('refer', (_refer: unknown, answer: SrfResponse) => {
          answer.send(202);
          const headers = {
            Event: 'refer',
            'Subscription-State': 'terminated;reason=noresource',
            'Content-Type': 'message/sipfrag',
          };
          void dialog.request({ method: 'NOTIFY', headers, body: 'SIP/2.0 603 Decline' }).catch(() => undefined);
        });
        // Tells the phone that somebody listens now.
        void dialog
          .request({ method: 'INFO', headers: { 'Content-Type': 'text/plain' }, body: 'x' })
          .catch(() => undefined);
      });
    });
    const ofCall = (leg: Leg, method: string): Promise<Message> =>
      phone.inbox.take(method, (message) => message.method === method && header(message, 'call-id') === leg.callId);
    const call = async (): Promise<void> => {
      const invite = phone.request('INVITE', 'refer', {}, sdp());
      const { leg } = invite;
      await leg.status(invite, 200);
      leg.ack(invite);
      phone.respond(await ofCall(leg, 'INFO'), 200, 'OK');
      const refers = ['sip:c@example.com', 'sip:d@example.com?Replaces=a=b=='].map((to) =>
        leg.request('REFER', { 'Refer-To': `<${to}>` }),
      );
      for (const refer of refers) await leg.status(refer, 202);
      for (let notes = 0; notes < 2; notes += 1) phone.respond(await ofCall(leg, 'NOTIFY'), 200, 'OK');
      const bye = leg.request('BYE');
      await leg.status(bye, 200);
    };
    // More at once are lost on the way by a busy machine: nothing here sends a datagram again.
    for (let round = 0; round < 5; round++) await Promise.all(Array.from({ length: 10 }, call));
    await phone.close();
  });
});

/** So many INVITEs on a stream, as one text. */
function invites(count: number, id: string): string {
  const one = (index: number): string =>
    [
      'INVITE sip:cut@127.0.0.1 SIP/2.0',
      `Via: SIP/2.0/TCP 127.0.0.1:9;rport;branch=z9hG4bK${id}-${index}`,
      'Max-Forwards: 70',
      `From: <sip:a@127.0.0.1>;tag=${id}-${index}`,
      'To: <sip:cut@127.0.0.1>',
      `Call-ID: ${id}-${index}`,
      'CSeq: 1 INVITE',
      'Contact: <sip:a@127.0.0.1:9;transport=tcp>',
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n');

  return Array.from({ length: count }, (_, index) => one(index)).join('');
}

async function connect(sipd: Sipd): Promise<net.Socket> {
  const { port, address } = sipd.addresses.tcp!;
  const socket = net.connect({ port, host: address, noDelay: true }).on('error', () => undefined);
  await new Promise<void>((resolve) => socket.once('connect', resolve));

  return socket.resume();
}

/** @throws Error when it is not so after ten seconds */
async function until(isSo: () => boolean): Promise<void> {
  const end = Date.now() + 10_000;
  while (!isSo()) {
    if (Date.now() > end) throw new Error('what was waited for did not come true');
    await wait(5);
  }
}

/** Transactions, dialogs and requests that are there when all timers are over: what stays is a leak. */
async function leftOver(sipd: Sipd): Promise<number> {
  const count = (): number => {
    const { transactions, dialogs, incoming, outgoing, parked } = sipd.stats();
    const all = [...Object.values(transactions.server), ...Object.values(transactions.client)];

    return all.reduce((sum, one) => sum + one, dialogs + incoming + outgoing + parked);
  };
  await until(() => count() === 0).catch(() => undefined);

  return count();
}

function heap(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();

  return process.memoryUsage().heapUsed;
}
