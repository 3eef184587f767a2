import { readRecord } from '../../../src/acd/rows';
import { closeSharedRedis, sharedRedis } from '../../support/redis';
import { Redis } from 'ioredis';
import { Desk } from './desk';

let redis: Redis;
let desk: Desk;

beforeAll(async () => {
  redis = new Redis((await sharedRedis()).url);
});

beforeEach(async () => {
  desk = new Desk(redis);
  await desk.run('renewNode', { expiresAt: desk.now + 10_000 });
  await desk.run('seatUp', { seatId: 's1' });
  for (const ticketId of ['x', 'y']) await desk.run('enqueueTicket', { ticketId, terminal: ticketId });
});

afterAll(async () => {
  await redis.quit();
  await closeSharedRedis();
});

describe('a record', () => {
  it('is read as an earlier version wrote it, a list in JSON', async () => {
    for (const key of [desk.keys.ticket('x'), desk.keys.seat('s1')]) {
      await redis.set(key, JSON.stringify(readRecord((await redis.get(key)) ?? '')));
    }
    expect(await desk.run('offerTicket', { ticketId: 'x', seatId: 's1' })).toBe(1);
    expect([await desk.ticket('x', 'state'), await desk.seat('s1', 'state')]).toEqual(['offered', 'reserved']);
  });

  it.each(['nothing of ours', '["another","list"]', '[', ''])('fails alone when it is no record: %j', async (text) => {
    await redis.set(desk.keys.ticket('x'), text);
    await expect(desk.run('leaveTicket', { ticketId: 'x' })).rejects.toThrow(/ticket:x holds no record/);
    expect(await desk.run('leaveTicket', { ticketId: 'y' })).not.toBeInstanceOf(Error);
  });

  it('does not keep the other tickets of a dead node when it cannot be read', async () => {
    await redis.set(desk.keys.ticket('x'), 'nothing of ours');
    desk.now += 20_000;
    expect(await desk.run('releaseNode', {}, 'two~1')).toBe(0);
    expect(await desk.ticket('y', 'state')).toBe('dropped');
    expect(await desk.run('adoptTickets', { dead: 'one', kind: 'orphans' }, 'one~2')).toEqual([0, ['y']]);
  });

  it('is not missed when a node takes over what it had before it was started again', async () => {
    await redis.set(desk.keys.ticket('x'), 'nothing of ours');
    expect(await desk.run('adoptTickets', { dead: 'one~1', kind: 'node-tickets' }, 'one~2')).toEqual([0, ['y']]);
  });
});
