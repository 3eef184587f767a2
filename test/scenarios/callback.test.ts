import { MenuScreen, menuHeader, type Call, type Phone } from '../../scripts/phone';
import { addCallbackQueues, callbackNumbers, callbackSite } from './callback-site';
import { dial, MediaWorld, takeNext, untilShown } from './media-world';
import { Outage } from './outage';
import { dialScreen, eventually, nextCall, World } from './world';

jest.setTimeout(60_000);

let world: World;
let site: Awaited<ReturnType<typeof callbackSite>>;

beforeAll(async () => {
  site = await callbackSite();
});

afterAll(() => site.remove());

/** A terminal that can be called, and waits in a queue. */
async function waitingAt(user: string, number: string): Promise<{ terminal: Phone; call: Call; screen: MenuScreen }> {
  const terminal = await world.terminal(user, { screen: true });
  await terminal.register();
  const { call, screen } = await dialScreen(terminal, number);
  await screen.waitFor('queue', ({ actions }) => (actions as string[]).includes('callback'));

  return { terminal, call, screen };
}

/** Asks to be called back, and gives the id of the call that has ended with that. */
async function asksAt(user: string, number: string): Promise<{ terminal: Phone; former: string }> {
  const { terminal, call, screen } = await waitingAt(user, number);
  const former = await callIdOf();
  const ended = call.untilEnded();
  expect((await screen.send('callback')).status).toBe(200);
  expect(await screen.waitFor('end')).toMatchObject({ reason: 'callback' });
  expect((await ended).by).toBe('remote');

  return { terminal, former };
}

async function calls(): Promise<Record<string, unknown>[]> {
  return (await world.get('/v1/calls')).body.calls as Record<string, unknown>[];
}

async function asks(method: string, path: string): Promise<number> {
  const headers = { authorization: `Bearer ${world.server.apiToken}` };

  return (await fetch(`${world.server.url}${path}`, { method, headers })).status;
}

async function callIdOf(): Promise<string> {
  return String((await calls())[0]?.id);
}

async function waiting(queue: string): Promise<number> {
  const { body } = await world.get('/v1/queues');

  return (body.queues as { queue: string; waiting: number }[]).find((one) => one.queue === queue)?.waiting ?? -1;
}

/** The terminal takes its call, with a screen. */
function takes(call: Call): MenuScreen {
  const screen = new MenuScreen(call);
  call.answer({ headers: [] });

  return screen;
}

function portsOf(call: Call): number[] {
  return call.remoteMedia.map(({ port }) => port);
}

async function isFree(seat: string): Promise<string | undefined> {
  return eventually(
    () => world.seatState(seat),
    (state) => state === 'available',
  );
}

describe('on a site that calls people back', () => {
  beforeEach(async () => {
    world = await World.open({ site: site.folder });
  });

  afterEach(() => world.close());

  test('agent first: the seat answers and waits, the terminal is called, and the two talk end to end', async () => {
    const { terminal, former } = await asksAt('1001', callbackNumbers.agentFirst);
    expect((await world.get(`/v1/calls/${former}`)).body).toMatchObject({ end: { by: 'caller', cause: 'callback' } });
    expect(await waiting('back-agentfirst')).toBe(1);

    const calledBack = nextCall(terminal);
    const seat = await world.seat('2001');
    const seatCall = await nextCall(seat);
    expect(seatCall.request?.header('x-sightline-callback')).toBe('1');
    expect(terminal.calls.size).toBe(0);
    seatCall.answer();
    const call = await calledBack;
    expect(call.request?.header('recv-info')).toBe('visual-menu');
    expect(seatCall.state).toBe('talking');
    const heard = seatCall.next('media', { where: (media) => media.some(({ direction }) => direction === 'sendrecv') });
    const screen = takes(call);
    await screen.waitFor('connected');
    await heard;
    expect(portsOf(call)).toEqual([seatCall.local.audioPort, seatCall.local.videoPort]);
    expect(portsOf(seatCall)).toEqual([call.local.audioPort, call.local.videoPort]);
    expect(screen.log.map(({ seq }) => seq)).toEqual([1]);

    const [record] = await calls();
    expect(record).toMatchObject({
      state: 'talking',
      number: callbackNumbers.agentFirst,
      callback: { of: former, order: 'agent-first', attempt: 1 },
      media: { mode: 'direct' },
    });
    const ended = seatCall.untilEnded();
    call.hangup();
    expect((await ended).by).toBe('remote');
    expect(await isFree('2001')).toBe('available');
    expect(await waiting('back-agentfirst')).toBe(0);
  });

  test('agent first: a person who does not answer is called again, then given up; the seat hears why and is free', async () => {
    const { terminal } = await asksAt('1001', callbackNumbers.agentFirst);
    const seat = await world.seat('2001');
    const first = await nextCall(seat);
    const again = nextCall(seat);
    const unheard = nextCall(terminal);
    first.answer();
    const missed = await unheard;
    missed.ring();
    const busy = nextCall(terminal);
    expect((await first.untilEnded()).reason).toContain('does not answer');
    expect((await missed.untilEnded()).status).toBe(487);

    const second = await again;
    second.answer();
    (await busy).reject(486);
    expect((await second.untilEnded()).reason).toContain('The caller is busy');
    await eventually(
      () => waiting('back-agentfirst'),
      (count) => count === 0,
    );
    expect(await isFree('2001')).toBe('available');
  });

  test('agent first: an agent who does not wait is one who refuses; the terminal stops ringing', async () => {
    const { terminal } = await asksAt('1001', callbackNumbers.agentFirst);
    const seat = await world.seat('2001');
    const seatCall = await nextCall(seat);
    const ringing = nextCall(terminal);
    seatCall.answer();
    const call = await ringing;
    call.ring();
    const stopped = call.untilEnded();
    const again = nextCall(await world.seat('2002'));
    seatCall.hangup();
    expect((await stopped).status).toBe(487);
    // The ticket has kept its place.
    const other = await again;
    expect(other.request?.header('x-sightline-callback')).toBe('1');
    const calledBack = nextCall(terminal);
    other.answer();
    await takes(await calledBack).waitFor('connected');
  });

  test('caller first: nothing rings at the seat until the person is on the line and sees his place', async () => {
    const { terminal } = await asksAt('1001', callbackNumbers.callerFirst);
    const calledBack = nextCall(terminal);
    const seat = await world.seat('2001');
    const rung = nextCall(seat);
    const call = await calledBack;
    expect(seat.calls.size).toBe(0);
    const screen = takes(call);
    expect(await screen.waitFor('queue')).toMatchObject({ position: 1 });
    const seatCall = await rung;
    expect(seatCall.request?.header('x-sightline-callback')).toBe('1');
    seatCall.answer();
    await screen.waitFor('connected');
    expect(portsOf(call)).toEqual([seatCall.local.audioPort, seatCall.local.videoPort]);
    expect(portsOf(seatCall)).toEqual([call.local.audioPort, call.local.videoPort]);
  });

  test('caller first: a person who does not answer costs the seat nothing, and is called again', async () => {
    const { terminal } = await asksAt('1001', callbackNumbers.callerFirst);
    const first = nextCall(terminal);
    const seat = await world.seat('2001');
    const missed = await first;
    const again = nextCall(terminal);
    missed.reject(480);
    expect(await isFree('2001')).toBe('available');
    expect(seat.calls.size).toBe(0);
    const rung = nextCall(seat);
    const screen = takes(await again);
    (await rung).answer();
    await screen.waitFor('connected');
  });

  test('caller first: a person who is cut off before the seat answers is called again', async () => {
    const { terminal } = await asksAt('1001', callbackNumbers.callerFirst);
    const calledBack = nextCall(terminal);
    const seat = await world.seat('2001');
    const rung = nextCall(seat);
    const call = await calledBack;
    await takes(call).waitFor('queue');
    const seatCall = await rung;
    seatCall.ring();
    const stopped = seatCall.untilEnded();
    const again = nextCall(terminal);
    call.hangup();
    expect((await stopped).status).toBe(487);
    const screen = takes(await again);
    (await nextCall(seat)).answer();
    await screen.waitFor('connected');
  });

  test('who calls by himself has his place back, and is not called', async () => {
    const { terminal } = await asksAt('1001', callbackNumbers.agentFirst);
    const { screen } = await dialScreen(terminal, callbackNumbers.agentFirst);
    expect(await screen.waitFor('queue')).toMatchObject({ position: 1, waiting: 1 });
    const seat = await world.seat('2001');
    const seatCall = await nextCall(seat);
    expect(seatCall.request?.header('x-sightline-callback')).toBeUndefined();
    seatCall.answer();
    await screen.waitFor('connected');
    expect(terminal.calls.size).toBe(1);
  });

  test('a supervisor may ask for it in place of the person, or end the wait', async () => {
    const { terminal, call, screen } = await waitingAt('1001', callbackNumbers.agentFirst);
    const [former] = await calls();
    const ended = call.untilEnded();
    expect(await asks('POST', `/v1/tickets/${String(former?.ticketId)}/callback`)).toBe(200);
    expect(await screen.waitFor('end')).toMatchObject({ reason: 'callback' });
    expect((await ended).by).toBe('remote');
    const calledBack = nextCall(terminal);
    (await nextCall(await world.seat('2001'))).answer();
    await takes(await calledBack).waitFor('connected');
    const [talk] = await calls();
    expect(talk).toMatchObject({ ticketId: former?.ticketId, callback: { of: former?.id } });
    expect(await asks('DELETE', `/v1/tickets/${String(former?.ticketId)}`)).toBe(409);

    const other = await waitingAt('1002', callbackNumbers.agentFirst);
    const waiting = (await calls()).find(({ state }) => state === 'queued');
    const removed = other.call.untilEnded();
    expect(await asks('DELETE', `/v1/tickets/${String(waiting?.ticketId)}`)).toBe(204);
    expect(await other.screen.waitFor('end')).toMatchObject({ reason: 'removed' });
    expect((await removed).by).toBe('remote');
  });

  test('a terminal that cannot be reached is not promised a call', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { screen } = await dialScreen(terminal, callbackNumbers.agentFirst);
    expect(await screen.waitFor('queue')).toMatchObject({ actions: ['leave'] });
    await screen.send('callback');
    expect(await screen.waitFor('queue')).toMatchObject({ actions: ['leave'] });
  });
});

test('a callback outlives the process that promised it', async () => {
  const outage = await Outage.begin({ ownEdge: true, edit: ({ folder }) => addCallbackQueues(folder) });
  world = outage;
  try {
    const { terminal } = await asksAt('1001', callbackNumbers.agentFirst);
    await outage.stopServer('SIGKILL');
    await outage.startAgain();
    const calledBack = nextCall(terminal);
    const seatCall = await nextCall(await world.seat('2001'));
    seatCall.answer();
    await takes(await calledBack).waitFor('connected');
  } finally {
    await outage.close();
  }
});

test('a seat that waits for the person when the process ends is let go; the person is called again', async () => {
  const outage = await Outage.begin({ ownEdge: true, edit: ({ folder }) => addCallbackQueues(folder) });
  world = outage;
  try {
    const { terminal } = await asksAt('1001', callbackNumbers.agentFirst);
    const seat = await world.seat('2001');
    const first = await nextCall(seat);
    const ringing = nextCall(terminal);
    first.answer();
    const unanswered = await ringing;
    unanswered.ring();
    await outage.untilStored('1001', ({ seat, terminal }) => seat?.leg !== undefined && terminal.ringing?.length === 1);
    const again = nextCall(seat);
    const calledBack = nextCall(terminal);
    const gone = [first.untilEnded(), unanswered.untilEnded()];
    await outage.stopServer('SIGKILL');
    await outage.startAgain();
    expect((await Promise.all(gone)).map(({ by }) => by)).toEqual(['remote', 'remote']);
    (await again).answer();
    await takes(await calledBack).waitFor('connected');
  } finally {
    await outage.close();
  }
});

describe('with a media engine', () => {
  let media: MediaWorld;

  beforeEach(async () => {
    media = await MediaWorld.open({ SIGHTLINE_SITE: site.folder });
  });

  afterEach(() => media.close());

  test('a phone without a screen asks by a key, is called, sees its place, and talks', async () => {
    const terminal = await media.terminal('1001');
    await terminal.phone.register();
    const call = dial(terminal, callbackNumbers.heard);
    await call.untilEstablished();
    await untilShown(terminal.peer);
    const press = (signal: string) => call.info('application/dtmf-relay', `Signal=${signal}\r\nDuration=160\r\n`);
    await press('1');
    await eventually(
      () => media.onlyCall(),
      ({ state }) => state === 'queued',
    );
    const ended = call.untilEnded();
    // The key counts once the place with its actions is shown.
    await eventually(
      async () => (call.state === 'ended' ? 0 : (await press('#')).status),
      () => call.state === 'ended',
      10_000,
    );
    expect((await ended).by).toBe('remote');

    const back = takeNext(terminal);
    const seat = await media.seat('2001');
    const rung = nextCall(seat.phone);
    const shown = back.then(() => untilShown(terminal.peer, 1));
    const seatCall = await rung;
    await shown;
    seatCall.answer({ sdp: seat.peer.answer(seatCall.request?.body ?? '') });
    const talk = await media.onlyTalk();
    expect(talk).toMatchObject({ face: 'video', media: { mode: 'direct' } });
    expect(talk.history.map(({ event }) => event)).not.toContain('video-failed');
  });

  test('where the queue records, both are brought to the server', async () => {
    const terminal = await media.terminal('1001', { headers: [menuHeader] });
    await terminal.phone.register();
    const call = dial(terminal, callbackNumbers.recorded);
    const screen = new MenuScreen(call);
    await screen.waitFor('queue', ({ actions }) => (actions as string[]).includes('callback'));
    const ended = call.untilEnded();
    await screen.send('callback');
    await ended;

    const back = takeNext(terminal);
    const seatCall = await takeNext(await media.seat('2001'));
    await back;
    expect(seatCall.state).toBe('talking');
    const { media: way } = await media.onlyTalk();
    expect([way.mode, way.why]).toEqual(['anchored', expect.arrayContaining(['recording'])]);
  });
});
