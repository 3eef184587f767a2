import { callerOf, type Call, type MenuScreen, type Phone } from '../../scripts/phone';
import { Outage } from './outage';
import { dialScreen, eventually, nextCall } from './world';

jest.setTimeout(60_000);

let world: Outage;

beforeEach(async () => {
  world = await Outage.begin({ ownEdge: true });
});

afterEach(() => world.close());

interface AtScreen {
  call: Call;
  screen: MenuScreen;
}

async function screenAt(user: string, number: string): Promise<AtScreen> {
  return dialScreen(await world.terminal(user, { screen: true }), number);
}

async function talking(user: string, seatId: string): Promise<AtScreen & { seat: Phone; seatCall: Call }> {
  const at = await screenAt(user, '6100');
  const seat = await world.seat(seatId);
  const seatCall = await nextCall(seat);
  seatCall.answer();
  await Promise.all([at.screen.waitFor('connected'), seatCall.untilEstablished()]);

  return { ...at, seat, seatCall };
}

async function plainAt(user: string, number: string): Promise<Call> {
  const call = (await world.terminal(user)).invite(number);
  await call.next('provisional', { where: ({ status }) => status === 180 });

  return call;
}

async function servedAt(seatId: string): Promise<Call> {
  const call = await nextCall(await world.seat(seatId));
  call.answer();

  return call;
}

test('the connection to the SIP edge breaks: calls go on, and what rang is tried again', async () => {
  const talk = await talking('1001', '2001');
  const ringing = await screenAt('1002', '6100');
  const seat = await world.seat('2002');
  const rung = await nextCall(seat);
  rung.ring();
  const plain = await plainAt('1003', '6100');
  const reader = await screenAt('1004', '6001');
  await reader.screen.waitFor('page');
  const [silenced, refused, again] = [rung.untilEnded(), plain.untilEnded(), nextCall(seat)];
  world.cutLine();
  expect((await silenced).by).toBe('remote');
  expect((await refused).status).toBe(503);

  // Those who talk, and those who read, find everything as it was.
  const held = talk.call.next('media');
  expect((await talk.seatCall.reinvite({ direction: 'sendonly' })).status).toBe(200);
  expect((await held)[0][0]).toMatchObject({ direction: 'sendonly' });
  await reader.screen.choose('1');
  await reader.screen.waitFor('page', ({ id }) => id === 'trains');
  // The seat did nothing wrong, and is rung again at once for the same caller.
  const second = await again;
  expect(callerOf(second)).toBe('1002');
  second.answer();
  await ringing.screen.waitFor('connected');
  // The phone that rang finds its place again.
  await eventually(
    () => world.callStates(),
    (states) => states.length === 3,
  );
  const returned = await plainAt('1003', '6100');
  expect(callerOf(await servedAt('2003'))).toBe('1003');
  await returned.untilEstablished();
  for (const call of [talk.call, ringing.call, reader.call, returned]) call.hangup();
  await world.untilNothingIsLeft();
});

test('the SIP edge crashes: its calls are over, the seats are free, and the places are kept', async () => {
  const talk = await talking('1001', '2001');
  const waiting = await screenAt('1002', '6100');
  await waiting.screen.waitFor('queue');
  const plain = await plainAt('1003', '6100');
  await world.restartEdge(async () => {
    await eventually(
      () => world.readiness(),
      (status) => status === 503,
    );
    expect((await world.get('/readyz')).body).toMatchObject({ missing: ['the SIP edge cannot be reached'] });
  });
  await eventually(
    () => world.readiness(),
    (status) => status === 200,
  );
  await world.untilNothingIsLeft();
  const rung = nextCall(talk.seat);
  const plainAgain = await plainAt('1003', '6100');
  expect(callerOf(await rung)).toBe('1003');
  const again = await screenAt('1002', '6100');
  expect(await again.screen.waitFor('queue')).toMatchObject({ position: 1 });
  again.call.hangup();
  plainAgain.cancel();
  // What the phones still believe is not known to anybody.
  for (const call of [talk.call, talk.seatCall, waiting.call]) call.hangup();
  plain.cancel();
  await world.untilNothingIsLeft();
});
