import type { CallbackRecord } from '../../../src/calls/callback-rules';
import type { Plan } from '../../../src/dialplan/model';
import { CallWorld, settled, until, type TestCaller } from './call-world';

/** What the queues are told to do with a person by somebody else than himself, such as a supervisor. */
let world: CallWorld;
let kept: Map<string, CallbackRecord>;

async function openWith(calledBack: boolean): Promise<void> {
  kept = new Map();
  const { plan } = await CallWorld.open();
  const support = plan.queues.get('support')!;
  const { callback: _callback, ...rest } = support;
  const callback = { order: 'agent-first' as const, attempts: 2, retryDelay: 60, ringTimeout: 20 };
  const queue = calledBack ? { ...support, callback } : rest;
  const queues: Plan['queues'] = new Map([...plan.queues, ['support', queue]]);
  const store = {
    save: (record: CallbackRecord) => Promise.resolve(void kept.set(record.ticketId, record)),
    find: (id: string) => Promise.resolve(kept.get(id)),
    remove: (id: string) => Promise.resolve(void kept.delete(id)),
  };
  world = await CallWorld.open({ plan: { queues }, ports: { callbacks: { store, plan: () => world.plan } } });
}

async function waits(screen = true): Promise<TestCaller> {
  const caller = world.dial({ screen });
  await until(() => caller.call.record.ticketId);
  if (screen) await caller.shown('queue');

  return caller;
}

describe('to be called back', () => {
  test('his call ends as though he had asked himself, and what is needed to call him is kept', async () => {
    await openWith(true);
    const caller = await waits();
    world.acd.emit('callback', 't1');
    expect(await caller.shown('end')).toMatchObject({ reason: 'callback' });
    expect(caller.call.record.end).toMatchObject({ by: 'caller', cause: 'callback' });
    expect(kept.get('t1')).toMatchObject({ queue: 'support', callId: caller.call.id, attempts: 0 });
    await settled();
    // The ticket keeps its place, and the ACD was not asked again.
    expect(world.acd.asked).toEqual(['enqueue support']);
  });

  test('a seat that is offered meanwhile does not ring for the call that ends', async () => {
    await openWith(true);
    const caller = await waits();
    world.acd.emit('callback', 't1');
    world.acd.offer(caller.call, '2001');
    await caller.reaches('ended');
    const dial = await world.rung('2001');
    // It rings for the person who is called back.
    expect(dial.request.headers).toMatchObject({ 'X-Sightline-Callback': '1' });
    expect(world.dials).toHaveLength(1);
  });

  test('where his queue calls nobody back he waits on, with his ticket', async () => {
    await openWith(false);
    const caller = await waits();
    world.acd.emit('callback', 't1');
    await until(() => caller.events.includes('callback-refused WRONG_STATE'));
    await settled();
    expect(caller.call.record).toMatchObject({ state: 'queued', ticketId: 't1' });
    expect(kept.size).toBe(0);
  });

  test('what he has asked for himself is told him once', async () => {
    await openWith(true);
    const caller = await waits();
    caller.call.home.stages.callback(caller.call);
    await until(() => world.acd.asked.includes('askCallback t1'));
    world.acd.emit('callback', 't1');
    await caller.reaches('ended');
    await settled();
    expect(caller.leg.messages.filter(({ type }) => type === 'end')).toHaveLength(1);
  });
});

describe('to wait no longer', () => {
  test('his call ends with a cause of its own', async () => {
    await openWith(true);
    const caller = await waits();
    world.acd.emit('ended', 't1', 'abandoned');
    expect(await caller.shown('end')).toMatchObject({ reason: 'removed' });
    expect(caller.call.record.end).toMatchObject({ by: 'server', cause: 'removed' });
    await settled();
    expect(world.acd.asked).toEqual(['enqueue support']);
  });

  test('a phone that rings is told that its ticket waits no longer', async () => {
    await openWith(true);
    const caller = await waits(false);
    world.acd.emit('ended', 't1', 'abandoned');
    expect(caller.rejected?.code).toBe('TICKET_GONE');
  });
});
