import { eventOf } from '../support/application';
import { RawApplication } from '../support/raw-application';
import { header, sdp, tagOf } from '../support/sip-text';
import type { Message } from '../support/sip-text';
import type { Phone } from '../support/phone';
import { Leg } from '../support/phone';
import type { Stage } from '../support/stage';
import { answerInvite } from './calls';

/** Refuses a request that came through the proxy. */
export function refuse(phone: Phone, request: Message, status: number): void {
  phone.respond(request, status, 'No', { To: `${header(request, 'to')};tag=no${status}` });
}

/** Rings. */
export function ring(phone: Phone, invite: Message): void {
  phone.respond(invite, 180, 'Ringing', { To: `${header(invite, 'to')};tag=ringing`, Contact: phone.contact });
}

/** Accepts the CANCEL that comes for an INVITE. */
export async function takeCancel(phone: Phone, invite: Message): Promise<void> {
  phone.respond(await phone.takeRequest('CANCEL'), 200, 'OK');
  refuse(phone, invite, 487);
}

/** Proxies the next request to this user by drachtio-srf; the outcome as it tells it. */
export function proxyNext(
  stage: Stage,
  method: string,
  user: string,
  to: Phone[],
  options: object = {},
): Promise<{ finalStatus: number }> {
  return stage.app.next(method, user).then(({ req }) => {
    const proxied = req as unknown as { proxy(options: object): Promise<{ finalStatus: number }> };

    return proxied.proxy({ destination: to.map(({ uri }) => uri), ...options });
  });
}

/** An application hands requests on instead of answering them. */
export function proxyStories(stage: Stage): void {
  let app: RawApplication;

  beforeEach(async () => {
    app = await RawApplication.connect(stage.edge, ['publish']);
  });
  afterEach(() => app.close());

  const proxying = (user: string, to: Phone[], options: object = {}): Promise<{ finalStatus: number }> =>
    proxyNext(stage, 'INVITE', user, to, options);

  test('a call through the proxy, that stays in its path', async () => {
    const [caller, callee, user] = [await stage.udp(), await stage.udp(), stage.user()];
    const outcome = proxying(user, [callee], { remainInDialog: true });
    const sent = caller.request('INVITE', user, {}, sdp());
    const invite = await callee.takeRequest('INVITE');
    expect(invite.headers.get('via')).toHaveLength(2);
    expect(header(invite, 'max-forwards')).toBe('69');
    const leg = Leg.of(callee, invite, 'callee');
    answerInvite(callee, invite, leg, { 'Record-Route': header(invite, 'record-route') });
    const answer = await sent.leg.status(sent, 200);
    expect(answer.headers.get('via')).toHaveLength(1);
    expect((await outcome).finalStatus).toBe(200);
    sent.leg.ack(sent);
    const ack = await callee.takeRequest('ACK');
    expect(ack.headers.has('route')).toBe(false);
    const bye = sent.leg.request('BYE');
    callee.respond(await callee.takeRequest('BYE'), 200, 'OK');
    await sent.leg.status(bye, 200);
  });

  test('one target after the other, and the best of the refusals', async () => {
    const [caller, first, second, user] = [await stage.udp(), await stage.udp(), await stage.udp(), stage.user()];
    const outcome = proxying(user, [first, second]);
    const sent = caller.request('INVITE', user, {}, sdp());
    refuse(first, await first.takeRequest('INVITE'), 404);
    refuse(second, await second.takeRequest('INVITE'), 503);
    const answer = await sent.leg.status(sent, 404);
    expect(tagOf(header(answer, 'to'))).toBe('no404');
    expect((await outcome).finalStatus).toBe(503);
  });

  test('all targets at once: the others are cancelled when one answers', async () => {
    const [caller, slow, fast, user] = [await stage.udp(), await stage.udp(), await stage.udp(), stage.user()];
    void proxying(user, [slow, fast], { forking: 'simultaneous' });
    const sent = caller.request('INVITE', user, {}, sdp());
    const ringing = await slow.takeRequest('INVITE');
    ring(slow, ringing);
    await sent.leg.status(sent, 180);
    const invite = await fast.takeRequest('INVITE');
    answerInvite(fast, invite, Leg.of(fast, invite, 'fast'));
    await sent.leg.status(sent, 200);
    await takeCancel(slow, ringing);
  });

  test('a redirection is followed when that is asked for', async () => {
    const [caller, first, second, user] = [await stage.udp(), await stage.udp(), await stage.udp(), stage.user()];
    void proxying(user, [first], { followRedirects: true });
    const sent = caller.request('INVITE', user, {}, sdp());
    const moved = await first.takeRequest('INVITE');
    first.respond(moved, 302, 'Moved', { To: `${header(moved, 'to')};tag=m`, Contact: `<${second.uri}>` });
    const invite = await second.takeRequest('INVITE');
    answerInvite(second, invite, Leg.of(second, invite, 'second'));
    await sent.leg.status(sent, 200);
  });

  test('a target that is silent is left for the next one', async () => {
    const [caller, silent, next, user] = [await stage.udp(), await stage.udp(), await stage.udp(), stage.user()];
    void proxying(user, [silent, next], { provisionalTimeout: '100ms' });
    const sent = caller.request('INVITE', user, {}, sdp());
    await silent.takeRequest('INVITE');
    const invite = await next.takeRequest('INVITE');
    answerInvite(next, invite, Leg.of(next, invite, 'next'));
    await sent.leg.status(sent, 200);
  });

  test('a caller who gives up: who rings is cancelled, and who is silent as soon as he rings', async () => {
    const [caller, ringing, silent, user] = [await stage.udp(), await stage.udp(), await stage.udp(), stage.user()];
    void proxying(user, [ringing, silent], { forking: 'simultaneous' });
    const sent = caller.request('INVITE', user, {}, sdp());
    const [first, second] = [await ringing.takeRequest('INVITE'), await silent.takeRequest('INVITE')];
    ring(ringing, first);
    await sent.leg.status(sent, 180);
    const cancel = sent.leg.sameTransaction('CANCEL', sent);
    await sent.leg.status(cancel, 200);
    await takeCancel(ringing, first);
    expect(silent.inbox.count(({ method }) => method === 'CANCEL')).toBe(0);
    ring(silent, second);
    await takeCancel(silent, second);
    await sent.leg.status(sent, 487);
    sent.leg.sameTransaction('ACK', sent);
  });

  test('a 200 that the CANCEL did not catch goes back', async () => {
    const [caller, callee, user] = [await stage.udp(), await stage.udp(), stage.user()];
    void proxying(user, [callee]);
    const sent = caller.request('INVITE', user, {}, sdp());
    const invite = await callee.takeRequest('INVITE');
    ring(callee, invite);
    await sent.leg.status(sent, 180);
    sent.leg.sameTransaction('CANCEL', sent);
    callee.respond(await callee.takeRequest('CANCEL'), 200, 'OK');
    answerInvite(callee, invite, Leg.of(callee, invite, 'late'));
    expect(tagOf(header(await sent.leg.status(sent, 200), 'to'))).toBe('late');
  });

  test('a REGISTER gets a Path', async () => {
    const [caller, registrar, user] = [await stage.udp(), await stage.udp(), stage.user()];
    void proxyNext(stage, 'REGISTER', user, [registrar], { path: true });
    const sent = caller.request('REGISTER', user);
    const register = await registrar.takeRequest('REGISTER');
    expect(header(register, 'path')).toMatch(new RegExp(`^<sip:${stage.edge.sip.host}:${stage.edge.sip.port}.*;lr`));
    expect(header(register, 'require')).toBe('path');
    registrar.respond(register, 200, 'OK', { To: `${header(register, 'to')};tag=r` });
    await sent.leg.status(sent, 200);
  });

  test('a browser that registered through the proxy is reached by its connection', async () => {
    const [browser, registrar, user] = [await stage.ws(), await stage.udp(), stage.user()];
    void proxyNext(stage, 'REGISTER', user, [registrar]);
    const contact = browser.contact.replace('phone@', `${user}@`);
    const sent = browser.request('REGISTER', user, { Contact: contact });
    const register = await registrar.takeRequest('REGISTER');
    const bound = { To: `${header(register, 'to')};tag=r`, Contact: `${contact};expires=300` };
    registrar.respond(register, 200, 'OK', bound);
    await sent.leg.status(sent, 200);
    const asked = await stage.app.srf.request(contact.slice(1, -1), { method: 'OPTIONS' });
    const answered = eventOf(asked, 'response');
    const options = await browser.takeRequest('OPTIONS');
    browser.respond(options, 200, 'OK', { To: `${header(options, 'to')};tag=b` });
    await answered;
  });

  test('the address of somebody else stays, whoever is asked for him', async () => {
    const [caller, first, second, user] = [await stage.udp(), await stage.udp(), await stage.udp(), stage.user()];
    void proxying(user, [first, second]);
    const leg = new Leg(caller, `sip:${user}@example.com`);
    const sent = leg.request('INVITE', {}, sdp());
    const invite = await first.takeRequest('INVITE');
    refuse(first, invite, 480);
    const next = await second.takeRequest('INVITE');
    expect([invite.uri, next.uri]).toEqual([leg.target, leg.target]);
    refuse(second, next, 486);
    await leg.final(sent);
  });

  test('a call may come back for somebody else', async () => {
    const [caller, callee, start, finish] = [await stage.udp(), await stage.udp(), stage.user(), stage.user()];
    const { host, port } = stage.edge.sip;
    void proxying(start, [], { destination: [`sip:${finish}@${host}:${port}`] });
    void proxying(finish, [callee]);
    const sent = caller.request('INVITE', start, {}, sdp());
    const invite = await callee.takeRequest('INVITE');
    expect(header(invite, 'max-forwards')).toBe('68');
    answerInvite(callee, invite, Leg.of(callee, invite, 'callee'));
    await sent.leg.status(sent, 200);
  });

  test('an unknown transaction is refused by name', async () => {
    const answer = await app.ask('proxy|nothing|||||||sip:127.0.0.1:9\r\nINVITE sip:127.0.0.1:9 SIP/2.0\r\n\r\n');
    expect(answer.tokens.slice(3)).toEqual(['NOK', 'Unknown transaction id: nothing']);
    expect((await app.ask('ping')).tokens.slice(3)).toEqual(['OK', 'pong']);
  });
}
