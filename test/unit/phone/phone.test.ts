import { openPair, quickTimers, type Pair } from './pair';
import { MenuScreen, Phone, RtpPresence, Wire, menuHeader, type Step } from '../../../scripts/phone';

let pair: Pair;

afterEach(() => pair.close());

test('a call is offered, rung, answered, confirmed and ended by BYE', async () => {
  pair = await openPair();
  const { caller, callee } = await pair.dial();
  const rung = caller.next('provisional');
  callee.ring();
  expect((await rung)[0].status).toBe(180);
  callee.answer();
  await Promise.all([caller.untilEstablished(), callee.untilEstablished()]);
  expect(caller.remoteMedia.map((line) => [line.kind, line.direction])).toEqual([
    ['audio', 'sendrecv'],
    ['video', 'sendrecv'],
  ]);
  callee.hangup('Q.850;cause=16');
  expect(await caller.untilEnded()).toEqual({ by: 'remote', status: 0, reason: 'Q.850;cause=16' });
  expect((await callee.byeResponse)?.status).toBe(200);
});

test('a refused call ends with the status and leaves nothing behind', async () => {
  pair = await openPair();
  const { caller, callee } = await pair.dial();
  callee.reject(486);
  expect(await caller.untilEnded()).toMatchObject({ by: 'remote', status: 486 });
  expect(pair.alice.wire.dialogs.size + pair.bob.wire.dialogs.size).toBe(0);
});

test('a call without a listener is refused with 480, an unknown user with 404', async () => {
  pair = await openPair();
  expect(await pair.alice.invite('bob').untilEnded()).toMatchObject({ status: 480 });
  expect(await pair.alice.invite('nobody').untilEnded()).toMatchObject({ status: 404 });
});

test('CANCEL waits for a provisional answer, then the callee is told why', async () => {
  pair = await openPair();
  const { caller, callee } = await pair.dial();
  caller.cancel('SIP;cause=200;text="Call completed elsewhere"');
  expect(callee.state).toBe('calling');
  callee.ring();
  await caller.untilEnded();
  expect(await callee.untilEnded()).toMatchObject({ by: 'remote', status: 487 });
  expect(caller.end).toMatchObject({ by: 'local', status: 487 });
});

test('an answer that crosses the CANCEL is acknowledged and hung up', async () => {
  pair = await openPair({ bob: {} });
  const { caller, callee } = await pair.dial();
  caller.cancel();
  callee.answer();
  expect(await caller.untilEnded()).toMatchObject({ by: 'local', status: 0 });
  expect(await callee.untilEnded()).toMatchObject({ by: 'remote', status: 0 });
});

test('302 is followed as often as allowed', async () => {
  pair = await openPair();
  const carol = new Phone(pair.bob.wire, { user: 'carol', domain: 'test', server: pair.bob.options.server });
  pair.bob.on('incoming', (call) => call.reject(302, [`Contact: <sip:carol@${pair.bob.wire.sentBy}>;expires=30`]));
  carol.on('incoming', (call) => call.answer());
  const stays = pair.alice.invite('bob');
  const redirected = stays.next('redirected');
  expect((await redirected)[0]).toEqual([`sip:carol@${pair.bob.wire.sentBy}`]);
  expect(await stays.untilEnded()).toMatchObject({ status: 302 });
  const follows = pair.alice.invite('bob', { follow: 1 });
  await follows.untilEstablished();
  follows.hangup();
  carol.close();
});

test('re-INVITE and UPDATE change the media from either side', async () => {
  pair = await openPair();
  const { caller, callee } = await pair.talk();
  const told = callee.next('media');
  expect((await caller.reinvite({ direction: 'sendonly' })).status).toBe(200);
  expect((await told)[0][0]?.direction).toBe('sendonly');
  expect(caller.remoteMedia[0]?.direction).toBe('recvonly');
  expect((await callee.update({ direction: 'inactive' })).status).toBe(200);
  expect(caller.remoteMedia[0]?.direction).toBe('inactive');
  caller.onOffer = () => undefined;
  expect((await callee.reinvite()).status).toBe(488);
});

test('two re-INVITEs at the same time meet 491', async () => {
  pair = await openPair();
  const { caller, callee } = await pair.talk();
  const [one, two] = await Promise.all([caller.reinvite(), callee.reinvite()]);
  expect([one.status, two.status]).toEqual([491, 491]);
});

test('INFO, MESSAGE and OPTIONS go both ways', async () => {
  pair = await openPair();
  const { caller, callee } = await pair.talk();
  expect((await caller.info('application/dtmf-relay', 'Signal=1')).status).toBe(200);
  expect((await callee.info('text/plain', 'x', 'unknown-package')).status).toBe(469);
  expect((await caller.ask('OPTIONS', {})).status).toBe(200);
  expect((await caller.ask('PUBLISH', {})).status).toBe(405);
  const coming = pair.bob.next('message');
  expect((await pair.alice.message('bob', 'text/plain', 'grüß dich')).status).toBe(200);
  expect((await coming)[0].body).toBe('grüß dich');
  expect((await pair.alice.request('OPTIONS', 'bob')).status).toBe(200);
});

test('a request for a dialog that is gone is answered 481 and the caller of it is told', async () => {
  pair = await openPair();
  const { caller, callee } = await pair.talk();
  pair.bob.wire.dialogs.delete(callee.dialog.key);
  expect((await caller.ask('INFO', {})).status).toBe(481);
  caller.hangup();
  await expect(caller.ask('INFO', {})).rejects.toThrow('has ended');
});

test('every kind of message may be lost once and the call still succeeds', async () => {
  const lost = new Set<string>();
  const steps: Step[] = [];
  pair = await openPair({
    aliceWire: {
      timers: quickTimers,
      lose: (dir, text) => {
        const cseq = /CSeq: \d+ (\w+)/i.exec(text)?.[1];
        const kind = `${dir} ${text.startsWith('SIP/2.0') ? text.slice(8, 11) : ''} ${text.startsWith('ACK') ? 'ACK' : cseq}`;
        if (lost.has(kind)) return false;
        lost.add(kind);

        return true;
      },
    },
  });
  pair.alice.wire.on('step', (step) => steps.push(step));
  const { caller } = await pair.talk();
  expect((await caller.info('text/plain', 'x')).status).toBe(200);
  caller.hangup();
  expect((await caller.byeResponse)?.status).toBe(200);
  expect([...lost].sort()).toEqual([
    'received 200 BYE',
    'received 200 INFO',
    'received 200 INVITE',
    'sent  ACK',
    'sent  BYE',
    'sent  INFO',
    'sent  INVITE',
  ]);
  expect(steps.filter((step) => step.retransmission).length).toBeGreaterThanOrEqual(4);
});

test('a refusal is repeated until its ACK comes', async () => {
  let losses = 0;
  const lose = (_dir: string, text: string): boolean => text.startsWith('ACK') && losses++ < 2;
  pair = await openPair({ aliceWire: { timers: quickTimers, lose } });
  const { caller, callee } = await pair.dial();
  const acked = new Promise<void>((resolve) => {
    pair.bob.wire.on('step', (step) => step.method === 'ACK' && resolve());
  });
  callee.reject(603);
  expect(await caller.untilEnded()).toMatchObject({ status: 603 });
  await acked;
  expect(losses).toBe(3);
});

test('a side that went silent ends the call: no answer, no ACK', async () => {
  pair = await openPair({ aliceWire: { timers: quickTimers, lose: (dir) => dir === 'received' } });
  const { caller, callee } = await pair.dial();
  callee.answer();
  expect(await caller.untilEnded()).toMatchObject({ by: 'timeout', status: 408 });
  expect(await callee.untilEnded()).toMatchObject({ by: 'timeout', reason: 'no ACK' });
});

test('the screen takes pages in order, ignores old ones, sends what is touched', async () => {
  pair = await openPair({ alice: { headers: [menuHeader] } });
  const { caller, callee } = await pair.talk();
  const screen = new MenuScreen(caller);
  const push = (seq: number, type: string, more: object): Promise<{ status: number }> =>
    callee.info('application/visual-menu+json', JSON.stringify({ v: 1, seq, type, ...more }), 'visual-menu');
  callee.onInfo = () => ({ status: 200 });
  expect((await push(1, 'page', { id: 'start', title: 'Start', items: [{ key: '1', label: 'Help' }] })).status).toBe(
    200,
  );
  await screen.waitFor('page');
  const touched = callee.next('info');
  await screen.choose('1');
  expect(JSON.parse((await touched)[0].body)).toEqual({ v: 1, seq: 1, type: 'choose', page: 'start', item: '1' });
  expect((await push(1, 'page', { id: 'old' })).status).toBe(200);
  expect(screen.page?.id).toBe('start');
  const receipt = callee.next('info');
  await push(2, 'push', { ref: 'r1', kind: 'text', text: 'hello' });
  expect(JSON.parse((await receipt)[0].body)).toMatchObject({ seq: 2, type: 'shown', ref: 'r1' });
  expect((await callee.info('application/visual-menu+json', '{', 'visual-menu')).status).toBe(400);
  expect((await callee.info('text/plain', '{}', 'visual-menu')).status).toBe(415);
  await expect(screen.waitFor('end', undefined, 20)).rejects.toThrow('page start, push');
});

test('RTP flows both ways, audio and video, and stops with the call', async () => {
  const media = await Promise.all([RtpPresence.open(), RtpPresence.open()]);
  pair = await openPair({ alice: { media: media[0].ports }, bob: { media: media[1].ports } });
  const firsts = media.flatMap((one) => [
    one.next('first', { where: (kind) => kind === 'audio' }),
    one.next('first', { where: (kind) => kind === 'video' }),
  ]);
  const { caller, callee } = await pair.dial();
  media[0].follow(caller);
  media[1].follow(callee);
  callee.answer();
  await Promise.all(firsts);
  caller.hangup();
  await callee.untilEnded();
  expect(media[0].counts.audio.foreign + media[1].counts.video.foreign).toBe(0);
  await Promise.all(media.map((one) => one.close()));
});

test('many phones share one wire', async () => {
  pair = await openPair();
  const wire = await Wire.open({ timers: quickTimers });
  const server = { host: wire.host, port: wire.port };
  const seats = Array.from({ length: 50 }, (_, i) => new Phone(wire, { user: `a${i}`, domain: 'test', server }));
  for (const seat of seats) seat.on('incoming', (call) => call.answer());
  const callers = seats.map((seat) => pair.alice.invite(`sip:${seat.user}@${wire.sentBy}`));
  await Promise.all(callers.map((call) => call.untilEstablished()));
  for (const call of callers) call.hangup();
  await Promise.all(callers.map((call) => call.byeResponse));
  expect(wire.dialogs.size).toBe(0);
  expect(wire.stats).toMatchObject({ malformed: 0, stray: 0 });
  await wire.close();
});
