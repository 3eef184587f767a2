import { callerOf, type Call, type MenuScreen, type Phone } from '../../scripts/phone';
import { Outage } from './outage';
import { dialScreen, helpNumber, nextCall } from './world';

jest.setTimeout(60_000);

let world: Outage;

afterEach(() => world.close());

interface Talk {
  call: Call;
  seat: Phone;
  seatCall: Call;
}

interface AtScreen {
  call: Call;
  screen: MenuScreen;
}

async function screenAt(user: string, number: string): Promise<AtScreen> {
  return dialScreen(await world.terminal(user, { screen: true }), number);
}

async function talking(user: string, seatId: string): Promise<Talk> {
  const { call, screen } = await screenAt(user, '6100');
  const seat = await world.seat(seatId);
  const seatCall = await nextCall(seat);
  seatCall.answer();
  await Promise.all([screen.waitFor('connected'), seatCall.untilEstablished()]);

  return { call, seat, seatCall };
}

async function plainAt(user: string, number: string): Promise<Call> {
  const call = (await world.terminal(user)).invite(number);
  await call.next('provisional', { where: ({ status }) => status === 180 });

  return call;
}

async function comesToWork(seatId: string): Promise<Call> {
  return nextCall(await world.seat(seatId));
}

describe.each(['SIGKILL', 'SIGTERM'] as const)('the application ends by %s beside a SIP edge of its own', (signal) => {
  beforeEach(async () => {
    world = await Outage.begin({ ownEdge: true });
  });

  test('those who talk go on talking', async () => {
    const { call, seat, seatCall } = await talking('1001', '2001');
    const other = await talking('1002', '2002');
    await world.untilStored('1002', ({ state }) => state === 'talking');
    await world.stopServer(signal);
    // What is asked meanwhile is answered afterwards: nobody is refused.
    const held = call.next('media');
    const holding = seatCall.reinvite({ direction: 'sendonly', videoDirection: 'inactive' });
    const gone = other.seatCall.untilEnded();
    other.call.hangup();
    await world.startAgain();

    expect((await holding).status).toBe(200);
    expect((await held)[0].map(({ direction }) => direction)).toEqual(['sendonly', 'inactive']);
    expect((await other.call.byeResponse)?.status).toBe(200);
    expect((await gone).by).toBe('remote');
    const digit = seatCall.next('info');
    expect((await call.info('application/dtmf-relay', 'Signal=7\r\nDuration=160\r\n')).status).toBe(200);
    expect((await digit)[0].body).toContain('Signal=7');
    expect(await world.callStates()).toEqual(['talking']);

    // The seat is free after the talk: the next caller reaches it.
    const ended = seatCall.untilEnded();
    call.hangup();
    expect((await ended).by).toBe('remote');
    await world.untilNothingIsLeft();
    const again = nextCall(seat);
    const next = await plainAt('1003', '6100');
    expect([callerOf(await again), next.state]).toEqual(['1003', 'ringing']);
  });

  test('those who wait keep their places, those who read their page, and phones that rang find theirs again', async () => {
    const offered = await screenAt('1001', '6100');
    const seat = await world.seat('2001');
    const ringing = await nextCall(seat);
    ringing.ring();
    const plain = await plainAt('1002', '6100');
    const waiting = await screenAt('1003', '6100');
    await waiting.screen.waitFor('queue', ({ position }) => position === 3);
    const number = await helpNumber(await world.terminal('1004', { screen: true }), 'before');
    const reader = await screenAt('1004', number);
    await reader.screen.waitFor('page');
    await reader.screen.choose('1');
    await reader.screen.waitFor('page', ({ id }) => id === 'trains');
    await world.untilStored('1004', ({ menu }) => JSON.stringify(menu ?? {}).includes('trains'));

    const [silenced, refused] = [ringing.untilEnded(), plain.untilEnded()];
    await world.stopServer(signal);
    expect((await silenced).by).toBe('remote');
    expect((await refused).status).toBe(503);
    const meanwhile = await world.terminal('1005');
    const registration = await meanwhile.register();
    expect([registration.status, registration.header('retry-after')]).toEqual([503, '5']);
    expect((await meanwhile.invite('6100').untilEnded()).status).toBe(503);
    const offer = nextCall(seat);
    await world.startAgain();

    // The seat that rang is offered the same caller again.
    const second = await offer;
    expect(callerOf(second)).toBe('1001');
    second.answer();
    await offered.screen.waitFor('connected');
    // A plain phone that dials again stands before those who came after it.
    const returned = await plainAt('1002', '6100');
    await waiting.screen.waitFor('queue', ({ position }) => position === 2);
    expect(callerOf(await comesToWorkAndAnswers('2002'))).toBe('1002');
    await returned.untilEstablished();
    expect(callerOf(await comesToWorkAndAnswers('2003'))).toBe('1003');
    await waiting.screen.waitFor('connected');
    // The menu goes on where it was.
    await reader.screen.waitFor('page', ({ id }) => id === 'trains');
    await reader.screen.choose('1');
    await reader.screen.waitFor('page', ({ id }) => id === 'platforms');

    for (const { call } of [offered, waiting, reader]) call.hangup();
    returned.hangup();
    await world.untilNothingIsLeft();
  });
});

test('a crash between the wish to wait and the ticket leaves nobody without one', async () => {
  world = await Outage.begin({ ownEdge: true });
  const unnoted = await screenAt('1001', '6100');
  await unnoted.screen.waitFor('queue');
  const { ticketId: _noted, ...withoutTicket } = await world.untilStored('1001', ({ ticketId }) => !!ticketId);
  const unmade = await screenAt('1002', '6001');
  await unmade.screen.waitFor('page');
  const inMenu = await world.untilStored('1002', ({ state }) => state === 'menu');
  await world.stopServer('SIGKILL');
  await world.rewrite(withoutTicket);
  // Nothing of its screen was written down either.
  const { menu: _menu, ...unseen } = inMenu;
  await world.rewrite({ ...unseen, state: 'queued', queue: 'support' });
  await world.startAgain();
  expect(await unnoted.screen.waitFor('queue')).toMatchObject({ position: 1 });
  expect(await unmade.screen.waitFor('queue')).toMatchObject({ position: 2, waiting: 2 });
  expect(callerOf(await comesToWorkAndAnswers('2001'))).toBe('1001');
  expect(callerOf(await comesToWorkAndAnswers('2002'))).toBe('1002');
  for (const { call, screen } of [unnoted, unmade]) {
    await screen.waitFor('connected');
    call.hangup();
  }
  await world.untilNothingIsLeft();
});

test('a crash between the answer of a seat and its record leads the caller to another seat', async () => {
  world = await Outage.begin({ ownEdge: true });
  const { call, screen } = await screenAt('1001', '6100');
  const half = await comesToWorkAndAnswers('2001');
  await screen.waitFor('connected');
  const record = await world.untilStored('1001', ({ state }) => state === 'talking');
  await world.stopServer('SIGKILL');
  const { leg: _leg, ...seat } = record.seat!;
  await world.rewrite({ ...record, state: 'offered', seat });
  await world.startAgain();
  await screen.waitFor('queue');
  const whole = await comesToWorkAndAnswers('2002');
  await screen.waitFor('connected', ({ agent }) => (agent as { name: string }).name === 'Li Na');
  half.hangup();
  const ended = whole.untilEnded();
  call.hangup();
  expect((await ended).by).toBe('remote');
  await world.untilNothingIsLeft();
});

test('after a crash of a server with its edge inside nothing is left of the calls but the places', async () => {
  world = await Outage.begin();
  const talk = await talking('1001', '2001');
  const [first, second] = [await screenAt('1002', '6100'), await screenAt('1003', '6100')];
  await second.screen.waitFor('queue', ({ position }) => position === 2);
  const { id } = await world.untilStored('1001', ({ state }) => state === 'talking');
  await world.untilStored('1003', ({ ticketId }) => ticketId !== undefined);
  await world.stopServer('SIGKILL');
  await world.startAgain();
  expect((await world.get(`/v1/calls/${id}`)).body).toMatchObject({ state: 'ended', end: { cause: 'gone' } });
  await world.untilNothingIsLeft();
  expect(await world.seatState('2001')).toBe('available');
  const rung = nextCall(talk.seat);
  // Dialled again the other way round, the places stay what they were.
  const secondAgain = await screenAt('1003', '6100');
  expect(callerOf(await rung)).toBe('1003');
  const firstAgain = await screenAt('1002', '6100');
  expect(await firstAgain.screen.waitFor('queue')).toMatchObject({ position: 1 });
  expect(await secondAgain.screen.waitFor('queue', ({ position }) => position === 2)).toMatchObject({ waiting: 2 });
  for (const { call } of [firstAgain, secondAgain]) call.hangup();
  // The old dialogs are known to nobody: who hangs up there is told so, and is done.
  for (const call of [talk.call, talk.seatCall, first.call, second.call]) {
    call.hangup();
    expect((await call.byeResponse)?.status).toBe(481);
  }
  await world.untilNothingIsLeft();
});

test('a server with its edge inside takes leave of everybody, and they find their places when they dial again', async () => {
  world = await Outage.begin();
  const talk = await talking('1001', '2001');
  const offered = await plainAt('1002', '6100');
  const seat = await world.seat('2002');
  const ringing = await nextCall(seat);
  ringing.ring();
  const plain = await plainAt('1003', '6100');
  const number = await helpNumber(await world.terminal('1004', { screen: true }), 'before');
  const leased = await screenAt('1004', number);
  await leased.screen.waitFor('page');
  await leased.screen.choose('0');
  await leased.screen.waitFor('queue');
  const reader = await screenAt('1005', '6001');
  await reader.screen.waitFor('page');

  const ends = [talk.call, talk.seatCall, ringing, leased.call, reader.call].map((call) => call.untilEnded());
  const refusals = [offered, plain].map((call) => call.untilEnded());
  await world.stopServer('SIGTERM');
  for (const { by, reason } of await Promise.all(ends))
    expect([by, reason]).toEqual(['remote', expect.stringContaining('503')]);
  expect((await Promise.all(refusals)).map(({ status }) => status)).toEqual([503, 503]);
  await leased.screen.waitFor('end', ({ reason }) => reason === 'shutdown');
  await world.startAgain();

  // The seats are still registered; they are rung for whoever dials again, and those who waited first come first.
  const atSeats = callsAt(talk.seat, seat);
  const back = await screenAt('1004', number);
  const first = await atSeats();
  const plainAgain = await plainAt('1003', '6100');
  const second = await atSeats();
  expect([first, second].map(callerOf)).toEqual(['1004', '1003']);
  const offeredAgain = await plainAt('1002', '6100');
  for (const call of [first, second]) call.answer();
  await Promise.all([back.screen.waitFor('connected'), plainAgain.untilEstablished()]);
  back.call.hangup();
  const third = await atSeats();
  expect(callerOf(third)).toBe('1002');
  third.answer();
  await offeredAgain.untilEstablished();
  offeredAgain.hangup();
  plainAgain.hangup();
  await world.untilNothingIsLeft();
});

async function comesToWorkAndAnswers(seatId: string): Promise<Call> {
  const call = await comesToWork(seatId);
  call.answer();

  return call;
}

/** Gives the calls that come in at any of these phones, one after the other. */
function callsAt(...phones: Phone[]): () => Promise<Call> {
  const come: Call[] = [];
  const waiting: ((call: Call) => void)[] = [];
  for (const phone of phones) {
    phone.on('incoming', (call) => {
      const next = waiting.shift();
      if (next) next(call);
      else come.push(call);
    });
  }

  return async () => come.shift() ?? new Promise((resolve) => waiting.push(resolve));
}
