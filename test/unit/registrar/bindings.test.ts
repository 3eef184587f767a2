import { Redis } from 'ioredis';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { Bindings } from '../../../src/sip/registrar/bindings';
import type { BindingUpdate, UnregisterCause } from '../../../src/sip/registrar/bindings';
import type { Binding } from '../../../src/sip/registrar/binding';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis, randomSite, sharedRedis } from '../../support/redis';

let redis: Redis;
beforeAll(async () => {
  redis = new Redis((await sharedRedis()).url);
});
afterAll(async () => {
  redis.disconnect();
  await closeSharedRedis();
});

function setUp() {
  const clock = new ManualClock();
  const keys = makeKeys(randomSite());
  const bindings = new Bindings({ redis, keys, clock, log: silentLogger });
  const events: string[] = [];
  bindings.on('registered', (user, binding) => events.push(`+${user} ${binding.key}`));
  bindings.on('unregistered', (user: string, cause: UnregisterCause) => events.push(`-${user} ${cause}`));
  const source = { transport: 'udp', address: '192.0.2.1', port: 5070 };
  const contact = (key: string, changes: Partial<Binding> = {}): Binding => ({
    user: '1001',
    contact: `sip:${key}`,
    key,
    q: 1,
    expiresAt: clock.now() + 60_000,
    updatedAt: clock.now(),
    callId: 'call',
    cseq: 1,
    source,
    route: source,
    ...changes,
  });
  const update = (changes: Partial<BindingUpdate>): Promise<string[]> =>
    bindings
      .update({ user: '1001', callId: 'call', cseq: 1, clear: false, add: [], remove: [], most: 3, ...changes })
      .then((all) => all.map(({ key }) => key));

  return { clock, keys, bindings, events, contact, update };
}

describe('Bindings', () => {
  it('keeps several contacts of a user and gives them best first', async () => {
    const { bindings, contact, update, clock } = setUp();
    await update({ add: [contact('a', { q: 0.5 }), contact('b')] });
    clock.advance(10);
    expect(await update({ add: [contact('c')], callId: 'other' })).toEqual(['c', 'b', 'a']);
    expect((await bindings.lookup('1001')).map(({ key }) => key)).toEqual(['c', 'b', 'a']);
    expect(await bindings.lookup('1002')).toEqual([]);
  });

  it('keeps every field of a binding', async () => {
    const { bindings, contact, update } = setUp();
    const full = contact('a', { instance: '"<urn:uuid:1>"', regId: '1', userAgent: 'phone "x" é', q: 0.3 });
    await update({ add: [full] });
    expect(await bindings.lookup('1001')).toEqual([full]);
  });

  it('refuses more contacts than the site allows and then changes nothing', async () => {
    const { contact, update, events } = setUp();
    await update({ add: [contact('a'), contact('b')] });
    await expect(update({ add: [contact('c'), contact('d')], cseq: 2 })).rejects.toMatchObject({
      code: 'TOO_MANY_CONTACTS',
    });
    expect(await update({})).toEqual(['a', 'b']);
    expect(events).toEqual(['+1001 a', '+1001 b']);
    expect(await update({ add: [contact('c')], remove: ['a'], cseq: 2 })).toEqual(['b', 'c']);
  });

  it.each([
    ['an equal CSeq', { cseq: 5 }, false],
    ['a lower CSeq', { cseq: 4 }, false],
    ['a higher CSeq', { cseq: 6 }, true],
    ['a lower CSeq of another call', { cseq: 1, callId: 'other' }, true],
  ])('with %s of what was seen', async (_what, changes, taken) => {
    const { contact, update } = setUp();
    await update({ cseq: 5, add: [contact('a', { cseq: 5 }), contact('b', { cseq: 5 })] });
    for (const change of [{ add: [contact('a', changes)] }, { remove: ['a'] }, { clear: true }]) {
      const done = update({ ...change, ...changes });
      if (taken) await done;
      else await expect(done).rejects.toMatchObject({ code: 'STALE_REGISTRATION' });
      if (taken) break;
      expect(await update({})).toEqual(['a', 'b']);
    }
  });

  it('removes one contact, or all of them, and tells when the last is gone', async () => {
    const { contact, update, events, bindings } = setUp();
    await update({ add: [contact('a'), contact('b')] });
    events.length = 0;
    expect(await update({ remove: ['a', 'never-there'], cseq: 2 })).toEqual(['b']);
    expect(events).toEqual([]);
    expect(await update({ clear: true, cseq: 3 })).toEqual([]);
    expect(events).toEqual(['-1001 removed']);
    await update({ clear: true, cseq: 4 });
    expect(events).toEqual(['-1001 removed']);
    expect(await bindings.users()).toEqual([]);
  });

  it('expires contacts each at its time, and tells when the last is gone', async () => {
    const { contact, update, events, bindings, clock, keys } = setUp();
    await update({ add: [contact('a'), contact('b', { expiresAt: clock.now() + 90_000 })] });
    await update({ user: '2001', add: [contact('c', { user: '2001', expiresAt: clock.now() + 90_000 })] });
    events.length = 0;
    clock.advance(60_000);
    expect((await bindings.lookup('1001')).map(({ key }) => key)).toEqual(['b']);
    await bindings.sweep();
    expect(events).toEqual([]);
    expect((await bindings.users()).sort()).toEqual(['1001', '2001']);
    clock.advance(30_000);
    expect(await bindings.lookup('1001')).toEqual([]);
    await bindings.sweep();
    expect(events.sort()).toEqual(['-1001 expired', '-2001 expired']);
    expect(await redis.keys(`${keys.root}*`)).toEqual([]);
  });

  it('tells of an expiry that a query came before', async () => {
    const { contact, update, events, bindings, clock } = setUp();
    await update({ add: [contact('a')] });
    clock.advance(60_001);
    expect(await update({})).toEqual([]);
    await bindings.sweep();
    expect(events).toEqual(['+1001 a', '-1001 expired']);
  });

  it('lets a refresh overtake the sweep', async () => {
    const { contact, update, events, bindings, clock } = setUp();
    await update({ add: [contact('a')] });
    clock.advance(60_001);
    await update({ cseq: 2, add: [contact('a', { cseq: 2 })] });
    await bindings.sweep();
    expect(events).toEqual(['+1001 a', '+1001 a']);
    expect(await bindings.users()).toEqual(['1001']);
  });

  it('sweeps by itself once a second until closed', async () => {
    const { contact, update, bindings, clock } = setUp();
    await update({ add: [contact('a')] });
    const gone = new Promise((resolve) => bindings.on('unregistered', (...what) => resolve(what)));
    clock.advance(59_500);
    bindings.start();
    bindings.start();
    clock.advance(1_000);
    expect(await gone).toEqual(['1001', 'expired']);
    await bindings.close();
    await bindings.close();
    expect(clock.pendingCount).toBe(0);
  });

  it('sweeps many at once', async () => {
    const { contact, bindings, clock, events } = setUp();
    const users = Array.from({ length: 1_200 }, (_, i) => `u${i}`);
    await Promise.all(
      users.map((user) =>
        bindings.update({
          user,
          callId: 'c',
          cseq: 1,
          clear: false,
          add: [contact('a', { user })],
          remove: [],
          most: 1,
        }),
      ),
    );
    events.length = 0;
    clock.advance(60_000);
    await bindings.sweep();
    expect(events.length).toBe(1_200);
  });

  it('forgets a dead device, but not one that has come back', async () => {
    const { contact, update, bindings, events, clock } = setUp();
    await update({ add: [contact('a')] });
    const [seen] = await bindings.lookup('1001');
    clock.advance(1_000);
    await update({ cseq: 2, add: [contact('a', { cseq: 2 })] });
    expect(await bindings.forget(seen!)).toBe(false);
    const [current] = await bindings.lookup('1001');
    expect(await bindings.forget(current!)).toBe(true);
    expect(events.at(-1)).toBe('-1001 unreachable');
    expect(await bindings.forget(current!)).toBe(false);
  });

  it('is all or nothing for clients that race', async () => {
    const { contact, update } = setUp();
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => update({ callId: `c${i}`, add: [contact(`k${i}`, { callId: `c${i}` })] })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBe(3);
    expect((await update({})).length).toBe(3);
  });
});
