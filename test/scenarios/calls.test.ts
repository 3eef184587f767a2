import { readSdp } from '../../scripts/phone';
import { dialScreen, eventually, helpNumber, nextCall, World } from './world';

let world: World;

beforeEach(async () => {
  world = await World.open();
}, 30_000);

afterEach(() => world.close());

test('from the help request to the bridged video call, and what is left of it', async () => {
  const terminal = await world.terminal('1001', { screen: true });
  const seat = await world.seat('2001');
  const number = await helpNumber(terminal, 'r1');
  expect(number).toMatch(/^7\d{3}$/);

  const { call, screen } = await dialScreen(terminal, number);
  expect(call.remoteMedia.map((line) => line.direction)).toEqual(['inactive', 'inactive']);
  await screen.waitFor('page', (page) => page.id === 'home');
  const ringing = nextCall(seat);
  await screen.choose('0');
  const queue = await screen.waitFor('queue');
  expect(queue).toMatchObject({ position: 1, waiting: 1, actions: expect.arrayContaining(['leave']) as unknown });

  const seatCall = await ringing;
  expect(readSdp(seatCall.request?.body ?? '').map((line) => [line.kind, line.direction])).toEqual([
    ['audio', 'sendrecv'],
    ['video', 'sendrecv'],
  ]);
  seatCall.ring();
  seatCall.answer();
  expect(await screen.waitFor('connected')).toMatchObject({ agent: { name: 'Anna Weber' }, video: true });
  expect(call.remoteMedia.map((line) => line.direction)).toEqual(['sendrecv', 'sendrecv']);

  const live = (await world.get('/v1/calls')).body.calls as { id: string; state: string }[];
  expect(live).toMatchObject([{ state: 'talking', number }]);
  call.hangup();
  expect((await seatCall.untilEnded()).by).toBe('remote');
  const record = await eventually(
    () => world.get(`/v1/calls/${live[0]!.id}`),
    ({ body }) => body.state === 'ended',
  );
  expect(record.body).toMatchObject({ end: { by: 'caller', cause: 'bye' }, seat: { id: '2001' } });
  expect(record.body).not.toHaveProperty('lease.token');

  const again = terminal.invite(number);
  expect((await again.untilEnded()).status).toBe(410);
  const other = await world.terminal('1002');
  const foreign = other.invite(await helpNumber(terminal, 'r2'));
  expect((await foreign.untilEnded()).status).toBe(403);
});

test('a phone without a screen program hears ringing until a seat answers; the seat hangs up', async () => {
  const terminal = await world.terminal('1001');
  const seat = await world.seat('2001');
  const ringing = nextCall(seat);
  const call = terminal.invite('6100');
  const [provisional] = await call.next('provisional', { where: (one) => one.status === 180 });
  expect(provisional.status).toBe(180);
  const seatCall = await ringing;
  seatCall.answer();
  await call.untilEstablished();
  expect(call.remoteMedia.map((line) => [line.kind, line.direction])).toEqual([
    ['audio', 'sendrecv'],
    ['video', 'sendrecv'],
  ]);
  seatCall.hangup();
  expect((await call.untilEnded()).by).toBe('remote');
});

test('a seat that rejects, and one that is busy, pass the caller on to the next', async () => {
  const terminal = await world.terminal('1001');
  const [first, second, third] = [await world.seat('2001'), await world.seat('2002'), await world.seat('2003')];
  first.on('incoming', (call) => call.reject(603));
  second.on('incoming', (call) => call.reject(486));
  const ringing = nextCall(third);
  const call = terminal.invite('6100');
  (await ringing).answer();
  await call.untilEstablished();
  expect(await world.seatState('2001')).toBe('resting');
  expect(await world.seatState('2003')).toBe('talking');
  call.hangup();
});

test('a caller who leaves while a seat rings stops the ringing, and the seat learns why', async () => {
  const terminal = await world.terminal('1001');
  const seat = await world.seat('2001');
  const ringing = nextCall(seat);
  const call = terminal.invite('6100');
  const seatCall = await ringing;
  seatCall.ring();
  call.cancel();
  expect(await seatCall.untilEnded()).toMatchObject({
    by: 'remote',
    reason: expect.stringContaining('Caller has left') as unknown,
  });
  expect((await call.untilEnded()).status).toBe(487);
  await eventually(
    () => world.seatState('2001'),
    (state) => state === 'available',
  );
});

test('every phone of a seat rings, the first to answer wins, and the others log no missed call', async () => {
  const terminal = await world.terminal('1001');
  const [desk, mobile] = [await world.seat('2001'), await world.seat('2001')];
  const [atDesk, atMobile] = [nextCall(desk), nextCall(mobile)];
  const call = terminal.invite('6100');
  const [deskCall, mobileCall] = [await atDesk, await atMobile];
  deskCall.ring();
  mobileCall.ring();
  mobileCall.answer();
  expect((await deskCall.untilEnded()).reason).toContain('Call completed elsewhere');
  await call.untilEstablished();
  call.hangup();
});

test('the agent chooses the directions: watching only, and audio only', async () => {
  const terminal = await world.terminal('1001', { screen: true });
  const seat = await world.seat('2001');
  seat.on('incoming', (call) => call.answer({ videoDirection: 'recvonly' }));
  const { call, screen } = await dialScreen(terminal, '6100');
  await screen.waitFor('connected');
  expect(call.remoteMedia.map((line) => [line.kind, line.direction])).toEqual([
    ['audio', 'sendrecv'],
    ['video', 'recvonly'],
  ]);
  call.hangup();
});

test('hold by the agent reaches the terminal, and so does an UPDATE of the terminal the agent', async () => {
  const terminal = await world.terminal('1001');
  const seat = await world.seat('2001');
  const ringing = nextCall(seat);
  const call = terminal.invite('6100');
  const seatCall = await ringing;
  seatCall.answer();
  await call.untilEstablished();
  const held = call.next('media');
  expect((await seatCall.reinvite({ direction: 'sendonly', videoDirection: 'inactive' })).status).toBe(200);
  expect((await held)[0].map((line) => line.direction)).toEqual(['sendonly', 'inactive']);
  const changed = seatCall.next('media');
  expect((await call.update({ direction: 'sendrecv', videoDirection: 'recvonly' })).status).toBe(200);
  expect((await changed)[0].map((line) => line.direction)).toEqual(['sendrecv', 'recvonly']);
  call.hangup();
});

test('INFO goes across while two talk, and is answered by the rules of RFC 6086', async () => {
  const terminal = await world.terminal('1001', { screen: true });
  const seat = await world.seat('2001');
  const ringing = nextCall(seat);
  const { call, screen } = await dialScreen(terminal, '6100');
  const unknown = await call.info('application/x', '{}', 'weather');
  expect(unknown.status).toBe(469);
  expect(unknown.header('recv-info')).toContain('visual-menu');
  expect((await call.info('application/visual-menu+json', 'no json', 'visual-menu')).status).toBe(400);
  expect((await call.info('text/plain', 'x', 'visual-menu')).status).toBe(415);
  const seatCall = await ringing;
  seatCall.answer();
  await screen.waitFor('connected');
  const digit = seatCall.next('info');
  expect((await call.info('application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n')).status).toBe(200);
  expect((await digit)[0].body).toContain('Signal=5');
  const refresh = call.next('info');
  await seatCall.info('application/media_control+xml', '<media_control/>');
  expect((await refresh)[0].contentType).toBe('application/media_control+xml');
  const text = screen.waitFor('text');
  expect((await seatCall.ask('MESSAGE', { contentType: 'text/plain', body: 'Hello' })).status).toBe(200);
  expect(await text).toMatchObject({ from: 'Anna Weber', text: 'Hello' });
  call.hangup();
});

test('a choice that is not on the page shows the page again; a repeated message is ignored', async () => {
  const terminal = await world.terminal('1001', { screen: true });
  const { call, screen } = await dialScreen(terminal, '6001');
  const home = await screen.waitFor('page');
  expect((await screen.choose('7777')).status).toBe(200);
  expect(await screen.waitFor('page')).toMatchObject({ id: home.id });
  const shown = screen.log.length;
  const repeated = JSON.stringify({ v: 1, seq: 1, type: 'home' });
  expect((await call.info('application/visual-menu+json', repeated, 'visual-menu')).status).toBe(200);
  expect(screen.log).toHaveLength(shown);
  call.hangup();
});

test('who drops while waiting and dials again within the grace period is back in his place', async () => {
  const first = await world.terminal('1001', { screen: true });
  const second = await world.terminal('1002', { screen: true });
  const before = await dialScreen(first, '6100');
  await before.screen.waitFor('queue', (place) => place.position === 1);
  const other = await dialScreen(second, '6100');
  await other.screen.waitFor('queue', (place) => place.position === 2);
  before.call.hangup();
  await before.call.untilEnded();
  const after = await dialScreen(first, '6100');
  expect(await after.screen.waitFor('queue')).toMatchObject({ position: 1, waiting: 2 });
  const seat = await world.seat('2001');
  (await nextCall(seat)).answer();
  await after.screen.waitFor('connected');
  expect(await other.screen.waitFor('queue', (place) => place.position === 1)).toMatchObject({ waiting: 1 });
  after.call.hangup();
  other.call.hangup();
});

test('a screen that refuses its page leads to the menu as video, where keys choose, not to the end of the call', async () => {
  const terminal = await world.terminal('1001', { screen: true });
  const seat = await world.seat('2001');
  const ringing = nextCall(seat);
  const call = terminal.invite('6001');
  call.onInfo = () => ({ status: 501 });
  await eventually(
    async () => (await world.get('/v1/calls')).body.calls as { face: string; state: string }[],
    ([one]) => one?.face === 'video' && one.state === 'menu',
  );
  await call.info('application/dtmf-relay', 'Signal=0\r\nDuration=160\r\n');
  const seatCall = await ringing;
  seatCall.answer();
  await call.next('media');
  expect(call.remoteMedia.map((line) => line.direction)).toEqual(['sendrecv', 'sendrecv']);
  call.hangup();
});

test('wrong credentials, unknown users and numbers get their own status', async () => {
  const wrong = await world.terminal('1001', { password: 'guess' });
  expect((await wrong.invite('6100').untilEnded()).status).toBe(401);
  const unknown = await world.terminal('4711', { password: 'demo-terminal' });
  expect((await unknown.invite('6100').untilEnded()).status).toBe(401);
  const terminal = await world.terminal('1001');
  expect((await terminal.invite('9999').untilEnded()).status).toBe(404);
  expect((await terminal.invite('7555').untilEnded()).status).toBe(404);
  const short = terminal.invite('6100', { headers: ['Session-Expires: 30', 'Supported: timer'] });
  expect((await short.untilEnded()).status).toBe(422);
  const redirected = terminal.invite('help-tickets');
  const [, redirection] = await redirected.next('redirected');
  expect(redirection.header('contact')).toMatch(/^<sip:7\d{3}@sightline\.test>;expires=\d+$/);
});
