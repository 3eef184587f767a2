import { makeKeys } from '../../src/store/keys';
import { startCluster, type TestCluster } from '../support/redis-cluster';
import { dialScreen, eventually, nextCall, World } from './world';

/** The whole server on a Redis Cluster of three masters. */

jest.setTimeout(30_000);

const { root } = makeKeys('demo');
let cluster: TestCluster;
let world: World;

beforeAll(async () => {
  cluster = await startCluster();
  world = await World.open({ env: { REDIS_URL: cluster.url } });
});

afterAll(async () => {
  await world.close();
  await cluster.close();
});

async function ready(): Promise<void> {
  await eventually(
    () => world.get('/readyz'),
    ({ status }) => status === 200,
  );
}

/** The slot of the site moves, and the server has noticed. */
async function move(): Promise<void> {
  await cluster.moveSlot(root);
  // Whoever asks is told of the move, and the server with him.
  await eventually(
    () => world.get('/v1/queues'),
    ({ status }) => status === 200,
  );
  await ready();
}

test('a call waits, talks and ends, while the slot of the site moves from master to master', async () => {
  const { call, screen } = await dialScreen(await world.terminal('1001', { screen: true }), '6100');
  await screen.waitFor('queue');
  const { body } = await world.get('/v1/queues/support');
  const [waiting] = body.tickets as { ticketId: string; callId: string }[];
  await move();
  const seat = await world.seat('2001');
  const seatCall = await nextCall(seat);
  seatCall.answer();
  expect(await screen.waitFor('connected')).toMatchObject({ agent: { name: 'Anna Weber' } });
  await move();
  expect((await world.get(`/v1/tickets/${waiting!.ticketId}`)).body).toMatchObject({ state: 'talking' });
  const ended = seatCall.untilEnded();
  call.hangup();
  expect((await ended).by).toBe('remote');
  await eventually(
    () => world.get(`/v1/queues/support`),
    ({ body: now }) => now.answered === 1 && now.waiting === 0,
  );
  expect((await world.get(`/v1/calls/${waiting!.callId}`)).body).toMatchObject({
    ticketId: waiting!.ticketId,
    state: 'ended',
    end: { by: 'caller' },
  });
});
