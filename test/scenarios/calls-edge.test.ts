import { cp, mkdtemp, rm, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Call, Phone } from '../../scripts/phone';
import { inProject } from '../../src/lib/paths';
import { dialScreen, eventually, nextCall, World } from './world';

/** What crosses in a call: every story ends with both sides gone and the seat free. */
let world: World;
let folder: string;
const phones: Phone[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
  await cp(inProject('dialplans', 'demo'), folder, { recursive: true });
  const queues = path.join(folder, 'queues.yaml');
  const text = await readFile(queues, 'utf8');
  await writeFile(
    queues,
    text
      .replace('wrapUp: 5', 'wrapUp: 0')
      .replace('maxWaiting: 30', 'maxWaiting: 1\n  maxWait: 2')
      .replace(/^  (rings|overflow):\n( {4}.*\n)+/gm, '')
      .replace('maxWaiting: 20', 'maxWaiting: 2'),
  );
  const numbers = path.join(folder, 'numbers.yaml');
  await writeFile(
    numbers,
    `${await readFile(numbers, 'utf8')}\n"6300": { flow: tickets }\n"6301": { flow: tickets-direct }\n"6400": { flow: lost-property }\n`,
  );
  const flows = path.join(folder, 'flows.yaml');
  await writeFile(flows, `${await readFile(flows, 'utf8')}\ntickets-direct: { queue: tickets }\n`);
  world = await World.open({ site: folder });
}, 30_000);

afterEach(async () => {
  for (const phone of phones.splice(0)) {
    for (const call of phone.calls) call.hangup();
    await phone.unregister();
  }
});

afterAll(async () => {
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

async function seatAt(user: string): Promise<Phone> {
  const phone = await world.seat(user);
  phones.push(phone);

  return phone;
}

interface Live {
  id: string;
  state: string;
  caller: { user: string };
}

async function liveCall(user: string): Promise<Live | undefined> {
  const { body } = await world.get('/v1/calls');

  return (body.calls as Live[]).find((one) => one.caller.user === user);
}

async function untilState(user: string, state: string): Promise<Live> {
  return (await eventually(
    () => liveCall(user),
    (call) => call?.state === state,
  ))!;
}

async function recordOf(id: string): Promise<Record<string, unknown>> {
  const { body } = await eventually(
    () => world.get(`/v1/calls/${id}`),
    (answer) => answer.body.state === 'ended',
  );

  return body;
}

/** Nobody is left: the call is not among those under way and the seat can be offered another. */
async function allGone(user: string, seat?: string): Promise<void> {
  await eventually(
    () => liveCall(user),
    (call) => call === undefined,
  );
  if (!seat) return;
  await eventually(
    () => world.seatState(seat),
    (state) => state === 'available' || state === 'resting',
  );
}

const directions = (call: Call): string[] => call.remoteMedia.map((line) => line.direction);

describe('an INVITE without an offer', () => {
  test('of a plain phone leads to the seat, whose offer the phone answers', async () => {
    const terminal = await world.terminal('1001');
    const ringing = nextCall(await seatAt('2001'));
    const call = terminal.invite('6100', { sdp: '' });
    const seatCall = await ringing;
    seatCall.answer();
    await seatCall.untilEstablished();
    await call.untilEstablished();
    expect(directions(call)).toEqual(['sendrecv', 'sendrecv']);
    expect(directions(seatCall)).toEqual(['sendrecv', 'sendrecv']);
    await untilState('1001', 'talking');
    seatCall.hangup();
    expect((await call.untilEnded()).by).toBe('remote');
    await allGone('1001', '2001');
  });

  test('of a terminal with a screen leads to media on both sides', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const ringing = nextCall(await seatAt('2001'));
    const { call, screen } = await dialScreen(terminal, '6100', { sdp: '' });
    expect(directions(call)).toEqual(['inactive', 'inactive']);
    const seatCall = await ringing;
    seatCall.answer();
    await seatCall.untilEstablished();
    await screen.waitFor('connected');
    expect(directions(call)).toEqual(['sendrecv', 'sendrecv']);
    expect(directions(seatCall)).toEqual(['sendrecv', 'sendrecv']);
    call.hangup();
    await seatCall.untilEnded();
    await allGone('1001', '2001');
  });
});

describe('who leaves while the other comes', () => {
  test('the caller cancels exactly as the seat answers', async () => {
    const terminal = await world.terminal('1001');
    const ringing = nextCall(await seatAt('2001'));
    const call = terminal.invite('6100');
    const seatCall = await ringing;
    seatCall.answer();
    call.cancel();
    expect((await seatCall.untilEnded()).by).toBe('remote');
    await call.untilEnded();
    await allGone('1001', '2001');
  });

  test('the terminal says BYE exactly as the seat answers', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const ringing = nextCall(await seatAt('2001'));
    const { call } = await dialScreen(terminal, '6100');
    const seatCall = await ringing;
    seatCall.answer();
    call.hangup();
    expect((await seatCall.untilEnded()).by).toBe('remote');
    await allGone('1001', '2001');
  });

  test('the terminal says BYE while it is given the media of the seat', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const ringing = nextCall(await seatAt('2001'));
    const { call } = await dialScreen(terminal, '6100');
    call.onOffer = () => {
      call.hangup();

      return undefined;
    };
    const seatCall = await ringing;
    seatCall.answer();
    expect((await seatCall.untilEnded()).by).toBe('remote');
    await allGone('1001', '2001');
  });

  test('a phone hangs up although its ACK was lost', async () => {
    const terminal = await world.terminal('1001');
    const ringing = nextCall(await seatAt('2001'));
    const call = terminal.invite('6100');
    call.dialog.sendAck = () => undefined;
    (await ringing).answer();
    const seatCall = [...phones[0]!.calls][0]!;
    await call.untilEstablished();
    call.hangup();
    expect((await seatCall.untilEnded(8000)).by).toBe('remote');
    expect((await call.byeResponse!).status).toBe(200);
    await allGone('1001', '2001');
  });

  test('the caller looks away from the seat that rings: leave, then the same queue again', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const seat = await seatAt('2001');
    const { call, screen } = await dialScreen(terminal, '6001');
    await screen.waitFor('page');
    for (let round = 0; round < 2; round++) {
      const ringing = nextCall(seat);
      await screen.choose('0');
      await screen.waitFor('queue');
      const seatCall = await ringing;
      seatCall.ring();
      await screen.leave();
      expect((await seatCall.untilEnded()).reason).toContain('Caller has left');
      await screen.waitFor('page', (page) => page.id === 'home');
    }
    const ringing = nextCall(seat);
    await screen.choose('0');
    (await ringing).answer();
    await screen.waitFor('connected');
    call.hangup();
    await allGone('1001', '2001');
  });

  test('an offer is given back while the 200 of the seat is on its way', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const ringing = nextCall(await seatAt('2001'));
    const { call, screen } = await dialScreen(terminal, '6001');
    await screen.waitFor('page');
    await screen.choose('0');
    const seatCall = await ringing;
    const left = screen.leave();
    seatCall.answer();
    await left;
    await seatCall.untilEnded();
    await allGoneOrMenu(call);
    await allGone('1001', '2001');
  });

  async function allGoneOrMenu(call: Call): Promise<void> {
    await eventually(
      () => liveCall('1001'),
      (live) => live === undefined || live.state === 'menu',
    );
    call.hangup();
  }
});

describe('the menu while the ticket waits', () => {
  test('home while queued keeps the place, and the agent comes while the person reads', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { call, screen } = await dialScreen(terminal, '6001');
    await screen.waitFor('page');
    await screen.choose('0');
    await screen.waitFor('queue');
    await screen.home();
    await screen.waitFor('page', (page) => page.id === 'home');
    const ringing = nextCall(await seatAt('2001'));
    (await ringing).answer();
    expect(await screen.waitFor('connected')).toMatchObject({ agent: { name: 'Anna Weber' } });
    call.hangup();
    await allGone('1001', '2001');
  });

  test('a queue is chosen once more while the seat that has answered is being joined', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { call, screen } = await dialScreen(terminal, '6001');
    await screen.waitFor('page');
    await screen.choose('0');
    await screen.waitFor('queue');
    await screen.home();
    await screen.waitFor('page', (page) => page.id === 'home');
    await screen.choose('5');
    await screen.waitFor('page', (page) => page.id === 'step-free');
    await screen.home();
    await screen.waitFor('page', (page) => page.id === 'home');
    const ringing = nextCall(await seatAt('2001'));
    let tries = 0;
    call.onOffer = (offer) => {
      // Glare, so that the joining takes a moment; then the person touches another queue.
      if (tries++ > 0) return offer;
      void screen.choose('0');

      return undefined;
    };
    const seatCall = await ringing;
    seatCall.answer();
    await call.untilEnded();
    expect((await seatCall.untilEnded()).by).toBe('remote');
    await allGone('1001', '2001');
  });

  test('another queue is chosen while a seat of the first rings', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { call, screen } = await dialScreen(terminal, '6001');
    await screen.waitFor('page');
    await screen.choose('0');
    await screen.waitFor('queue');
    await screen.home();
    await screen.waitFor('page', (page) => page.id === 'home');
    await screen.choose('2');
    await screen.waitFor('page', (page) => (page as unknown as { title: string }).title === 'Tickets and fares');
    const seat = await seatAt('2001');
    const seatCall = await nextCall(seat);
    seatCall.ring();
    // It is one of the other queue, too.
    const again = nextCall(seat);
    await screen.choose('0');
    expect((await seatCall.untilEnded()).by).toBe('remote');
    expect(await screen.waitFor('queue')).toMatchObject({ queue: 'Ticket advice' });
    const second = await again;
    second.ring();
    await screen.leave();
    expect((await second.untilEnded()).by).toBe('remote');
    await screen.waitFor('page');
    call.hangup();
    await allGone('1001', '2001');
  });

  test('the person ends the call on the screen: `end` comes before BYE and no place is kept', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { call, screen } = await dialScreen(terminal, '6300');
    await screen.waitFor('page');
    await screen.choose('3');
    await screen.waitFor('page', (page) => page.id === 'machine');
    await screen.choose('3');
    await screen.waitFor('page', (page) => page.id === 'dark');
    await screen.choose('1');
    expect(await screen.waitFor('end')).toMatchObject({ reason: 'done' });
    expect((await call.untilEnded()).by).toBe('remote');
  });

  test('leaving a queue without a menu ends the call, with `end` on the screen', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { call, screen } = await dialScreen(terminal, '6100');
    await screen.waitFor('queue');
    const { id } = await untilState('1001', 'queued');
    await screen.leave();
    expect(await screen.waitFor('end')).toMatchObject({ reason: 'left' });
    expect((await call.untilEnded()).by).toBe('remote');
    expect(await recordOf(id)).toMatchObject({ end: { by: 'caller', cause: 'left' } });
  });
});

describe('a terminal that does not take the media of the seat', () => {
  test('488 ends the call with a clear cause', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const ringing = nextCall(await seatAt('2001'));
    const { call, screen } = await dialScreen(terminal, '6100');
    const { id } = (await liveCall('1001'))!;
    call.onOffer = () => undefined;
    const seatCall = await ringing;
    seatCall.answer();
    expect((await seatCall.untilEnded()).reason).toContain('cause=488');
    expect(await screen.waitFor('end')).toMatchObject({ reason: 'media-mismatch' });
    await call.untilEnded();
    expect(await recordOf(id)).toMatchObject({ end: { by: 'server', cause: 'media-mismatch' } });
    await allGone('1001', '2001');
  });

  test('new media while the seat rings reach the seat', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const ringing = nextCall(await seatAt('2001'));
    const { call, screen } = await dialScreen(terminal, '6100');
    const seatCall = await ringing;
    seatCall.ring();
    call.local.audioPort = 40_404;
    expect((await call.reinvite()).status).toBe(200);
    seatCall.answer();
    await screen.waitFor('connected');
    expect(seatCall.remoteMedia.map((line) => line.port)).toContain(40_404);
    call.hangup();
    await allGone('1001', '2001');
  });

  test('media that nobody knows are refused with 488 and the menu goes on', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { call, screen } = await dialScreen(terminal, '6001');
    await screen.waitFor('page');
    const strange = 'v=0\r\no=x 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=image 9 udptl t38\r\n';
    expect((await call.reinvite({ sdp: strange })).status).toBe(488);
    await screen.choose('3');
    expect(await screen.waitFor('page')).toMatchObject({ id: 'station' });
    call.hangup();
    const refused = terminal.invite('6001', { sdp: strange });
    expect((await refused.untilEnded()).status).toBe(488);
  });

  test('a seat that answers without media ends the call instead of leaving it in the middle', async () => {
    const terminal = await world.terminal('1001');
    const ringing = nextCall(await seatAt('2001'));
    const call = terminal.invite('6100');
    (await ringing).answer({ sdp: '' });
    expect((await call.untilEnded(8000)).status).toBe(488);
    await allGone('1001', '2001');
  });
});

describe('while two talk', () => {
  async function talking(): Promise<{ call: Call; seatCall: Call }> {
    const terminal = await world.terminal('1001');
    const ringing = nextCall(await seatAt('2001'));
    const call = terminal.invite('6100');
    const seatCall = await ringing;
    seatCall.answer();
    await call.untilEstablished();
    await untilState('1001', 'talking');

    return { call, seatCall };
  }

  test('both change their media at once: at most one succeeds, and both go on', async () => {
    const { call, seatCall } = await talking();
    const both = await Promise.all([
      call.reinvite({ direction: 'sendonly' }),
      seatCall.reinvite({ videoDirection: 'inactive' }),
    ]);
    const statuses = both.map((answer) => answer.status);
    expect(statuses.filter((status) => status !== 200).every((status) => status === 491 || status === 500)).toBe(true);
    expect((await call.reinvite({ direction: 'sendrecv' })).status).toBe(200);
    call.hangup();
    await seatCall.untilEnded();
    await allGone('1001', '2001');
  });

  test('after a change that was refused, a refresh is answered with what was agreed', async () => {
    const { call, seatCall } = await talking();
    seatCall.onOffer = () => undefined;
    expect((await call.reinvite({ direction: 'sendonly' })).status).toBe(488);
    seatCall.onOffer = undefined;
    expect((await seatCall.reinvite()).status).toBe(200);
    expect(directions(seatCall)).toEqual(['sendrecv', 'sendrecv']);
    call.hangup();
    await allGone('1001', '2001');
  });

  test('Require: timer is said only to a phone that supports session timers', async () => {
    const { call } = await talking();
    const headers = ['Session-Expires: 600'];
    const plain = await call.ask('UPDATE', { headers });
    expect(plain.header('require')).toBeUndefined();
    expect(plain.header('session-expires')).toContain('refresher=uas');
    const able = await call.ask('UPDATE', { headers: [...headers, 'Supported: timer'] });
    expect(able.header('require')).toContain('timer');
    expect(able.header('session-expires')).toContain('refresher=uac');
    call.hangup();
    await allGone('1001', '2001');
  });
});

describe('menus lead to each other, forms to the record, and queues are finite', () => {
  test('a flow leads to the menu of another flow, whose form is in the record', async () => {
    const terminal = await world.terminal('1001', { screen: true });
    const { call, screen } = await dialScreen(terminal, '6001');
    const home = await screen.waitFor('page');
    const { id } = (await liveCall('1001'))!;
    await screen.choose('4');
    const other = await screen.waitFor('page');
    expect(other.title).not.toBe(home.title);
    await screen.choose('1');
    const entered = { kind: 'bag', description: 'Red', where: 'IC 5', day: '2026-11-20', phone: '+49 30 1234567' };
    let page = await screen.waitFor('page');
    // The form may come in several parts.
    while (page.form) {
      await screen.submit(entered);
      page = await screen.waitFor('page');
    }
    call.hangup();
    expect(await recordOf(id)).toMatchObject({
      flow: 'lost-property',
      context: { form: { kind: 'bag', description: 'Red', day: '2026-11-20' } },
    });
  });

  test('a full queue: 503 for a phone, `end` for a screen; a wait that is too long ends the same way', async () => {
    const first = await world.terminal('1001');
    const waits = first.invite('6301');
    await untilState('1001', 'queued');
    const second = await world.terminal('1002');
    const end = await second.invite('6301').untilEnded();
    expect(end).toMatchObject({ status: 503, reason: expect.stringContaining('QUEUE_FULL') as unknown });
    const third = await world.terminal('1003', { screen: true });
    const { call, screen } = await dialScreen(third, '6300');
    await screen.waitFor('page');
    await screen.choose('0');
    expect(await screen.waitFor('end')).toMatchObject({ reason: 'queue-full' });
    await call.untilEnded();
    // A phone that had its menu as video was answered before.
    const fourth = (await world.terminal('1004')).invite('6300');
    await fourth.untilEstablished();
    await untilState('1004', 'menu');
    await fourth.info('application/dtmf-relay', 'Signal=0\r\nDuration=160\r\n');
    expect(await fourth.untilEnded()).toMatchObject({ by: 'remote' });
    expect(await waits.untilEnded()).toMatchObject({ status: 503 });
  });
});
