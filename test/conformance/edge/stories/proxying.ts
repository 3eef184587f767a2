import { RawApplication } from '../support/raw-application';
import { header, sdp, tagOf } from '../support/sip-text';
import type { Message } from '../support/sip-text';
import type { Phone } from '../support/phone';
import { Leg } from '../support/phone';
import type { Stage } from '../support/stage';
import { answerInvite } from './calls';

/** Answers a request that came through the proxy, with every Via and Record-Route of it. */
function refuse(phone: Phone, request: Message, status: number): void {
  phone.respond(request, status, 'No', { To: `${header(request, 'to')};tag=no${status}` });
}

/** An application hands requests on instead of answering them. */
export function proxyStories(stage: Stage): void {
  let app: RawApplication;

  beforeEach(async () => {
    app = await RawApplication.connect(stage.edge, ['publish']);
  });
  afterEach(() => app.close());

  /** Proxies the next INVITE to this user by drachtio-srf; the outcome as it tells it. */
  function proxying(user: string, to: Phone[], options: object = {}): Promise<{ finalStatus: number }> {
    return stage.app.next('INVITE', user).then(({ req }) => {
      const proxied = req as unknown as { proxy(options: object): Promise<{ finalStatus: number }> };

      return proxied.proxy({ destination: to.map(({ uri }) => uri), ...options });
    });
  }

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
    slow.respond(ringing, 180, 'Ringing', { To: `${header(ringing, 'to')};tag=slow`, Contact: slow.contact });
    await sent.leg.status(sent, 180);
    const invite = await fast.takeRequest('INVITE');
    answerInvite(fast, invite, Leg.of(fast, invite, 'fast'));
    await sent.leg.status(sent, 200);
    slow.respond(await slow.takeRequest('CANCEL'), 200, 'OK');
    refuse(slow, ringing, 487);
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

  test('an unknown transaction is refused by name', async () => {
    const answer = await app.ask('proxy|nothing|||||||sip:127.0.0.1:9\r\nINVITE sip:127.0.0.1:9 SIP/2.0\r\n\r\n');
    expect(answer.tokens.slice(3)).toEqual(['NOK', 'Unknown transaction id: nothing']);
    expect((await app.ask('ping')).tokens.slice(3)).toEqual(['OK', 'pong']);
  });
}
