import { Redis } from 'ioredis';
import type { CallbackConfig } from '../../../src/acd/config';
import {
  afterMiss,
  callbackFor,
  terminalRingMs,
  untilOpening,
  type CallbackRecord,
} from '../../../src/calls/callback-rules';
import { CallbackStore } from '../../../src/calls/callback-store';
import type { CallRecord } from '../../../src/calls/record';
import { newMedia } from '../../../src/calls/media';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis, randomSite, sharedRedis } from '../../support/redis';

const rules: CallbackConfig = { order: 'agent-first', attempts: 3, retryDelay: 60, ringTimeout: 30 };

const asking: CallRecord = {
  id: 'call_1',
  site: 'demo',
  node: 'one',
  planVersion: 'v1',
  number: '6100',
  flow: 'support-direct',
  caller: { user: '1001', kind: 'terminal', source: '127.0.0.1:5060' },
  locale: 'de',
  face: 'screen',
  state: 'queued',
  terminal: {
    media: newMedia('127.0.0.1'),
    leg: { dialogId: 'd', callId: 'c', role: 'uas', peer: 'sip:1001@x', allow: [], visualMenu: true },
  },
  queue: 'support',
  ticketId: 'ticket_1',
  context: { place: 'Platform 3' },
  startedAt: 1000,
  queuedAt: 2000,
  history: [],
};

function callback(change: Partial<CallbackRecord> = {}): CallbackRecord {
  return { ...callbackFor(asking, rules, { queue: 'support', now: 5000 }), ...change };
}

describe('what is kept of one who asks', () => {
  test('all that a call to him needs, and the rules as they were then', () => {
    expect(callback()).toEqual({
      ...{ ticketId: 'ticket_1', callId: 'call_1', caller: asking.caller, number: '6100', flow: 'support-direct' },
      ...{ queue: 'support', planVersion: 'v1', locale: 'de', context: { place: 'Platform 3' }, visualMenu: true },
      ...{ rules, queuedAt: 2000, askedAt: 5000, attempts: 0 },
    });
  });

  test('a phone without a screen is called without the offer of one', () => {
    const { leg: _leg, ...terminal } = asking.terminal;
    expect(callbackFor({ ...asking, terminal }, rules, { queue: 'support', now: 0 }).visualMenu).toBe(false);
  });
});

describe('a call that was missed', () => {
  test('is made again after the delay, until all are used', () => {
    const first = afterMiss(callback());
    expect(first).toEqual({ record: callback({ attempts: 1 }), postpone: 60_000 });
    expect(afterMiss(callback({ attempts: 1 }))).toEqual({ record: callback({ attempts: 2 }), postpone: 60_000 });
    expect(afterMiss(callback({ attempts: 2 }))).toBe('give-up');
    expect(afterMiss(callback({ rules: { ...rules, attempts: 1 } }))).toBe('give-up');
  });
});

describe('how long the person is rung', () => {
  const lease = (left: number) => ({ offer: { expiresAt: 1_000_000 + left }, now: 1_000_000, seatRingMs: 20_000 });

  test('as the rules say, while the lease of the seat allows it', () => {
    expect(terminalRingMs(rules, lease(60_000))).toBe(30_000);
    expect(terminalRingMs(rules, lease(20_500))).toBe(20_000);
    expect(terminalRingMs(rules, lease(-5))).toBe(0);
  });

  test('a seat that is rung after him gets its time of the lease, or half of it', () => {
    const callerFirst: CallbackConfig = { ...rules, order: 'caller-first' };
    expect(terminalRingMs(callerFirst, lease(60_500))).toBe(30_000);
    expect(terminalRingMs(callerFirst, lease(45_500))).toBe(25_000);
    expect(terminalRingMs(callerFirst, lease(20_500))).toBe(10_000);
  });
});

test('nobody is called before the opening', () => {
  expect(untilOpening(undefined, 10)).toBe(0);
  expect(untilOpening(5, 10)).toBe(0);
  expect(untilOpening(3_600_010, 10)).toBe(3_600_000);
});

describe('the store', () => {
  let client: Redis;
  const keys = makeKeys(randomSite());

  beforeAll(async () => {
    client = new Redis((await sharedRedis()).url);
  });

  afterAll(async () => {
    client.disconnect();
    await closeSharedRedis();
  });

  test('gives a callback to any process, until it is removed', async () => {
    const one = new CallbackStore(client, keys);
    const other = new CallbackStore(client, keys);
    await one.save(callback());
    expect(await other.find('ticket_1')).toEqual(callback());
    await one.save(callback({ attempts: 1 }));
    expect((await other.find('ticket_1'))?.attempts).toBe(1);
    await other.remove('ticket_1');
    expect(await one.find('ticket_1')).toBeUndefined();
  });

  test('keeps none for ever', async () => {
    await new CallbackStore(client, keys).save(callback());
    const seconds = await client.ttl(keys.callback('ticket_1'));
    expect(seconds).toBeGreaterThan(24 * 3600);
    expect(seconds).toBeLessThanOrEqual(7 * 24 * 3600);
  });
});
