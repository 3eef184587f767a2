import { Recorder } from '../support/recorder';
import { Leg } from '../support/phone';
import type { Phone, Sent } from '../support/phone';
import { header, sdp } from '../support/sip-text';
import type { Message } from '../support/sip-text';
import type { Stage } from '../support/stage';
import { answerInvite } from './calls';
import { proxyNext, refuse, ring, takeCancel } from './proxying';

const atOnce = { forking: 'simultaneous' };
const arrived = 'attempt network: INVITE by 1 Via';
const sentOn = 'attempt application: INVITE by 2 Vias';
const accepted = ['start network proxy-uac: 200 by 2 Vias', 'start application proxy-uas: 200 by 1 Via'];
const released = ['stop network normal-release: BYE by 1 Via', 'stop application normal-release: BYE by 2 Vias'];

/** What the stories of records begin with. */
class Scene {
  recorder!: Recorder;

  constructor(readonly stage: Stage) {
    beforeEach(async () => {
      this.recorder = await Recorder.connect(stage.edge);
    });
    afterEach(() => this.recorder.close());
  }

  /** A call that the application proxies to these. */
  async call(to: Phone[], options: object = {}): Promise<Sent> {
    const [caller, user] = [await this.stage.udp(), this.stage.user()];
    // What becomes of it is told by the records; the application hears no more of a call that is given up.
    proxyNext(this.stage, 'INVITE', user, to, options).catch(() => undefined);

    return caller.request('INVITE', user, {}, sdp());
  }

  /** These are the records of the call, and there is no other one. */
  async expectRecords(sent: Sent, lines: string[]): Promise<void> {
    expect(await this.recorder.lines(sent.leg.callId, lines.length)).toEqual(lines);
    expect(await this.recorder.left(sent.leg.callId)).toBe(0);
  }

  async phones(): Promise<[Phone, Phone]> {
    return [await this.stage.udp(), await this.stage.udp()];
  }
}

function accept(phone: Phone, invite: Message): Leg {
  const leg = Leg.of(phone, invite, 'callee');
  answerInvite(phone, invite, leg, { 'Record-Route': invite.headers.get('record-route') ?? [] });

  return leg;
}

/** The caller gives up while the other one rings. */
async function giveUp(sent: Sent, callee: Phone): Promise<Message> {
  const invite = await callee.takeRequest('INVITE');
  ring(callee, invite);
  await sent.leg.status(sent, 180);
  await sent.leg.status(sent.leg.sameTransaction('CANCEL', sent), 200);

  return invite;
}

/** Call detail records of calls that the application hands on. */
export function proxyRecordStories(stage: Stage): void {
  const scene = new Scene(stage);

  test.each(['caller', 'callee'])('a call that stays in the path, and that the %s ends', async (who) => {
    const [callee] = await scene.phones();
    const sent = await scene.call([callee], { remainInDialog: true });
    const leg = accept(callee, await callee.takeRequest('INVITE'));
    await sent.leg.status(sent, 200);
    sent.leg.ack(sent);
    await callee.takeRequest('ACK');
    await scene.expectRecords(sent, [arrived, sentOn, ...accepted]);
    const [from, to] = who === 'caller' ? [sent.leg, callee] : [leg, sent.leg.phone];
    const inside = from.request('INVITE', {}, sdp());
    refuse(to, await to.takeRequest('INVITE'), 488);
    await from.status(inside, 488);
    from.sameTransaction('ACK', inside);
    const bye = from.request('BYE');
    to.respond(await to.takeRequest('BYE'), 200, 'OK');
    await from.status(bye, 200);
    await scene.expectRecords(sent, released);
  });

  test('one target after the other, that all refuse', async () => {
    const [first, second] = await scene.phones();
    const sent = await scene.call([first, second]);
    refuse(first, await first.takeRequest('INVITE'), 404);
    refuse(second, await second.takeRequest('INVITE'), 486);
    await sent.leg.final(sent);
    const records = await scene.recorder.lines(sent.leg.callId, 6);
    expect(records.slice(0, 5)).toEqual([
      ...[arrived, sentOn, 'stop network call-rejected: 404 by 2 Vias'],
      ...[sentOn, 'stop network call-rejected: 486 by 2 Vias'],
    ]);
    // Both are 4xx, and either may be the best one.
    expect(records[5]).toMatch(/^stop application call-rejected: 4(04|86) by 1 Via$/);
  });

  test('all targets at once: who is cancelled has a record too', async () => {
    const [slow, fast] = await scene.phones();
    const sent = await scene.call([slow, fast], atOnce);
    const ringing = await slow.takeRequest('INVITE');
    ring(slow, ringing);
    await sent.leg.status(sent, 180);
    accept(fast, await fast.takeRequest('INVITE'));
    await sent.leg.status(sent, 200);
    await takeCancel(slow, ringing);
    const cancelled = 'stop network call-canceled: 487 by 2 Vias';
    await scene.expectRecords(sent, [arrived, sentOn, sentOn, ...accepted, cancelled]);
  });

  test('a second 200 is a second call of the targets only', async () => {
    const [slow, fast] = await scene.phones();
    const sent = await scene.call([slow, fast], atOnce);
    const ringing = await slow.takeRequest('INVITE');
    ring(slow, ringing);
    await sent.leg.status(sent, 180);
    accept(fast, await fast.takeRequest('INVITE'));
    await sent.leg.status(sent, 200);
    accept(slow, ringing);
    await scene.expectRecords(sent, [arrived, sentOn, sentOn, ...accepted, accepted[0]!]);
  });

  test('a redirection that is followed', async () => {
    const [first, second] = await scene.phones();
    const sent = await scene.call([first], { followRedirects: true });
    const moved = await first.takeRequest('INVITE');
    first.respond(moved, 302, 'Moved', { To: `${header(moved, 'to')};tag=m`, Contact: `<${second.uri}>` });
    accept(second, await second.takeRequest('INVITE'));
    const redirected = 'stop network call-rejected: 302 by 2 Vias';
    await scene.expectRecords(sent, [arrived, sentOn, redirected, sentOn, ...accepted]);
  });

  test('targets that are silent', async () => {
    const sent = await scene.call(await scene.phones(), { provisionalTimeout: '100ms' });
    await sent.leg.status(sent, 408);
    await scene.expectRecords(sent, [arrived, sentOn, sentOn, 'stop application call-rejected: 408 by 1 Via']);
  });

  test('a target that there is no way to', async () => {
    const nowhere = { uri: 'sip:nobody@127.0.0.1;transport=sctp' } as Phone;
    const sent = await scene.call([nowhere]);
    await sent.leg.status(sent, 500);
    await scene.expectRecords(sent, [arrived, 'stop application call-rejected: 500 by 1 Via']);
  });

  /** drachtio-server answers the caller before it cancels, and calls that rejected. */
  test('a caller who gives up', async () => {
    const [callee] = await scene.phones();
    const sent = await scene.call([callee]);
    await takeCancel(callee, await giveUp(sent, callee));
    await sent.leg.status(sent, 487);
    expect(await scene.recorder.lines(sent.leg.callId, 2)).toEqual([arrived, sentOn]);
    const [application, network] = (await scene.recorder.lines(sent.leg.callId, 2)).sort();
    expect(application).toMatch(/^stop application call-[a-z]+: 487 by 1 Via$/);
    expect(network).toBe('stop network call-canceled: 487 by 2 Vias');
    expect(await scene.recorder.left(sent.leg.callId)).toBe(0);
  });

  test('what is no call has no record', async () => {
    const [[callee], caller, user] = [await scene.phones(), await stage.udp(), stage.user()];
    void proxyNext(stage, 'MESSAGE', user, [callee]);
    const sent = caller.request('MESSAGE', user);
    callee.respond(await callee.takeRequest('MESSAGE'), 200, 'OK');
    await sent.leg.status(sent, 200);
    await scene.expectRecords(sent, []);
  });
}

/** Where drachtio-server writes other records, because it answers a CANCEL otherwise and repeats it not. */
export function strictProxyRecordStories(stage: Stage): void {
  const scene = new Scene(stage);

  test('a caller who gives up, and is answered by the target', async () => {
    const [callee] = await scene.phones();
    const sent = await scene.call([callee]);
    await takeCancel(callee, await giveUp(sent, callee));
    const stops = ['stop network call-canceled: 487 by 2 Vias', 'stop application call-canceled: 487 by 1 Via'];
    await scene.expectRecords(sent, [arrived, sentOn, ...stops]);
  });

  test('a caller who gives up, and a target that never answers its CANCEL', async () => {
    const [callee] = await scene.phones();
    const sent = await scene.call([callee]);
    const invite = await giveUp(sent, callee);
    await sent.leg.status(sent, 487);
    expect(callee.inbox.count(({ method }) => method === 'CANCEL')).toBeGreaterThan(2);
    await scene.expectRecords(sent, [arrived, sentOn, 'stop application call-canceled: 487 by 1 Via']);
    accept(callee, invite);
    await sent.leg.status(sent, 200);
    await scene.expectRecords(sent, accepted);
  });

  test('a repeated 200 has no second record', async () => {
    const [callee] = await scene.phones();
    const sent = await scene.call([callee]);
    const invite = await callee.takeRequest('INVITE');
    for (let times = 0; times < 3; times += 1) {
      accept(callee, invite);
      await sent.leg.status(sent, 200);
    }
    await scene.expectRecords(sent, [arrived, sentOn, ...accepted]);
  });
}
