import { MenuScreen, type Call, type Phone } from '../../scripts/phone';
import { reasonPreempted } from '../../src/calls/stage-preempted';
import { Closer } from '../../src/lib/closer';
import { dial, MediaWorld, takeNext, untilShown } from './media-world';
import { waitNumbers, waitSite } from './wait-site';
import { dialScreen, eventually, nextCall, World } from './world';

/** What may become of those who wait, or have ceased to: an alarm, the rules of a queue, a key. Over real sockets. */

jest.setTimeout(30_000);

const opened = new Closer();
let site: Awaited<ReturnType<typeof waitSite>>;

interface Ticket {
  ticketId: string;
  queue: string;
  state: string;
  enqueuedAt: string;
}

beforeAll(async () => {
  site = await waitSite();
  opened.add('site', () => site.remove());
});

afterAll(() => opened.close());

describe('on a site with few seats', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.open({ site: site.folder });
    opened.add('world', () => world.close());
  });

  afterEach(() => world.hangUp());

  /** The ticket of the call that a terminal has under way. */
  async function ticketOf(user: string): Promise<Ticket> {
    const { body } = await world.get('/v1/calls');
    const calls = body.calls as { caller: { user: string }; ticketId?: string }[];
    const id = calls.find(({ caller }) => caller.user === user)?.ticketId ?? 'none';

    return (await world.get(`/v1/tickets/${id}`)).body as unknown as Ticket;
  }

  async function queue(id: string): Promise<Record<string, unknown>> {
    return (await world.get(`/v1/queues/${id}`)).body;
  }

  async function terminal(user: string): Promise<Phone> {
    return world.terminal(user, { screen: true });
  }

  describe('an alarm', () => {
    let seat: Phone;

    beforeAll(async () => {
      seat = await world.seat('2101');
    });

    async function callsAlarm(): Promise<Call> {
      return (await terminal('1002')).invite(waitNumbers.alarm);
    }

    async function seatIsFree(): Promise<void> {
      await eventually(
        () => world.seatState('2101'),
        (state) => state === 'available',
      );
    }

    test('takes the only seat out of a talk; who was talking is told his place, keeps it, and is served next', async () => {
      const rung = nextCall(seat);
      const { call, screen } = await dialScreen(await terminal('1001'), waitNumbers.desk);
      const talk = await rung;
      talk.answer();
      await screen.waitFor('connected');
      const { ticketId, enqueuedAt } = await ticketOf('1001');

      const idle = call.next('media', { where: (media) => media.every(({ direction }) => direction === 'inactive') });
      const forAlarm = nextCall(seat);
      const alarm = await callsAlarm();
      expect(await talk.untilEnded()).toMatchObject({ by: 'remote', status: 0, reason: reasonPreempted });
      // The alarm, which rings, stands before him.
      expect(await screen.waitFor('queue')).toMatchObject({ queue: 'wait-desk', position: 2, waiting: 2 });
      await idle;
      const waits = await ticketOf('1001');
      expect(waits).toMatchObject({ ticketId, enqueuedAt, queue: 'wait-desk', state: 'waiting' });
      expect(waits).not.toHaveProperty('answeredAt');

      const seatCall = await forAlarm;
      seatCall.answer();
      await alarm.untilEstablished();
      await screen.waitFor('queue', ({ position, waiting }) => position === 1 && waiting === 1);
      const back = nextCall(seat);
      alarm.hangup();
      (await back).answer();
      expect(await screen.waitFor('connected')).toMatchObject({ agent: { name: 'Seat 2101' } });
      expect(await ticketOf('1001')).toMatchObject({ ticketId, enqueuedAt, state: 'talking' });
      call.hangup();
      await seatIsFree();
    });

    test('takes it while it rings: another call, and the first again after it', async () => {
      const rung = nextCall(seat);
      const { call, screen } = await dialScreen(await terminal('1001'), waitNumbers.desk);
      const first = await rung;
      first.ring();
      const { ticketId } = await ticketOf('1001');
      const forAlarm = nextCall(seat);
      const alarm = await callsAlarm();
      const elsewhere = 'SIP;cause=200;text="Call completed elsewhere"';
      expect(await first.untilEnded()).toMatchObject({ by: 'remote', status: 487, reason: elsewhere });
      (await forAlarm).answer();
      await alarm.untilEstablished();
      expect(await ticketOf('1001')).toMatchObject({ ticketId, state: 'waiting' });
      const back = nextCall(seat);
      alarm.hangup();
      (await back).answer();
      await screen.waitFor('connected');
      call.hangup();
      await seatIsFree();
    });
  });

  describe('a rule of the queue sends a caller', () => {
    test('who has waited to another queue, with ticket and time, where he is served', async () => {
      const { call, screen } = await dialScreen(await terminal('1003'), waitNumbers.slow);
      await screen.waitFor('queue', ({ queue }) => queue === 'wait-slow');
      const { ticketId, enqueuedAt } = await ticketOf('1003');
      await screen.waitFor('queue', ({ queue }) => queue === 'wait-other');
      expect(await ticketOf('1003')).toMatchObject({ ticketId, enqueuedAt, queue: 'wait-other', state: 'waiting' });
      const seat = await world.seat('2102');
      (await nextCall(seat)).answer();
      expect(await screen.waitFor('connected')).toMatchObject({ agent: { name: 'Seat 2102' } });
      call.hangup();
    });

    test('who finds others before him to a number, and that does what it does with calls', async () => {
      const first = await dialScreen(await terminal('1003'), waitNumbers.short);
      await first.screen.waitFor('queue');
      const second = await dialScreen(await terminal('1004'), waitNumbers.short);
      expect(await second.screen.waitFor('page')).toMatchObject({ id: 'home', title: 'Wait' });
      expect((await ticketOf('1003')).queue).toBe('wait-short');
      expect(await queue('wait-short')).toMatchObject({ waiting: 1 });
      first.call.hangup();
      second.call.hangup();
    });

    test('who has waited to a message, which he can read before the call ends', async () => {
      const { call, screen } = await dialScreen(await terminal('1005'), waitNumbers.told);
      await screen.waitFor('queue');
      expect(await screen.waitFor('page')).toMatchObject({ text: 'Gone home.' });
      expect(await queue('wait-told')).toMatchObject({ offered: 1, overflowed: 1, abandoned: 0, waiting: 0 });
      expect(call.state).toBe('talking');
      expect(await screen.waitFor('end')).toMatchObject({ reason: 'overflowed' });
      expect(await call.untilEnded()).toMatchObject({ by: 'remote' });
    });

    test('who finds nobody at work to a callback: he hangs up, keeps his place, and is called', async () => {
      const phone = await terminal('1006');
      await phone.register();
      const { call, screen } = await dialScreen(phone, waitNumbers.lone);
      expect(await screen.waitFor('end')).toMatchObject({ reason: 'callback' });
      expect((await call.untilEnded()).by).toBe('remote');
      expect((await queue('wait-lone')).tickets).toMatchObject([{ position: 1, terminal: '1006' }]);
      const calledBack = nextCall(phone);
      const seat = await world.seat('2103');
      const rung = nextCall(seat);
      const back = await calledBack;
      const shown = new MenuScreen(back);
      back.answer({ headers: [] });
      (await rung).answer();
      expect(await shown.waitFor('connected')).toMatchObject({ agent: { name: 'Seat 2103' } });
      back.hangup();
    });
  });

  test('a caller who touches "leave" gives his place up, and without a menu the call ends', async () => {
    const { call, screen } = await dialScreen(await terminal('1007'), waitNumbers.desk);
    await screen.waitFor('queue');
    const { abandoned } = await queue('wait-desk');
    await screen.leave();
    expect((await call.untilEnded()).by).toBe('remote');
    await eventually(
      () => queue('wait-desk'),
      (now) => now.abandoned === (abandoned as number) + 1 && now.waiting === 0,
    );
  });
});

describe('a phone without a screen program, with real media', () => {
  let media: MediaWorld;

  beforeEach(async () => {
    media = await MediaWorld.open({ SIGHTLINE_SITE: site.folder });
  });

  afterEach(() => media.close());

  interface Seen {
    state: string;
    ticketId?: string;
    menu?: { phase: string };
  }

  test('sees its place again when an alarm takes its seat; then leaves the queue by a key, and ends the call by another', async () => {
    const seat = await media.seat('2101');
    const terminal = await media.terminal('1001');
    const call = dial(terminal, waitNumbers.heard);
    await call.untilEstablished();
    await untilShown(terminal.peer);
    const taken = takeNext(seat);
    await terminal.peer.audio.press('1');
    const talk = await taken;
    const { ticketId } = (await media.onlyTalk()) as unknown as Seen;

    const forAlarm = takeNext(seat);
    const alarm = dial(await media.terminal('1002'), waitNumbers.alarm);
    expect((await talk.untilEnded()).reason).toBe(reasonPreempted);
    await untilShown(terminal.peer);
    await forAlarm;
    const calls = async (): Promise<Seen[]> => (await media.get<{ calls: Seen[] }>('/v1/calls')).calls;
    expect(await calls()).toContainEqual(expect.objectContaining({ state: 'queued', ticketId }));

    const ended = call.untilEnded();
    await terminal.peer.audio.press('*');
    await terminal.peer.audio.press('9');
    expect((await ended).by).toBe('remote');
    alarm.hangup();
    await eventually(calls, (left) => left.length === 0);
    expect(await media.get('/v1/queues/wait-desk')).toMatchObject({ abandoned: 1, waiting: 0 });
  });
});
