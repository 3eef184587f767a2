import { callerOf, type Call, type MenuScreen, type Phone } from '../../scripts/phone';
import { Outage } from './outage';
import { dialScreen, eventually, helpNumber, nextCall } from './world';

jest.setTimeout(60_000);

/** How long Redis is away, in ms. OUTAGE_SECONDS=10 is longer than the lease of a node. */
const outageMs = Number(process.env.OUTAGE_SECONDS ?? 3) * 1000;

let world: Outage;

afterEach(() => world.close());

interface Talk {
  call: Call;
  seat: Phone;
  seatCall: Call;
}

/** A terminal rings at a seat that has come to work for it. */
async function ringing(user: string, seatId: string, number = '6100'): Promise<Talk> {
  const call = (await world.terminal(user)).invite(number);
  await call.next('provisional', { where: ({ status }) => status === 180 });
  const seat = await world.seat(seatId);
  const seatCall = await nextCall(seat);
  seatCall.ring();

  return { call, seat, seatCall };
}

/** A seat registers and is rung for whoever waits longest. */
async function comesToWork(seatId: string): Promise<Call> {
  return nextCall(await world.seat(seatId));
}

async function talking(user: string, seatId: string, number?: string): Promise<Talk> {
  const talk = await ringing(user, seatId, number);
  talk.seatCall.answer();
  await Promise.all([talk.call.untilEstablished(), talk.seatCall.untilEstablished()]);

  return talk;
}

async function screenAt(user: string, number: string): Promise<{ call: Call; screen: MenuScreen }> {
  return dialScreen(await world.terminal(user, { screen: true }), number);
}

/** A plain phone that hears ringing. */
async function plainAt(user: string, number: string): Promise<Call> {
  const call = (await world.terminal(user)).invite(number);
  await call.next('provisional', { where: ({ status }) => status === 180 });

  return call;
}

/** Hangs up at one end; resolves when the other has heard of it. */
async function hangUp(by: Call, other: Call): Promise<void> {
  const ended = other.untilEnded();
  by.hangup();
  await ended;
}

/** Takes the store away, lets things happen, and gives it back when the outage has been long enough. */
async function whileAway(how: 'killed' | 'frozen', happening: () => Promise<void>): Promise<void> {
  const back = Date.now() + outageMs;
  if (how === 'killed') await world.redis.kill();
  else world.redis.freeze();
  await eventually(
    () => world.readiness(),
    (status) => status === 503,
  );
  await happening();
  // The length of an outage is the one thing here that is a time and no event.
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, back - Date.now())));
  if (how === 'killed') await world.redis.start();
  else world.redis.thaw();
  await eventually(
    () => world.readiness(),
    (status) => status === 200,
  );
}

test.each(['killed', 'frozen'] as const)('Redis is %s while people talk, ring, wait and read', async (how) => {
  world = await Outage.begin();
  const kept = await talking('1001', '2001');
  const leaving = await talking('1002', '2002');
  const answering = await ringing('1003', '2003');
  const rejecting = await ringing('1004', '2004');
  const giving = await ringing('1005', '2005');
  const waiting = await screenAt('1006', '6100');
  await waiting.screen.waitFor('queue', ({ position }) => position === 4);
  const plain = await plainAt('1007', '6100');
  const reader = await screenAt('1008', '6001');
  const chooser = await screenAt('1009', '6001');
  await Promise.all([reader, chooser].map(({ screen }) => screen.waitFor('page')));
  const number = await helpNumber(await world.terminal('1010'), 'before');
  const dropping = await screenAt('1010', number);
  await dropping.screen.waitFor('page');
  await dropping.screen.choose('0');
  await dropping.screen.waitFor('queue', ({ position }) => position === 6);
  const freed = [leaving.seat, giving.seat].map((seat) => seat.next('incoming', { timeout: outageMs + 10_000 }));

  await whileAway(how, async () => {
    // Those who talk do not notice: media change, INFO passes, and who hangs up is let go.
    const held = kept.call.next('media');
    expect((await kept.seatCall.reinvite({ direction: 'sendonly' })).status).toBe(200);
    expect((await held)[0][0]).toMatchObject({ kind: 'audio', direction: 'sendonly' });
    const digit = kept.seatCall.next('info');
    expect((await kept.call.info('application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n')).status).toBe(200);
    expect((await digit)[0].body).toContain('Signal=5');
    await hangUp(leaving.call, leaving.seatCall);

    // A seat that answers is joined; one that refuses, and a caller who gives up, are heard.
    answering.seatCall.answer();
    await answering.call.untilEstablished();
    expect(answering.call.remoteMedia.map(({ direction }) => direction)).toEqual(['sendrecv', 'sendrecv']);
    rejecting.seatCall.reject(486);
    const stopped = giving.seatCall.untilEnded();
    giving.call.cancel();
    expect((await stopped).reason).toContain('Caller has left');

    // So is one who is cut off while he waits.
    dropping.call.hangup();
    expect((await dropping.call.byeResponse)?.status).toBe(200);

    // A menu needs no store; who chooses the queue now waits for it.
    await reader.screen.choose('1');
    await reader.screen.waitFor('page', ({ id }) => id === 'trains');
    await chooser.screen.choose('0');

    // What cannot be done now says when to come back.
    const late = await world.terminal('1008');
    const answers = [await late.register(), await late.message('help', 'application/help-request+json', '{"id":"r"}')];
    for (const answer of answers) {
      expect(answer.status).toBe(503);
      expect(Number(answer.header('retry-after'))).toBeGreaterThan(0);
      expect(answer.header('warning')).toContain('STORE_UNAVAILABLE');
    }
    expect((await late.invite('6100').untilEnded()).status).toBe(503);
    expect((await late.request('OPTIONS', 'sightline')).status).toBe(200);
    expect((await world.get('/healthz')).status).toBe(200);
    expect((await world.get('/v1/queues')).status).toBe(503);
  });

  // What happened meanwhile is settled: the claim made afterwards, the seats that came free ring for the oldest.
  const ring = (await Promise.all(freed)).map(([call]) => call);
  expect(ring.map(callerOf).sort()).toEqual(['1004', '1006']);
  for (const call of ring) call.answer();
  await Promise.all([rejecting.call.untilEstablished(), waiting.screen.waitFor('connected')]);
  expect(await Promise.all(['2001', '2003'].map((seat) => world.seatState(seat)))).toEqual(['talking', 'talking']);
  await chooser.screen.waitFor('queue');
  const next = [await comesToWork('2006'), await comesToWork('2007')];
  expect(next.map(callerOf)).toEqual(['1007', '1009']);
  for (const call of next) call.answer();
  await Promise.all([plain.untilEstablished(), chooser.screen.waitFor('connected')]);

  // Those who were cut off, or gave up, are back in their places when they dial again.
  const again = await screenAt('1010', number);
  expect(await again.screen.waitFor('queue')).toMatchObject({ position: 2 });
  const returned = await plainAt('1005', '6100');
  const last = [await comesToWork('2008'), await comesToWork('2009')];
  expect(last.map(callerOf)).toEqual(['1005', '1010']);
  for (const call of last) call.answer();
  await Promise.all([returned.untilEstablished(), again.screen.waitFor('connected')]);

  // Nobody was lost, and when all have hung up nothing is left.
  expect((await world.callStates()).sort()).toEqual(['menu', ...Array<string>(8).fill('talking')]);
  const served = [kept.call, answering.call, rejecting.call, waiting.call, plain, chooser.call, again.call, returned];
  for (const call of [...served, reader.call]) call.hangup();
  await world.untilNothingIsLeft();
});

test('Redis comes back empty: talks and places are put back from what the server knows', async () => {
  world = await Outage.begin({ forgetful: true, ownEdge: true });
  const kept = await talking('1001', '2001');
  const waiting = await screenAt('1003', '6100');
  await waiting.screen.waitFor('queue', ({ position }) => position === 1);
  const plain = await plainAt('1004', '6100');
  await world.untilStored('1004', ({ ticketId }) => ticketId !== undefined);
  await whileAway('killed', () => Promise.resolve());
  await eventually(
    () => world.seatState('2001'),
    (state) => state === 'talking',
  );

  // The store has all that it takes to go on after a crash of the application, too.
  for (const user of ['1001', '1003', '1004']) await world.untilStored(user, () => true);
  const refused = plain.untilEnded();
  await world.stopServer('SIGKILL');
  expect((await refused).status).toBe(503);
  await world.startAgain();
  expect((await world.callStates()).sort()).toEqual(['queued', 'talking']);
  const returned = await plainAt('1004', '6100');
  const next = [await comesToWork('2003'), await comesToWork('2004')];
  expect(next.map(callerOf)).toEqual(['1003', '1004']);
  for (const call of next) call.answer();
  await Promise.all([waiting.screen.waitFor('connected'), returned.untilEstablished()]);
  await hangUp(kept.call, kept.seatCall);
  await hangUp(waiting.call, next[0]!);
  await hangUp(returned, next[1]!);
  await world.untilNothingIsLeft();
});

test('a seat that answers in the moment in which Redis hangs is joined all the same, and claimed afterwards', async () => {
  world = await Outage.begin();
  const { call, seatCall } = await ringing('1001', '2001');
  world.redis.freeze();
  seatCall.answer();
  await call.untilEstablished();
  world.redis.thaw();
  await eventually(
    () => world.seatState('2001'),
    (state) => state === 'talking',
    10_000,
  );
  await hangUp(call, seatCall);
  await world.untilNothingIsLeft();
});

test('a stop while Redis is away takes leave of everybody and does not wait for it', async () => {
  world = await Outage.begin();
  const talk = await talking('1001', '2001');
  const waiting = await screenAt('1002', '6100');
  await waiting.screen.waitFor('queue');
  world.redis.freeze();
  const ends = [talk.call, talk.seatCall, waiting.call].map((call) => call.untilEnded());
  await world.stopServer('SIGTERM');
  for (const { reason } of await Promise.all(ends)) expect(reason).toContain('Server is stopping');
  world.redis.thaw();
});
