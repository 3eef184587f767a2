import { asSightlineError, type SightlineError } from '../lib/errors';
import { causeOf } from './end-cause';
import { showQueue } from '../ivr/session';
import type { QueueAction } from '../ivr/views';
import type { LeaveReason, Position, TicketView } from '../acd/types';
import type { Call, QueueTarget } from './call';
import { entryOf } from './overflow';
import { requestOf } from './queue-wish';
import { present, screenState } from './stage-menu';

/**
 * Puts the call into a queue, or back to its place there: a terminal that redials, or comes back from the menu, within
 * the grace period finds its ticket again with the time at which it first came.
 */
export async function enterQueue(call: Call, target: QueueTarget): Promise<void> {
  if (isInQueue(call, target.queue)) return showPlace(call);
  // The seat has answered by now: the screen is about to show who it is.
  if (call.state === 'joining' || call.state === 'talking' || call.ended) return;
  const former = call.record.ticketId;
  const visit = call.leaveQueue();
  if (call.state === 'offered') call.apply('offer-lost', 'another queue was chosen');
  call.apply('enqueue', target.queue);
  call.record.queue = target.queue;
  if (former) await giveUp(call, former);
  const entry = await entryOf(call, target.queue);
  if (call.visit !== visit) return;
  if (entry.to && entry.to.kind !== 'callback') return call.home.stages.elsewhere(call, entry);
  call.record.queue = entry.queue;
  call.record.queuedAt ??= call.home.clock.now();
  let ticket: TicketView;
  try {
    ticket = await takeTicket(call, { ...target, queue: entry.queue });
  } catch (error) {
    if (call.visit !== visit) return;

    return refused(call, asSightlineError(error));
  }
  // The person left the queue meanwhile, and may stand in it again with another ticket.
  if (call.visit !== visit) return giveUp(call, ticket.ticketId);
  if (call.record.ticketId !== ticket.ticketId) {
    call.home.bindTicket(call, ticket.ticketId);
    call.note('ticket', ticket.ticketId);
  }
  // The caller left while the ticket was made: the place is kept for the grace period like any other.
  if (!call.waiting) return abandonTicket(call, ticket.ticketId);
  call.record.queuedAt = Math.min(call.record.queuedAt, ticket.enqueuedAt);
  await showPlace(call);
  if (entry.to) call.home.stages.elsewhere(call, entry);
}

/** After a look at the menu the person chose the queue again in which the ticket has been waiting all the while. */
function isInQueue(call: Call, queue: string): boolean {
  return call.waiting && call.record.ticketId !== undefined && call.record.queue === queue;
}

async function giveUp(call: Call, ticketId: string, why: LeaveReason = 'abandoned'): Promise<void> {
  await call.home.acd.leave(ticketId, why).catch((error: unknown) => {
    call.home.log.warn(
      { err: error, call: call.id, ticket: ticketId },
      'a ticket could not be given up; the sweep will',
    );
  });
}

/**
 * Takes a call that goes on elsewhere out of its queue, for good.
 *
 * @returns false when it has gone another way meanwhile.
 */
export async function leaveAs(call: Call, why: LeaveReason): Promise<boolean> {
  const { ticketId } = call.record;
  const visit = call.leaveQueue();
  if (call.state === 'offered') call.apply('offer-lost', why);
  if (ticketId) await giveUp(call, ticketId, why);

  return !call.ended && call.visit === visit;
}

/** A store that is away for a moment costs the caller some waiting, not the call. */
async function takeTicket(call: Call, target: QueueTarget): Promise<TicketView> {
  const { acd } = call.home;
  for (;;) {
    try {
      return await acd.enqueue({ ...requestOf(call, target), resumeKey: resumeKey(call) });
    } catch (error) {
      if (asSightlineError(error).code !== 'STORE_UNAVAILABLE' || !call.waiting) throw error;
      call.note('store-away', 'waiting for it');
      await call.home.storeReady();
    }
  }
}

/**
 * What a redial is recognised by, besides the terminal: the number that was dialled. A caller whose identity is only
 * what it says of itself has no place to come back to, or others could take it.
 */
export function resumeKey(call: Call): string {
  return call.record.caller.kind === 'terminal' ? call.record.number : call.id;
}

/** A terminal that was cut off while it waited and dials again is back at its place, whatever it would have to choose. */
export async function resumePlace(call: Call): Promise<boolean> {
  if (call.record.caller.kind !== 'terminal') return false;
  const { acd, log } = call.home;
  try {
    const ticket = await acd.resume({ terminal: call.record.caller.user, resumeKey: resumeKey(call), callId: call.id });
    if (!ticket) return false;
    call.home.callbacks?.takenBack(ticket.ticketId, call);
    if (!call.can('enqueue')) {
      await acd.drop(ticket.ticketId);

      return true;
    }
    call.apply('enqueue', ticket.queue);
    call.record.queue = ticket.queue;
    call.record.queuedAt = ticket.enqueuedAt;
    call.home.bindTicket(call, ticket.ticketId);
    call.note('resumed', ticket.ticketId);
    await showPlace(call);

    return true;
  } catch (error) {
    log.warn({ err: error, call: call.id }, 'a former place could not be looked up');

    return false;
  }
}

async function abandonTicket(call: Call, ticketId: string): Promise<void> {
  const { acd } = call.home;
  if (call.state === 'joining' || call.state === 'talking') return;
  await acd.drop(ticketId);
}

function refused(call: Call, error: SightlineError): void {
  if (call.ended) return;
  call.note('refused', error.code);
  call.home.stages.end(call, { by: 'server', cause: causeOf(error.code) });
}

/** Shows the place in the queue on the screen. A ringing phone has nothing to show it on. */
export async function showPlace(call: Call): Promise<void> {
  const { ticketId, menu } = call.record;
  // A face that is lost for a moment shows it when it is back.
  if ((!call.face && !menu) || !ticketId || !call.waiting) return;
  const place = await placeOf(call, ticketId);
  if (!place || !call.waiting || call.record.ticketId !== ticketId) return;
  noteQueue(call, place.queue);
  call.mayBeCalledBack ??= await call.home.callbacks?.canAsk(call);
  if (!call.waiting || call.record.ticketId !== ticketId) return;
  const label = call.plan.queues.get(place.queue)?.label ?? {};
  present(call, showQueue(screenState(call), { ...place, label, actions: actionsOf(call) }));
}

/** A supervisor may have put the ticket into another queue. */
function noteQueue(call: Call, queue: string): void {
  if (call.record.queue === queue) return;
  call.record.queue = queue;
  call.mayBeCalledBack = undefined;
  call.note('queue', queue);
}

/** What the person may do while he waits. */
function actionsOf(call: Call): QueueAction[] {
  const flow = call.plan.flows.get(call.record.flow);

  return [
    'leave',
    ...(call.mayBeCalledBack ? (['callback'] as const) : []),
    ...(flow?.menu ? (['home'] as const) : []),
  ];
}

/** A place that cannot be read now is shown at its next change. */
async function placeOf(call: Call, ticketId: string): Promise<Position | undefined> {
  try {
    return await call.home.acd.position(ticketId);
  } catch (error) {
    call.home.log.debug({ err: error, call: call.id }, 'the place in the queue could not be read');

    return undefined;
  }
}

/** The place has changed. A person who reads the menu meanwhile is not disturbed. */
export async function refreshPlace(call: Call): Promise<void> {
  const { menu } = call.record;
  const isReading = menu?.phase === 'menu' && menu.pending === undefined;
  if (!isReading) await showPlace(call);
}
