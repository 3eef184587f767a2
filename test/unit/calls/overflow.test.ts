import type { OverflowRule, OverflowTarget } from '../../../src/acd/config';
import { noticeMs } from '../../../src/calls/notice';
import { moveLimit, overflowAtEntry } from '../../../src/calls/overflow';
import type { Plan, Queue } from '../../../src/dialplan/model';
import { SightlineError } from '../../../src/lib/errors';
import { CallWorld, idleQueue, settled, until, type TestCaller } from './call-world';

const to: OverflowTarget = { kind: 'queue', queue: 'tickets' };
const text = { en: 'We are back on Monday.', de: 'Wir sind am Montag wieder da.' };
const rule = (when: OverflowRule['when'], target: OverflowTarget = to): OverflowRule => ({ when, to: target });

describe('the rules of a queue for a call that comes', () => {
  const facts = { ...idleQueue, waiting: 5, estimate: [60, 120] as [number, number] };

  test.each([
    [{ waiting: 5 }, true],
    [{ waiting: 6 }, false],
    [{ estimate: 120 }, true],
    [{ estimate: 121 }, false],
    [{ waiting: 5, estimate: 121 }, false],
    [{ waited: 1 }, false],
    [{ empty: true }, false],
    [{ empty: false }, true],
    [{ closed: true }, false],
    [{ closed: false }, true],
  ])('%j holds: %s', (when, holds) => {
    expect(overflowAtEntry([rule(when)], facts, true) !== undefined).toBe(holds);
  });

  test('nobody at work, closed, and a wait of before are seen as well', () => {
    expect(overflowAtEntry([rule({ empty: true })], { ...facts, staffed: 0 }, true)).toBeDefined();
    expect(overflowAtEntry([rule({ closed: true })], facts, false)).toBeDefined();
    expect(overflowAtEntry([rule({ waited: 30 })], facts, true, 30)).toBeDefined();
  });

  test('the first that holds counts', () => {
    const rules = [rule({ waiting: 9 }), rule({ waiting: 2 }, { kind: 'callback' }), rule({ waiting: 1 })];
    expect(overflowAtEntry(rules, facts, true)?.to.kind).toBe('callback');
  });
});

describe('a call that overflows', () => {
  let world: CallWorld;
  let closed: Set<string>;

  async function openWith(
    rules: Record<string, OverflowRule[]>,
    more: Record<string, { closedMessage: typeof text }> = {},
  ): Promise<void> {
    world = await CallWorld.open();
    closed = new Set();
    const queues = new Map<string, Queue>();
    for (const [id, queue] of world.plan.queues)
      queues.set(id, { ...queue, overflow: (rules[id] ?? []) as Queue['overflow'], ...more[id] });
    world = await CallWorld.open({
      plan: { queues },
      ports: { isOpen: (queue) => !closed.has(queue) },
    });
  }

  async function waits(screen = true): Promise<TestCaller> {
    const caller = world.dial({ screen });
    await until(() => caller.call.record.ticketId);
    if (screen) await caller.shown('queue');

    return caller;
  }

  test('at the entrance goes from a closed queue to the one that is open, and waits there', async () => {
    await openWith({ support: [rule({ closed: true })] });
    closed.add('support');
    const caller = await waits();
    expect(world.acd.asked).toEqual(['enqueue tickets']);
    expect(caller.call.record).toMatchObject({ queue: 'tickets', state: 'queued' });
    expect(caller.events).toContain('overflow queue tickets');
    expect(await caller.shown('queue')).toMatchObject({ queue: 'Ticket advice' });
  });

  test('to a closed queue that no rule leads away from is told so, and ends', async () => {
    await openWith({}, { support: { closedMessage: text } });
    closed.add('support');
    const caller = world.dial({ screen: true });
    expect(await caller.shown('page')).toMatchObject({ text: text.en });
    world.clock.advance(noticeMs(text.en));
    expect(await caller.shown('end')).toMatchObject({ reason: 'closed' });
    expect(world.acd.asked).toEqual([]);
  });

  test('from where somebody may still come is not sent to a closed queue', async () => {
    await openWith({});
    const caller = await waits();
    closed.add('tickets');
    world.acd.overflow(caller.call, rule({ waited: 60 }));
    await until(() => caller.events.includes('overflow-failed queue tickets: closed'));
    expect(caller.call.record).toMatchObject({ state: 'queued', queue: 'support' });
  });

  test('waits where it was to stand when nobody can say how it is there', async () => {
    await openWith({ support: [rule({ empty: false })] });
    world.acd.facts.mockRejectedValue(new SightlineError('STORE_UNAVAILABLE'));
    const caller = await waits();
    expect(caller.call.record).toMatchObject({ state: 'queued', queue: 'support' });
  });

  test('in a circle of queues stays where it has come to', async () => {
    await openWith({
      support: [rule({ empty: false })],
      tickets: [rule({ empty: false }, { kind: 'queue', queue: 'support' })],
    });
    const caller = await waits();
    expect(caller.events.filter((event) => event.startsWith('overflow '))).toHaveLength(moveLimit);
    expect(caller.events.filter((event) => event.startsWith('overflow-limit'))).toHaveLength(1);
    expect(caller.call.record.queue).toBe('support');
  });

  test('while it waits takes its ticket along', async () => {
    await openWith({});
    const caller = await waits();
    const { ticketId } = caller.call.record;
    world.acd.overflow(caller.call, rule({ waited: 60 }));
    await until(() => caller.call.record.queue === 'tickets');
    expect(world.acd.asked).toContain(`transfer ${ticketId} tickets`);
    expect(caller.call.record.ticketId).toBe(ticketId);
    await until(() => caller.leg.messages.some(({ queue }) => queue === 'Ticket advice'));
  });

  test('stays where it is when the other queue is full', async () => {
    await openWith({});
    const caller = await waits();
    world.acd.refusals.transfer = 'QUEUE_FULL';
    world.acd.overflow(caller.call, rule({ waited: 60 }));
    await until(() => caller.events.includes('overflow-failed tickets: QUEUE_FULL'));
    expect(caller.call.record).toMatchObject({ queue: 'support', state: 'queued' });
  });

  test('to a number leads into the menu of its flow, with the ticket given up', async () => {
    await openWith({});
    const caller = await waits();
    const { ticketId } = caller.call.record;
    const dial = (world.acd.offer(caller.call, '2001'), await world.rung('2001'));
    world.acd.overflow(caller.call, rule({ waited: 60 }, { kind: 'number', number: '6001' }));
    expect(await caller.shown('page')).toMatchObject({ id: 'home' });
    expect(world.acd.asked).toContain(`leave ${ticketId} overflowed`);
    expect(dial.cancelled).toBeDefined();
    expect(caller.call).toMatchObject({ state: 'menu', record: { flow: 'main' } });
    expect(caller.call.record).not.toHaveProperty('ticketId');
  });

  test('to a number waits in the queue of its flow at a phone that shows nothing', async () => {
    await openWith({});
    const caller = await waits(false);
    world.acd.overflow(caller.call, rule({ waited: 60 }, { kind: 'number', number: '6001' }));
    await until(() => world.acd.enqueued.length === 2);
    expect(caller.call).toMatchObject({ state: 'queued', record: { flow: 'main' } });
  });

  test('to a message shows it for as long as reading takes, then ends', async () => {
    const message = { kind: 'message', text } as OverflowTarget;
    await openWith({ support: [rule({ empty: true }, message)] });
    world.acd.facts.mockResolvedValue({ ...idleQueue, staffed: 0 });
    const caller = world.dial({ screen: true });
    expect(await caller.shown('page')).toMatchObject({ title: 'Station help', text: text.en, items: [] });
    expect(caller.call.ended).toBe(false);
    world.clock.advance(noticeMs(text.en) - 1);
    await settled();
    expect(caller.call.ended).toBe(false);
    world.clock.advance(1);
    expect(await caller.shown('end')).toMatchObject({ reason: 'overflowed' });
    expect(caller.call.record).toMatchObject({ end: { by: 'server', cause: 'overflowed' }, queue: 'support' });
    expect(world.acd.asked).toEqual([]);
  });

  test('to a message at a phone that rings is refused', async () => {
    await openWith({});
    const caller = await waits(false);
    world.acd.overflow(caller.call, rule({ waited: 60 }, { kind: 'message' }));
    await caller.reaches('ended');
    expect(caller.rejected).toMatchObject({ code: 'QUEUE_FULL', sip: 503 });
    expect(world.acd.asked).toContain('leave t1 overflowed');
  });

  test('who hangs up during the message has left', async () => {
    await openWith({ support: [rule({ empty: false }, { kind: 'message', text } as OverflowTarget)] });
    const caller = world.dial({ screen: true });
    await caller.shown('page');
    caller.leg.ends();
    expect(caller.call.record.end).toMatchObject({ by: 'caller', cause: 'bye' });
    world.clock.advance(60_000);
    await settled();
    expect(caller.leg.messages.map(({ type }) => type)).not.toContain('end');
  });

  test('to a callback has its place first', async () => {
    await openWith({ support: [rule({ empty: false }, { kind: 'callback' })] });
    const caller = await waits();
    await until(() => caller.events.some((event) => event.startsWith('callback-refused')));
    expect(caller.call.record).toMatchObject({ state: 'queued', queue: 'support', ticketId: 't1' });
  });

  test('a rule for a ticket that has a seat by now does nothing', async () => {
    await openWith({});
    const caller = await waits();
    world.acd.offer(caller.call, '2001');
    (await world.rung('2001')).answers();
    await caller.reaches('talking');
    world.acd.overflow(caller.call, rule({ waited: 60 }));
    await settled();
    expect(caller.call.record).toMatchObject({ queue: 'support', state: 'talking' });
    expect(world.acd.asked.some((asked) => asked.startsWith('transfer'))).toBe(false);
  });
});

describe('what a site says to everybody', () => {
  const emergency = (refuse: boolean): Partial<Plan> => ({ emergency: { text, refuse } }) as Partial<Plan>;

  test('comes before the menu', async () => {
    const world = await CallWorld.open({ plan: emergency(false) });
    const caller = world.dial({ screen: true, flow: 'main' });
    expect(await caller.shown('page')).toMatchObject({ text: text.en, items: [] });
    world.clock.advance(noticeMs(text.en));
    await caller.reaches('menu');
    await until(() => caller.leg.messages.some(({ id }) => id === 'home'));
  });

  test('may be all that is said', async () => {
    const world = await CallWorld.open({ plan: emergency(true) });
    const caller = world.dial({ screen: true, flow: 'main' });
    await caller.shown('page');
    world.clock.advance(noticeMs(text.en));
    expect(await caller.shown('end')).toMatchObject({ reason: 'emergency' });
    expect(caller.leg.messages.some(({ id }) => id === 'home')).toBe(false);
  });

  test('goes into the refusal of a phone that shows nothing', async () => {
    const world = await CallWorld.open({ plan: emergency(true) });
    const caller = world.dial();
    await caller.reaches('ended');
    expect(caller.rejected).toMatchObject({ sip: 503, message: text.en });
  });
});
