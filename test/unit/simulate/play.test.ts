import type { QueueConfig } from '../../../src/acd/config';
import { compare } from '../../../src/simulate/compare';
import { serviceLevels } from '../../../src/simulate/figures';
import type { Figures } from '../../../src/simulate/figures';
import type { SimulatedPlan } from '../../../src/simulate/model';
import type { Visit } from '../../../src/simulate/visits';
import { dayOf, demand, midnight, planOf, run } from './days';

const hard = {
  habits: { answer: { mean: 6, cv: 0.5 }, done: { mean: 20, cv: 0.5 }, noAnswer: 0.05, reject: 0.03, backAfter: 120 },
  callback: { reached: 0.6, answer: 12 },
};

/** Everything at once: rules of overflow, callbacks, limits, alarms, regulars, several seats rung at a time. */
function busyPlan(more: Partial<QueueConfig> = {}): SimulatedPlan {
  return planOf(
    [
      {
        ...{ id: 'q', wrapUp: 10, maxWaiting: 30, autoBreak: { 'no-answer': 2 }, returnWithin: 60 },
        rings: [
          { seats: { kind: 'last-agent' }, strategy: 'longest-idle', after: 0 },
          { seats: { kind: 'all' }, strategy: 'highest-idle-rate', after: 10 },
        ],
        callback: { order: 'agent-first', attempts: 2, retryDelay: 60, ringTimeout: 20 },
        overflow: [
          { when: { waited: 90 }, to: { kind: 'queue', queue: 'second' } },
          { when: { waiting: 12 }, to: { kind: 'callback' } },
        ],
        ...more,
      },
      {
        id: 'second',
        strategy: 'ring-all',
        maxWait: 120,
        overflow: [{ when: { empty: true }, to: { kind: 'message' } }],
      },
      {
        id: 'door',
        overflow: [{ when: { closed: true }, to: { kind: 'number', number: '42' } }],
        wrapUpUntilDone: true,
      },
    ],
    9,
    {
      isOpen: (queue, at) => queue !== 'door' || at % 7_200_000 < 3_600_000,
      flowOf: (number) => (number === '42' ? 'night' : undefined),
      flow: (id) => (id === 'night' ? { queue: 'second', priority: 0, skills: [] } : undefined),
    },
  );
}

const morning = (perHour: number) => ({ rates: [{ span: { from: 6 * 60, to: 12 * 60 }, perHour }] });
const calls = [
  demand(0, {
    ...{ ...morning(150), patience: { mean: 150, cv: 1 }, customers: 200 },
    classes: { alarm: 0.01, vip: 0.1, low: 0.1 },
  }),
  demand(0, { queue: 'door', ...morning(25), patience: { mean: 200, cv: 1 } }),
];

function balance({ offered, answered, abandoned, overflowed, calledBack, waiting }: Figures): void {
  expect(answered + abandoned + overflowed + calledBack + waiting).toBe(offered);
}

describe('a simulated day', () => {
  test('no call is lost, and every way that a call can go is gone', () => {
    const plan = busyPlan();
    const day = dayOf(plan, calls, 5, hard);
    const { report } = run(plan, day);
    expect(report.all.offered).toBe(day.arrivals.length);
    for (const figures of [report.all, ...report.queues]) balance(figures);
    const [q, second, door] = report.queues;
    expect(report.all.waiting).toBe(0);
    for (const count of [q?.answered, q?.abandoned, q?.calledBack, q?.overflowedTo.second])
      expect(count).toBeGreaterThan(0);
    for (const count of [second?.answered, door?.overflowedTo.number, report.preempted])
      expect(count).toBeGreaterThan(0);
    const talks = report.seats.reduce((sum, seat) => sum + seat.calls, 0);
    expect(talks).toBe(report.all.answered + report.all.calledBack);
  });

  test('the same seed gives the same day, another one another', () => {
    const plan = busyPlan();
    const play = (seed: number) => run(plan, dayOf(plan, calls, seed, hard)).report;
    const first = play(3);
    expect(play(3)).toEqual(first);
    expect(play(4)).not.toEqual(first);
  });

  test('without callers, and without seats', () => {
    const plan = planOf([{}], 2);
    expect(run(plan, dayOf(plan, [], 1)).report.all).toMatchObject({ offered: 0, waits: {}, serviceLevel: {} });
    const empty = planOf([{}], 0);
    const { all } = run(empty, dayOf(empty, [demand(10)], 1)).report;
    expect(all).toMatchObject({ answered: 0, waiting: all.offered });
    expect(all.occupancy).toBeUndefined();
  });

  test('who works by shifts is rung within them only, and not on a break', () => {
    const plan = planOf([{}], 1);
    const hour = (count: number) => midnight + count * 3_600_000;
    const shifts = [{ seat: 's1', from: hour(8), to: hour(16), breaks: [{ from: hour(12), to: hour(13) }] }];
    const { seen, report } = run(plan, dayOf(plan, [demand(5, { patience: { mean: 300, cv: 1 } })], 1, { shifts }));
    const answered = seen.visits.filter(({ outcome }) => outcome === 'answered').map(({ endedAt }) => endedAt);
    expect(answered.length).toBeGreaterThan(10);
    expect(answered.filter((at) => at < hour(8) || at > hour(16) || (at > hour(12) && at < hour(13)))).toEqual([]);
    // A talk that is under way when the break begins is finished first.
    expect(report.seats[0]?.onBreak).toBeGreaterThan(3_000);
    expect(report.seats[0]?.onBreak).toBeLessThanOrEqual(3_600);
  });

  test('the service levels, by hand', () => {
    const visit = (outcome: Visit['outcome'], seconds: number): Visit => {
      return { call: 0, queue: 'q', since: 0, outcome, endedAt: seconds * 1_000, entered: true };
    };
    const visits = [
      ...[visit('answered', 5), visit('answered', 20), visit('answered', 21), visit('abandoned', 3)],
      ...[visit('abandoned', 40), visit('overflowed', 1), visit('called-back', 2)],
    ];
    expect(serviceLevels(visits, 20)).toEqual({ sl1: 2 / 3, sl2: 2 / 5, sl3: 3 / 5, sl4: 2 / 4 });
  });

  test('20,000 calls take seconds', () => {
    const plan = planOf([{ wrapUp: 10 }], 60);
    const day = dayOf(plan, [demand(840, { patience: { mean: 300, cv: 1 } })], 1);
    expect(day.arrivals.length).toBeGreaterThan(19_000);
    const from = process.cpuUsage();
    const { report } = run(plan, day);
    const { user } = process.cpuUsage(from);
    balance(report.all);
    expect(user / 1e6).toBeLessThan(15);
  });
});

describe('two plans', () => {
  const first = busyPlan();
  const second = busyPlan({ rings: [{ seats: { kind: 'all' }, strategy: 'fewest-calls', after: 0 }] });
  const reportOf = (plan: SimulatedPlan) => run(plan, dayOf(plan, calls, 2, hard)).report;

  test('are compared the same either way round', () => {
    const [a, b] = [reportOf(first), reportOf(second)];
    const there = compare(a, b);
    const back = compare(b, a);
    expect(there.length).toBeGreaterThan(50);
    expect(there.map(({ difference }) => difference)).not.toEqual(there.map(() => 0));
    for (const [index, one] of there.entries()) {
      expect(back[index]?.first).toBe(one.second);
      expect((back[index]?.difference ?? 0) + (one.difference ?? 0)).toBeCloseTo(0, 9);
    }
  });

  test('that are alike have no differences', () => {
    for (const { difference } of compare(reportOf(first), reportOf(busyPlan()))) expect(difference ?? 0).toBe(0);
  });
});
