import fc from 'fast-check';
import { Redis } from 'ioredis';
import { ManualClock } from '../../../src/lib/clock';
import { SightlineError } from '../../../src/lib/errors';
import { silentLogger } from '../../../src/lib/logger';
import { Numbers } from '../../../src/numbers/numbers';
import type { RoutingNumber } from '../../../src/numbers/types';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis, randomSite, sharedRedis } from '../../support/redis';

const clients: Redis[] = [];
async function connect(): Promise<Redis> {
  const client = new Redis((await sharedRedis()).url, { retryStrategy: () => null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  clients.push(client);

  return client;
}
afterAll(async () => {
  for (const client of clients) client.disconnect();
  await closeSharedRedis();
});

const LEASE = 20;
const QUARANTINE = 30;
const config = { id: 'main', from: 1, to: 4, lease: LEASE, quarantine: QUARANTINE };
const limits = { hold: 40_000, grace: 10_000, wait: 60_000, waitingPerPool: 5, leasesPerTerminal: 3 };

type Step =
  | { do: 'lease'; node: number; terminal: number; request: number; wait: boolean }
  | { do: 'claim'; node: number; number: number; terminal: number; takeOver: boolean }
  | { do: 'release'; node: number; number: number; redial: boolean }
  | { do: 'giveBack'; node: number; number: number }
  | { do: 'renew'; node: number }
  | { do: 'pass'; seconds: number; sweep: boolean };

const small = (max: number) => fc.nat({ max });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('lease' as const),
      node: small(2),
      terminal: small(7),
      request: small(3),
      wait: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      node: small(2),
      number: small(4),
      terminal: small(7),
      takeOver: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      node: small(2),
      number: small(4),
      redial: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('giveBack' as const), node: small(2), number: small(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), node: small(2) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: small(25), sweep: fc.boolean() }) },
);

/** Watches from outside: who was given which number until when, and when each number went out of use. */
class Watcher {
  private readonly owners = new Map<string, { terminal: string; until: number; claimed: boolean }>();

  constructor(private readonly clock: ManualClock) {}

  leased(lease: RoutingNumber): void {
    const now = this.clock.now();
    const owner = this.owners.get(lease.number);
    const same = owner?.terminal === lease.terminal && owner.until === lease.expiresAt;
    // A number is leased anew no earlier than a quarantine after its last lease has ended, and never while it is claimed.
    if (owner && !same) {
      expect(owner.claimed).toBe(false);
      expect(now).toBeGreaterThanOrEqual(owner.until + QUARANTINE * 1000);
    }
    this.owners.set(lease.number, { terminal: lease.terminal, until: lease.expiresAt, claimed: false });
  }

  claimed(claim: RoutingNumber): void {
    expect(this.owners.get(claim.number)?.terminal).toBe(claim.terminal);
    this.owners.set(claim.number, { terminal: claim.terminal, until: Infinity, claimed: true });
  }

  /** The call of a number has ended, or may have: its quarantine can begin at `since`, and no earlier. */
  callMayEnd(number: string, since = this.clock.now()): void {
    if (this.owners.get(number)?.claimed) this.ended(number, since);
  }

  ended(number: string, since = this.clock.now()): void {
    const owner = this.owners.get(number);
    if (owner) this.owners.set(number, { ...owner, claimed: false, until: Math.min(owner.until, since) });
  }
}

async function play(steps: readonly Step[], redis: Redis): Promise<void> {
  const clock = new ManualClock();
  const watcher = new Watcher(clock);
  const keys = makeKeys(randomSite());
  const nodes = [0, 1, 2].map(() => new Numbers({ redis, keys, clock, log: silentLogger, limits }));
  const renewed = new Map<string, number>();
  for (const node of nodes) node.on('ready', (lease) => watcher.leased(lease));
  await nodes[0]!.usePools([config]);

  const run: { [K in Step['do']]: (step: Extract<Step, { do: K }>, node: Numbers) => Promise<unknown> } = {
    lease: async ({ terminal, request, wait }, node) => {
      const lease = await node.lease(
        { terminal: `t${terminal}`, request: `r${request}`, pool: 'main', service: 's', flow: 'f', planVersion: 'v' },
        { wait },
      );
      watcher.leased(lease);
    },
    claim: async ({ number, terminal, takeOver }, node) => {
      watcher.claimed(await node.claim(String(number), `t${terminal}`, { takeOver }));
      renewed.set(String(number), clock.now());
    },
    release: async ({ number, redial }, node) => {
      await node.release(String(number), redial ? { redialUntil: clock.now() + 10_000 } : {});
      const state = (await node.find(String(number)))?.state;
      if (state === 'redial' || state === 'resting') watcher.callMayEnd(String(number));
    },
    giveBack: async ({ number }, node) => {
      if (await node.giveBack(String(number))) watcher.ended(String(number));
    },
    renew: (_step, node) => node.renew(),
    pass: async ({ seconds, sweep }) => {
      clock.advance(seconds * 1000);
      // Claims that nobody renewed in time end by themselves; the watcher allows it as soon as it is possible.
      for (const [number, at] of renewed) {
        if (clock.now() - at >= limits.hold) watcher.callMayEnd(number, at + limits.hold);
      }
      if (sweep) await nodes[0]!.sweep();
    },
  };
  for (const one of steps) {
    const node = 'node' in one ? nodes[one.node]! : nodes[0]!;
    await (run[one.do] as (step: Step, node: Numbers) => Promise<unknown>)(one, node).catch((error: unknown) => {
      if (!(error instanceof SightlineError)) throw error;
    });
  }
  await expectNoLeak(nodes[0]!, clock);
}

/** Whatever went before: when all times are over, every number can be leased, each once. */
async function expectNoLeak(numbers: Numbers, clock: ManualClock): Promise<void> {
  for (let i = 0; i < 5; i += 1) {
    clock.advance(60_000);
    await numbers.sweep();
  }
  const leases = await Promise.all(
    Array.from({ length: config.to }, (_, i) =>
      numbers.lease({ terminal: `n${i}`, request: 'r', pool: 'main', service: 's', flow: 'f', planVersion: 'v' }),
    ),
  );
  expect(new Set(leases.map(({ number }) => number)).size).toBe(config.to);
}

describe('routing numbers', () => {
  it('are never leased twice, whatever several servers do with them, and none is lost', async () => {
    const redis = await connect();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => play(steps, redis)),
      { numRuns: 200 },
    );
  });

  it('are each in one hand while many clients lease, dial and end at once', async () => {
    const clock = new ManualClock();
    const keys = makeKeys(randomSite());
    const pool = { ...config, to: 20, quarantine: 0 };
    const nodes = await Promise.all(
      Array.from(
        { length: 8 },
        async () => new Numbers({ redis: await connect(), keys, clock, log: silentLogger, limits }),
      ),
    );
    await nodes[0]!.usePools([pool]);
    const inHand = new Set<string>();
    let leased = 0;
    const client = async (numbers: Numbers, terminal: string): Promise<void> => {
      for (let i = 0; i < 60; i += 1) {
        const request = { terminal, request: `r${i}`, pool: 'main', service: 's', flow: 'f', planVersion: 'v' };
        const lease = await numbers.lease(request).catch(() => undefined);
        if (!lease) continue;
        leased += 1;
        expect(inHand.has(lease.number)).toBe(false);
        inHand.add(lease.number);
        await numbers.claim(lease.number, terminal);
        inHand.delete(lease.number);
        await numbers.release(lease.number);
      }
    };
    await Promise.all(nodes.flatMap((node, i) => [0, 1, 2, 3].map((j) => client(node, `t${i}-${j}`))));
    expect(leased).toBeGreaterThan(500);
    expect(inHand.size).toBe(0);
  });

  it('come back when clients are killed in the middle of their work', async () => {
    const clock = new ManualClock();
    const keys = makeKeys(randomSite());
    const survivor = new Numbers({ redis: await connect(), keys, clock, log: silentLogger, limits });
    await survivor.usePools([config]);
    const doomed = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const redis = await connect();
        const numbers = new Numbers({ redis, keys, clock, log: silentLogger, limits });
        const work = [0, 1, 2, 3].map(async (i) => {
          const terminal = `d${i}`;
          const request = { terminal, request: `r${i}`, pool: 'main', service: 's', flow: 'f', planVersion: 'v' };
          const lease = await numbers.lease(request, { wait: true });
          await numbers.claim(lease.number, terminal);
        });

        return { redis, work: Promise.allSettled(work) };
      }),
    );
    for (const { redis } of doomed) redis.disconnect();
    await Promise.all(doomed.map(({ work }) => work));
    await expectNoLeak(survivor, clock);
  });
});
