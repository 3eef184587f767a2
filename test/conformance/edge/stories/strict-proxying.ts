import type { Phone } from '../support/phone';
import { Leg } from '../support/phone';
import { header, sdp, tagOf } from '../support/sip-text';
import type { HeaderLines, Message } from '../support/sip-text';
import type { Stage } from '../support/stage';
import { answerInvite } from './calls';
import { proxyNext, refuse, ring, takeCancel } from './proxying';

const atOnce = { forking: 'simultaneous' };

/**
 * Where drachtio-server departs from RFC 3261 section 16: it lets the others ring after a 6xx and asks further ones,
 * passes the first challenge on alone and a 503 as it is, has no `finalTimeout`, loses the second 200, does not know a
 * loop, and rings on for a browser that is gone.
 */
export function strictProxyStories(stage: Stage): void {
  /** A caller, and two that he may be proxied to. */
  async function people(): Promise<[caller: Phone, first: Phone, second: Phone, user: string]> {
    return [await stage.udp(), await stage.udp(), await stage.udp(), stage.user()];
  }

  /** Both have got the call, and the first one rings. */
  async function ringing(first: Phone, second: Phone): Promise<[Message, Message]> {
    const invites: [Message, Message] = [await first.takeRequest('INVITE'), await second.takeRequest('INVITE')];
    ring(first, invites[0]);

    return invites;
  }

  test('both calls go back when two answer at the same time', async () => {
    const [caller, first, second, user] = await people();
    void proxyNext(stage, 'INVITE', user, [first, second], atOnce);
    const sent = caller.request('INVITE', user, {}, sdp());
    const [one, other] = [await first.takeRequest('INVITE'), await second.takeRequest('INVITE')];
    answerInvite(first, one, Leg.of(first, one, 'first'));
    answerInvite(second, other, Leg.of(second, other, 'second'));
    const answers = [await sent.leg.status(sent, 200), await sent.leg.status(sent, 200)];
    expect(new Set(answers.map((answer) => tagOf(header(answer, 'to'))))).toEqual(new Set(['first', 'second']));
  });

  test('a 6xx cancels the others and wins', async () => {
    const [caller, first, second, user] = await people();
    const outcome = proxyNext(stage, 'INVITE', user, [first, second], atOnce);
    const sent = caller.request('INVITE', user, {}, sdp());
    const [invite, declined] = await ringing(first, second);
    await sent.leg.status(sent, 180);
    refuse(second, declined, 603);
    await takeCancel(first, invite);
    await sent.leg.status(sent, 603);
    expect((await outcome).finalStatus).toBe(487);
  });

  test('a 6xx is the end of the search', async () => {
    const [caller, first, second, user] = await people();
    const outcome = proxyNext(stage, 'INVITE', user, [first, second]);
    const sent = caller.request('INVITE', user, {}, sdp());
    refuse(first, await first.takeRequest('INVITE'), 600);
    await sent.leg.status(sent, 600);
    expect((await outcome).finalStatus).toBe(600);
    expect(second.inbox.count(() => true)).toBe(0);
  });

  test('all challenges go back in one, when nobody else answers', async () => {
    const [caller, first, second, user] = await people();
    void proxyNext(stage, 'INVITE', user, [first, second], atOnce);
    const sent = caller.request('INVITE', user, {}, sdp());
    const challenge = (phone: Phone, invite: Message, status: number, headers: HeaderLines): void =>
      phone.respond(invite, status, 'Who?', { To: `${header(invite, 'to')};tag=c${status}`, ...headers });
    const [one, other] = await ringing(first, second);
    challenge(second, other, 407, { 'Proxy-Authenticate': 'Digest realm="two", nonce="2"' });
    await second.takeRequest('ACK');
    expect(first.inbox.count(({ method }) => method === 'CANCEL')).toBe(0);
    challenge(first, one, 401, { 'WWW-Authenticate': 'Digest realm="one", nonce="1"' });
    const answer = await sent.leg.final(sent);
    expect(answer.status).toBe(407);
    expect(header(answer, 'proxy-authenticate')).toBe('Digest realm="two", nonce="2"');
    expect(header(answer, 'www-authenticate')).toBe('Digest realm="one", nonce="1"');
  });

  test('whoever only rings is left for the next one after finalTimeout', async () => {
    const [caller, first, second, user] = await people();
    void proxyNext(stage, 'INVITE', user, [first, second], { finalTimeout: '100ms' });
    const sent = caller.request('INVITE', user, {}, sdp());
    const invite = await first.takeRequest('INVITE');
    ring(first, invite);
    await takeCancel(first, invite);
    refuse(second, await second.takeRequest('INVITE'), 486);
    await sent.leg.status(sent, 486);
  });

  test('a 503 of a target is a 500 of the server', async () => {
    const [caller, callee, , user] = await people();
    void proxyNext(stage, 'INVITE', user, [callee]);
    const sent = caller.request('INVITE', user, {}, sdp());
    refuse(callee, await callee.takeRequest('INVITE'), 503);
    await sent.leg.status(sent, 500);
  });

  test('a call that comes back as it was is refused', async () => {
    const [caller, callee, , user] = await people();
    void proxyNext(stage, 'INVITE', user, [callee]);
    const sent = caller.request('INVITE', user, {}, sdp());
    const invite = await callee.takeRequest('INVITE');
    const leg = Leg.of(callee, invite, '');
    leg.target = `sip:${user}@${stage.edge.sip.host}:${stage.edge.sip.port}`;
    const back = leg.request('INVITE', {
      Via: [callee.via(), ...invite.headers.get('via')!],
      From: header(invite, 'from'),
      To: header(invite, 'to'),
      CSeq: header(invite, 'cseq'),
    });
    await leg.status(back, 482);
    refuse(callee, invite, 482);
    await sent.leg.status(sent, 482);
  });

  test('nobody rings for a browser that is gone', async () => {
    const [caller, callee, user] = [await stage.ws(), await stage.udp(), stage.user()];
    void proxyNext(stage, 'INVITE', user, [callee]);
    const sent = caller.request('INVITE', user, {}, sdp());
    const invite = await callee.takeRequest('INVITE');
    ring(callee, invite);
    await sent.leg.status(sent, 180);
    await caller.close();
    await takeCancel(callee, invite);
  });

  test('either side of a call with a browser may end it', async () => {
    const [browser, callee, user] = [await stage.ws(), await stage.udp(), stage.user()];
    void proxyNext(stage, 'INVITE', user, [callee], { remainInDialog: true });
    const sent = browser.request('INVITE', user, {}, sdp());
    const invite = await callee.takeRequest('INVITE');
    const leg = Leg.of(callee, invite, 'callee');
    answerInvite(callee, invite, leg, { 'Record-Route': invite.headers.get('record-route')! });
    await sent.leg.status(sent, 200);
    sent.leg.ack(sent);
    await callee.takeRequest('ACK');
    const info = sent.leg.request('INFO');
    callee.respond(await callee.takeRequest('INFO'), 200, 'OK');
    await sent.leg.status(info, 200);
    const bye = leg.request('BYE');
    browser.respond(await browser.takeRequest('BYE'), 200, 'OK');
    await leg.status(bye, 200);
  });
}
