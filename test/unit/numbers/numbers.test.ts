import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { inProject } from '../../../src/lib/paths';
import { Numbers } from '../../../src/numbers/numbers';
import type { NumberLimits } from '../../../src/numbers/numbers';
import { numberArrows } from '../../../src/numbers/states';
import type { LeaseRequest, PoolConfig } from '../../../src/numbers/types';
import { openStore } from '../../../src/store/connection';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis, randomSite, sharedRedis, startRedis } from '../../support/redis';

let redis: Redis;
beforeAll(async () => {
  redis = new Redis((await sharedRedis()).url);
});
afterAll(async () => {
  redis.disconnect();
  await closeSharedRedis();
});

const pool = (from: number, to: number, changes: Partial<PoolConfig> = {}): PoolConfig => ({
  id: 'main',
  from,
  to,
  lease: 120,
  quarantine: 300,
  ...changes,
});

async function setUp(pools: PoolConfig[] = [pool(7000, 7002)], limits: Partial<NumberLimits> = {}) {
  const clock = new ManualClock();
  const keys = makeKeys(randomSite());
  const open = (): Numbers => new Numbers({ redis, keys, clock, log: silentLogger, limits });
  const numbers = open();
  const events: string[] = [];
  numbers.on('ready', ({ terminal, request, number }) => events.push(`ready ${terminal} ${request} ${number}`));
  numbers.on('lapsed', ({ terminal, request }) => events.push(`lapsed ${terminal} ${request}`));
  numbers.on('lost', (number) => events.push(`lost ${number}`));
  await numbers.usePools(pools);
  let serial = 0;
  const ask = (terminal: string, changes: Partial<LeaseRequest> = {}): LeaseRequest => {
    serial += 1;

    return { terminal, request: `r${serial}`, pool: 'main', service: 's', flow: 'f', planVersion: 'v1', ...changes };
  };
  const lease = async (terminal: string, changes: Partial<LeaseRequest> = {}): Promise<string> =>
    (await numbers.lease(ask(terminal, changes))).number;
  /** A wait in seconds, then a sweep. */
  const pass = async (seconds: number): Promise<void> => {
    clock.advance(seconds * 1000);
    await numbers.sweep();
  };

  return { clock, keys, numbers, open, events, ask, lease, pass };
}

describe('leasing', () => {
  it('gives each terminal a number of its own, with all it needs to know', async () => {
    const { numbers, ask, clock } = await setUp();
    const first = await numbers.lease(
      ask('1001', { request: 'a', place: 'Hall 1', locale: 'de', context: { x: [1] } }),
    );
    expect(first).toEqual({
      number: '7000',
      pool: 'main',
      terminal: '1001',
      request: 'a',
      service: 's',
      flow: 'f',
      place: 'Hall 1',
      locale: 'de',
      context: { x: [1] },
      planVersion: 'v1',
      state: 'leased',
      leasedAt: clock.now(),
      expiresAt: clock.now() + 120_000,
      again: false,
    });
    expect((await numbers.lease(ask('1002'))).number).toBe('7001');
  });

  it('gives the same number to the same request of the same terminal', async () => {
    const { lease, numbers, pass } = await setUp();
    expect(await lease('1001', { request: 'a' })).toBe('7000');
    expect(await lease('1001', { request: 'a' })).toBe('7000');
    expect(await lease('1002', { request: 'a' })).toBe('7001');
    expect(await lease('1001', { request: 'b' })).toBe('7002');
    await numbers.claim('7000', '1001');
    await expect(lease('1001', { request: 'a' })).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
    await numbers.release('7000');
    await pass(300);
    expect(await lease('1001', { request: 'a' })).toBe('7000');
  });

  it('says when the first number is expected back', async () => {
    const { lease, numbers, clock } = await setUp([pool(7000, 7001)]);
    await lease('1001');
    clock.advance(30_000);
    await lease('1002');
    await expect(lease('1003')).rejects.toMatchObject({ code: 'POOL_EXHAUSTED', retryAfter: 390, queued: false });
    await numbers.claim('7000', '1001');
    await expect(lease('1003')).rejects.toMatchObject({ retryAfter: 420 });
    await numbers.claim('7001', '1002');
    await expect(lease('1003')).rejects.toMatchObject({ retryAfter: 60 });
    await numbers.release('7000');
    clock.advance(250_000);
    await expect(lease('1003')).rejects.toMatchObject({ retryAfter: 50 });
    clock.advance(50_000);
    expect(await lease('1003')).toBe('7000');
  });

  it('leases the number that is out of use for longest', async () => {
    const { lease, numbers, pass } = await setUp();
    for (const terminal of ['1001', '1002', '1003']) await lease(terminal);
    for (const number of ['7001', '7002', '7000']) {
      await numbers.giveBack(number);
      await pass(1);
    }
    await pass(300);
    expect([await lease('a'), await lease('b'), await lease('c')]).toEqual(['7001', '7002', '7000']);
  });

  it('takes all never used numbers in turn before it uses one again', async () => {
    const { lease, numbers, pass } = await setUp([pool(7000, 7003, { quarantine: 0 })]);
    const seen: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const number = await lease('1001');
      seen.push(number);
      await numbers.giveBack(number);
      await pass(1);
    }
    expect(seen).toEqual(['7000', '7001', '7002', '7003', '7000', '7001']);
  });

  it('lets one terminal have no more than its share', async () => {
    const { lease, numbers, pass } = await setUp([pool(7000, 7099)], { leasesPerTerminal: 2 });
    await lease('1001');
    await lease('1001');
    await expect(lease('1001')).rejects.toMatchObject({ code: 'TOO_MANY_LEASES' });
    await lease('1002');
    await numbers.claim('7000', '1001');
    await lease('1001');
    await expect(lease('1001')).rejects.toMatchObject({ code: 'TOO_MANY_LEASES' });
    await pass(120);
    await lease('1001');
  });

  it('knows no other pool', async () => {
    const { lease } = await setUp();
    await expect(lease('1001', { pool: 'other' })).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
  });
});

describe('dialling', () => {
  it('is for the terminal that the number was leased to, once', async () => {
    const { lease, numbers } = await setUp();
    const number = await lease('1001', { context: { ticket: 5 } });
    await expect(numbers.claim(number, '1002')).rejects.toMatchObject({ code: 'NUMBER_FOREIGN' });
    const claimed = await numbers.claim(number, '1001');
    expect(claimed).toMatchObject({
      number,
      state: 'used',
      again: false,
      context: { ticket: 5 },
      token: expect.any(String),
    });
    await expect(numbers.claim(number, '1001')).rejects.toMatchObject({ code: 'NUMBER_USED' });
    await expect(numbers.claim(number, '1002')).rejects.toMatchObject({ code: 'NUMBER_FOREIGN' });
  });

  it('is too late after the lease, whether or not it was swept', async () => {
    const { lease, numbers, clock, pass } = await setUp();
    const number = await lease('1001');
    clock.advance(120_000);
    await expect(numbers.claim(number, '1001')).rejects.toMatchObject({ code: 'NUMBER_EXPIRED' });
    await pass(0);
    await expect(numbers.claim(number, '1001')).rejects.toMatchObject({ code: 'NUMBER_EXPIRED' });
    await expect(numbers.claim(number, '1002')).rejects.toMatchObject({ code: 'NUMBER_EXPIRED' });
    await pass(300);
    await expect(numbers.claim(number, '1001')).rejects.toMatchObject({ code: 'NUMBER_EXPIRED' });
    await expect(numbers.claim(number, '1002')).rejects.toMatchObject({ code: 'NUMBER_UNKNOWN' });
  });

  it('says of a number that it was used, as long as nobody else has it', async () => {
    const { lease, numbers, pass } = await setUp([pool(7000, 7000)]);
    await lease('1001');
    await numbers.claim('7000', '1001');
    await numbers.release('7000');
    await expect(numbers.claim('7000', '1001')).rejects.toMatchObject({ code: 'NUMBER_USED' });
    await pass(300);
    await expect(numbers.claim('7000', '1001')).rejects.toMatchObject({ code: 'NUMBER_USED' });
    await lease('1002');
    await expect(numbers.claim('7000', '1001')).rejects.toMatchObject({ code: 'NUMBER_FOREIGN' });
  });

  it.each(['7001', '9', '', 'help', '7000\r\n', '1'.repeat(40)])('knows no number %j', async (number) => {
    const { lease, numbers } = await setUp();
    await lease('1001');
    await expect(numbers.claim(number, '1001')).rejects.toMatchObject({ code: 'NUMBER_UNKNOWN' });
  });

  it('works again for a terminal that was cut off, within the grace', async () => {
    const { lease, numbers, clock, pass } = await setUp();
    await lease('1001', { context: 'c' });
    await numbers.claim('7000', '1001');
    await numbers.release('7000', { redialUntil: clock.now() + 60_000 });
    await expect(numbers.claim('7000', '1002')).rejects.toMatchObject({ code: 'NUMBER_FOREIGN' });
    await pass(59);
    expect(await numbers.claim('7000', '1001')).toMatchObject({ again: true, context: 'c' });
    await numbers.release('7000', { redialUntil: clock.now() + 60_000 });
    await pass(60);
    await expect(numbers.claim('7000', '1001')).rejects.toMatchObject({ code: 'NUMBER_USED' });
  });

  it('is given back, or kept for a redial, although the store was away when the call ended', async () => {
    const own = await startRedis({ appendonly: true });
    const store = await openStore({ url: own.url, log: silentLogger });
    const clock = new ManualClock();
    const numbers = new Numbers({ redis: store.redis, keys: makeKeys(randomSite()), clock, log: silentLogger });
    await numbers.usePools([pool(7000, 7002)]);
    for (const [index, number] of ['7000', '7001', '7002'].entries()) {
      await numbers.lease({
        terminal: '1001',
        request: `r${index}`,
        pool: 'main',
        service: 's',
        flow: 'f',
        planVersion: '1',
      });
      await numbers.claim(number, '1001');
    }
    await own.kill();
    await numbers.release('7000');
    await numbers.release('7001', { redialUntil: clock.now() + 60_000 });
    await numbers.release('7002', { redialUntil: clock.now() + 60_000 });
    await own.start();
    await store.whenAvailable(10_000);
    expect(await numbers.claim('7001', '1001')).toMatchObject({ again: true });
    await numbers.sweep();
    expect(await numbers.find('7000')).toMatchObject({ state: 'resting' });
    expect(await numbers.find('7002')).toMatchObject({ state: 'redial' });
    expect(await numbers.find('7001')).toMatchObject({ state: 'used' });
    await numbers.close();
    await store.close();
    await own.close();
  });

  it('may take over a call of its own that seems to be under way; the old call then has no say', async () => {
    const { lease, numbers, open, pass } = await setUp();
    const other = open();
    await lease('1001');
    await numbers.claim('7000', '1001');
    expect(await other.claim('7000', '1001', { takeOver: true })).toMatchObject({ again: true });
    await expect(other.claim('7000', '1002', { takeOver: true })).rejects.toMatchObject({ code: 'NUMBER_FOREIGN' });
    await numbers.release('7000');
    expect(await numbers.find('7000')).toMatchObject({ state: 'used' });
    await pass(300);
    await other.release('7000');
    expect(await numbers.find('7000')).toMatchObject({ state: 'resting' });
  });
});

describe('a claim', () => {
  it('holds while it is renewed', async () => {
    const { lease, numbers, clock } = await setUp();
    await lease('1001');
    await numbers.claim('7000', '1001');
    for (let i = 0; i < 10; i += 1) {
      clock.advance(30_000);
      await numbers.renew();
      await numbers.sweep();
    }
    expect(await numbers.find('7000')).toMatchObject({ state: 'used' });
  });

  it('of a dead server gives the terminal its grace, and leaks no number', async () => {
    const { lease, numbers, open, pass, events } = await setUp([pool(7000, 7000)]);
    await lease('1001');
    const dead = open();
    await dead.claim('7000', '1001');
    await pass(60);
    expect(await numbers.find('7000')).toMatchObject({ state: 'redial' });
    expect(await numbers.claim('7000', '1001')).toMatchObject({ again: true });
    dead.on('lost', (number) => events.push(`dead lost ${number}`));
    await dead.renew();
    expect(events).toEqual(['dead lost 7000']);
    await pass(60);
    await pass(60);
    await pass(300);
    expect(await lease('1002')).toBe('7000');
  });

  it('of a dead server can be dialled again before the sweep has seen it', async () => {
    const { lease, numbers, open, clock } = await setUp();
    await lease('1001');
    await open().claim('7000', '1001');
    clock.advance(60_000);
    expect(await numbers.claim('7000', '1001')).toMatchObject({ again: true });
    clock.advance(120_001);
    await expect(numbers.claim('7000', '1001')).rejects.toMatchObject({ code: 'NUMBER_USED' });
  });

  it('is gone on with by the server that adopts the call', async () => {
    const { lease, numbers, open, pass } = await setUp();
    await lease('1001');
    const { token } = await open().claim('7000', '1001');
    numbers.adopt('7000', token!);
    await pass(40);
    await numbers.renew();
    await pass(40);
    expect(await numbers.find('7000')).toMatchObject({ state: 'used' });
    await numbers.release('7000');
    expect(await numbers.find('7000')).toMatchObject({ state: 'resting' });
  });
});

describe('the line', () => {
  it('is served first come first served when numbers come free', async () => {
    const { numbers, lease, ask, pass, events } = await setUp([pool(7000, 7001)]);
    await lease('1001');
    await lease('1002');
    const wait = (terminal: string, request: string): Promise<unknown> =>
      numbers.lease(ask(terminal, { request, place: 'P' }), { wait: true }).catch((error: unknown) => error);
    expect(await wait('a', '1')).toMatchObject({ code: 'POOL_EXHAUSTED', retryAfter: 420, queued: true });
    await wait('b', '2');
    await wait('c', '3');
    // Asking again keeps the place.
    await wait('a', '4');
    await numbers.giveBack('7001');
    await pass(299);
    expect(events).toEqual([]);
    await pass(1);
    expect(events).toEqual(['ready a 4 7001']);
    expect(await numbers.claim('7001', 'a')).toMatchObject({ place: 'P', request: '4' });
    await pass(120);
    expect(events).toEqual(['ready a 4 7001', 'ready b 2 7000']);
  });

  it('is not overtaken by newcomers', async () => {
    const { numbers, lease, ask, clock, events } = await setUp([pool(7000, 7000, { quarantine: 10 })]);
    await lease('1001');
    await expect(numbers.lease(ask('a'), { wait: true })).rejects.toMatchObject({ queued: true });
    clock.advance(130_000);
    await expect(lease('b')).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
    expect(events).toEqual(['ready a r2 7000']);
  });

  it('is bounded', async () => {
    const { numbers, lease, ask } = await setUp([pool(7000, 7000)], { waitingPerPool: 2 });
    await lease('1001');
    const queued = async (terminal: string): Promise<boolean> => {
      const error = await numbers.lease(ask(terminal), { wait: true }).catch((thrown: unknown) => thrown);

      return (error as { queued: boolean }).queued;
    };
    expect([await queued('a'), await queued('b'), await queued('c'), await queued('a')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });

  it('gives up after a while, unless asked again', async () => {
    const { numbers, lease, ask, pass, events } = await setUp([pool(7000, 7000, { lease: 3_600 })]);
    await lease('1001');
    const wait = (terminal: string) =>
      numbers.lease(ask(terminal, { request: 'r' }), { wait: true }).catch(() => undefined);
    await wait('a');
    await wait('b');
    await pass(300);
    await wait('a');
    await pass(300);
    expect(events).toEqual(['lapsed b r']);
    await pass(300);
    expect(events).toEqual(['lapsed b r', 'lapsed a r']);
  });

  it('is served when the pool grows', async () => {
    const { numbers, lease, ask, events } = await setUp([pool(7000, 7000)]);
    await lease('1001');
    await numbers.lease(ask('a b'), { wait: true }).catch(() => undefined);
    await numbers.usePools([pool(7000, 7001)]);
    expect(events).toEqual(['ready a b r2 7001']);
  });
});

describe('an edit of the dialplan', () => {
  it('keeps leases good and leases removed numbers no more', async () => {
    const { numbers, lease, pass } = await setUp([pool(7000, 7002)]);
    for (const terminal of ['a', 'b', 'c']) await lease(terminal);
    await numbers.usePools([pool(7001, 7001)]);
    expect(await numbers.claim('7000', 'a')).toMatchObject({ state: 'used' });
    await numbers.release('7000');
    await pass(500);
    await pass(500);
    expect(await lease('d')).toBe('7001');
    await expect(lease('e')).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
  });

  it('moves numbers from one pool to another', async () => {
    const { numbers, lease, pass } = await setUp([pool(7000, 7001)]);
    await lease('a');
    await numbers.usePools([pool(7000, 7001, { id: 'other' })]);
    expect(await lease('b', { pool: 'other' })).toBe('7001');
    await expect(lease('c')).rejects.toMatchObject({ code: 'POOL_EXHAUSTED' });
    await pass(500);
    expect([await lease('c', { pool: 'other' }), await lease('d', { pool: 'other' })]).toEqual(['7000', '7001']);
  });

  it('brings back numbers that had been taken away', async () => {
    const { numbers, lease, pass } = await setUp([pool(7000, 7001)]);
    await lease('a');
    await lease('b');
    await numbers.usePools([]);
    await pass(500);
    await numbers.usePools([pool(7000, 7001)]);
    expect([await lease('c'), await lease('d')]).toEqual(['7000', '7001']);
  });

  it('that changes times only counts from the next lease on', async () => {
    const { numbers, ask, clock } = await setUp();
    const before = await numbers.lease(ask('a'));
    await numbers.usePools([pool(7000, 7002, { lease: 5 })]);
    const after = await numbers.lease(ask('b'));
    expect([before.expiresAt, after.expiresAt, after.number]).toEqual([
      clock.now() + 120_000,
      clock.now() + 5_000,
      '7001',
    ]);
  });
});

describe('the timers', () => {
  it('sweep and renew until closed', async () => {
    const { numbers, lease, clock } = await setUp([pool(7000, 7000)]);
    await lease('1001');
    await numbers
      .lease({ terminal: 'a', request: 'r', pool: 'main', service: 's', flow: 'f', planVersion: 'v' }, { wait: true })
      .catch(() => undefined);
    clock.advance(419_500);
    const ready = new Promise((resolve) => numbers.on('ready', resolve));
    numbers.start();
    numbers.start();
    expect(clock.pendingCount).toBe(2);
    clock.advance(1_000);
    expect(await ready).toMatchObject({ number: '7000', terminal: 'a' });
    await numbers.close();
    await numbers.close();
    expect(clock.pendingCount).toBe(0);
  });
});

describe('docs/numbers.md', () => {
  it('draws the arrows that the scripts hold to', () => {
    const rows = readFileSync(inProject('docs', 'numbers.md'), 'utf8').matchAll(/^\| `(\w+)` +\|[^|]*\|([^|]*)\|$/gm);
    const drawn = Object.fromEntries(
      [...rows].map(([, state, arrows = '']) => {
        const parts = arrows.split(';').flatMap((part) => {
          const [inputs = '', target = ''] = part.split('->');
          const to = /`(\w+)`/.exec(target)?.[1];

          return [...inputs.matchAll(/[a-z]+/gi)].map(([input]) => [input, to]);
        });

        return [state, Object.fromEntries(parts)];
      }),
    );
    expect(drawn).toEqual(numberArrows);
  });
});
