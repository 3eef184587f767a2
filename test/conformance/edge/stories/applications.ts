import net from 'node:net';
import { eventOf } from '../support/application';
import type { Stray, Application } from '../support/application';
import { header, sdp } from '../support/sip-text';
import type { Stage } from '../support/stage';
import { incomingCall } from './calls';

/** Applications that come and go. */
export function applicationStories(stage: Stage): void {
  test('a wrong secret is refused and the connection closed', async () => {
    const { host, port } = stage.edge.control;
    const socket = net.connect(port, host);
    const chunks: string[] = [];
    socket.on('data', (chunk) => chunks.push(chunk.toString()));
    const closed = eventOf(socket, 'close');
    const message = 'm1|authenticate|not-the-secret|';
    socket.write(`${message.length}#${message}`);
    await closed;
    expect(chunks.join('')).toMatch(/^[0-9]+#[^|]+\|response\|m1\|NO\|incorrect secret$/);
  });

  test('an application tells its server and addresses', async () => {
    const { host, port, secret } = stage.edge.control;
    const socket = net.connect(port, host);
    const answer = eventOf(socket, 'data');
    const message = `m1|authenticate|${secret}|`;
    socket.write(`${message.length}#${message}`);
    const tokens = String((await answer)[0]).split('|');
    expect(tokens.slice(1, 4)).toEqual(['response', 'm1', 'OK']);
    expect(tokens[4]).toContain(`udp/${stage.edge.sip.host}:${stage.edge.sip.port}`);
    expect(tokens[6]).toContain(`tcp/${stage.edge.tcp.host}:${stage.edge.tcp.port}`);
    socket.destroy();
  });
}

/** The promises of this server that drachtio-server does not make. Each story has an edge of its own. */
export function restartStories(
  open: () => Promise<{ stage: Stage; connect: () => Promise<Application>; app: Application }>,
): void {
  test('dialogs survive a restart of the application, and both sides may go on using them', async () => {
    const { stage, app, connect } = await open();
    const phone = await stage.udp();
    const { leg, dialog } = await incomingCall(stage, phone);
    const info = leg.request('INFO', { 'Content-Type': 'text/plain' }, 'one');
    await leg.status(info, 200);
    await app.close();
    const held = leg.request('INFO', { 'Content-Type': 'text/plain' }, 'two');
    const next = await connect();
    const two = await next.strays.take('INFO', ({ req }) => req.method === 'INFO');
    expect(two.req.body).toBe('two');
    expect(two.req.stackDialogId).toBe(dialog.id);
    two.res.send(200);
    await leg.status(held, 200);
    const asked = await next.srf.request('sip:placeholder', {
      method: 'INFO',
      stackDialogId: dialog.id,
      headers: { 'Content-Type': 'text/plain' },
      body: '3',
    });
    const responded = eventOf(asked, 'response');
    const three = await phone.takeRequest('INFO');
    expect(three.body).toBe('3');
    phone.respond(three, 200, 'OK');
    await responded;
    const bye = leg.request('BYE');
    const last = await next.strays.take('BYE', ({ req }) => req.method === 'BYE');
    expect(last.req.stackDialogId).toBe(dialog.id);
    last.res.send(200);
    await leg.status(bye, 200);
    await next.close();
  });

  test('a request that was given to an application which stops goes to another', async () => {
    const { stage, app, connect } = await open();
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = app.next('MESSAGE', user);
    const sent = phone.request('MESSAGE', user, { 'Content-Type': 'text/plain' }, 'x');
    await arrival;
    const other = await connect();
    const taken = other.next('MESSAGE', user);
    await app.close();
    (await taken).res.send(202);
    await sent.leg.status(sent, 202);
    await other.close();
  });

  test('the phones that an application was ringing are cancelled when it stops', async () => {
    const { stage, app } = await open();
    const phone = await stage.udp();
    void app.srf.createUAC(phone.uri, { localSdp: sdp() }).catch(() => undefined);
    const invite = await phone.takeRequest('INVITE');
    phone.respond(invite, 180, 'Ringing', { To: `${header(invite, 'to')};tag=r`, Contact: phone.contact });
    await app.close();
    const cancel = await phone.takeRequest('CANCEL');
    phone.respond(cancel, 200, 'OK');
    phone.respond(invite, 487, 'Request Terminated', { To: `${header(invite, 'to')};tag=r` });
    await phone.takeRequest('ACK');
  });

  test('without an application: 503; with one that does not take the method: 405', async () => {
    const { stage, app, connect } = await open();
    const phone = await stage.udp();
    await app.close();
    const first = phone.request('INVITE', stage.user(), {}, sdp());
    expect((await first.leg.final(first)).status).toBe(503);
    first.leg.sameTransaction('ACK', first);
    const other = await connect();
    const second = phone.request('PUBLISH', stage.user(), { Event: 'presence' });
    const refused = await second.leg.final(second);
    expect(refused.status).toBe(405);
    expect(header(refused, 'allow')).toContain('INVITE');
    await other.close();
  });

  test('requests are shared out in turn', async () => {
    const { stage, app, connect } = await open();
    const other = await connect();
    const phone = await stage.udp();
    const seen: string[] = [];
    for (const [name, one] of [
      ['first', app],
      ['second', other],
    ] as const) {
      one.srf.use('options', () => undefined);
      one.on('OPTIONS', 'turn', (_req, res) => {
        seen.push(name);
        res.send(200);
      });
    }
    for (let i = 0; i < 4; i += 1) {
      const sent = phone.request('OPTIONS', 'turn');
      await sent.leg.status(sent, 200);
    }
    expect(seen.sort()).toEqual(['first', 'first', 'second', 'second']);
    await app.close();
    await other.close();
  });

  test('a request that the application forgets is answered for it', async () => {
    const { stage, app } = await open();
    const phone = await stage.udp();
    const sent = phone.request('OPTIONS', stage.user());
    const stray: Stray = await app.strays.take('OPTIONS', () => true);
    expect(stray.req.method).toBe('OPTIONS');
    expect((await sent.leg.final(sent)).status).toBe(500);
    await app.close();
  });
}
