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
    await world.untilStored('1004', ({ menu }) => JSON.stringify(menu).includes('trains'));

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

async function comesToWorkAndAnswers(seatId: string): Promise<Call> {
  const call = await comesToWork(seatId);
  call.answer();

  return call;
}
