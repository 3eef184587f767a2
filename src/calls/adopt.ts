import type { TicketView } from '../acd/types';
import type { Plan } from '../dialplan/model';
import { attachSeat, attachTerminal } from './attach';
import { Call, type QueueTarget } from './call';
import type { CallStore } from './call-store';
import { reasonElsewhere, type Leg, type LegRecord } from './leg';
import type { CallManager } from './manager';
import { remember, type CallRecord } from './record';
import { takeUpTalk } from './media-loss';
import { emergencyOf, isBeingTold } from './notice';
import { targetOf } from './queue-wish';
import { begin } from './stage-start';
import { probeLegs, showAgain } from './take-up';

export interface AdoptPorts {
  node: string;
  store: CallStore;
  /** Takes over the tickets of the former process; offers for them may follow at once. */
  tickets(): Promise<TicketView[]>;
  /** A leg from its record; the dialog may be gone. */
  leg(record: LegRecord): Leg;
  /** Lets go of an INVITE of the former process that may still be open at the edge. */
  abandon(transactionId: string, kind: 'ours' | 'theirs'): Promise<void>;
  /** The plan that a call began on, or the one in force when that is not known any more. */
  plan(version: string): Plan;
  manager: CallManager;
  numbers: { adopt(number: string, token: string): void };
}

/**
 * Goes on with the calls that this node had under way before it was restarted. Where the edge has outlived the
 * application, people who talk go on talking and those with a screen keep their place and their page; phones that were
 * still ringing are refused with "try again", and find their place when they do.
 *
 * @returns how many calls go on.
 */
export async function adoptCalls(ports: AdoptPorts): Promise<number> {
  const records = await ports.store.live(ports.node);
  const calls = await Promise.all(records.map((record) => takeUp(ports, record)));
  // The calls are there before the tickets are, so that no offer comes to nobody.
  const views = await ports.tickets();
  ports.manager.callbacks?.adopt(views);
  await Promise.all(views.map((view) => letGo(ports, view)));
  const going = calls.filter((call) => !call.ended && goesOn(call, views));
  for (const call of going) {
    showAgain(call);
    if (call.state === 'talking') call.run(takeUpTalk(call));
  }

  return going.length;
}

/** The seats that rang for the former process are free; their caller is offered again before those behind. */
async function letGo({ manager }: AdoptPorts, { state, offer, offers }: TicketView): Promise<void> {
  if (state !== 'offered') return;
  const live = offers ?? (offer ? [offer] : []);
  await Promise.all(live.map((one) => manager.acd.decline(one, 'node-lost')));
}

/** Makes the handles of a call again. One whose people are gone, or that nobody can answer any more, ends here. */
async function takeUp(ports: AdoptPorts, record: CallRecord): Promise<Call> {
  const { manager } = ports;
  const invites = openInvites(record);
  if (record.state === 'offered') backToQueue(ports, record);
  delete record.ringing;
  delete record.terminal.ringing;
  remember(record, manager.clock.now(), 'adopted');
  const call = new Call(record, ports.plan(record.planVersion), manager);
  manager.add(call);
  if (record.lease?.token) ports.numbers.adopt(record.lease.number, record.lease.token);
  await Promise.all(invites.map((id) => ports.abandon(id, 'ours')));
  if (!record.terminal.leg && record.terminal.inviteId) await ports.abandon(record.terminal.inviteId, 'theirs');
  if ((await legsLive(ports, call)) && call.state !== 'joining') return call;
  manager.stages.end(call, { by: 'caller', cause: 'restart' });

  return call;
}

/**
 * The INVITEs of seats that ring, or have answered and were not joined, and of a terminal that is called back: they know nothing of the
 * new process.
 */
function openInvites({ state, seat, terminal, ringing = [] }: CallRecord): string[] {
  const answered = state === 'talking' ? [] : (seat?.invites ?? []);

  return [...answered, ...ringing.flatMap(({ invites }) => invites), ...(terminal.ringing ?? [])];
}

/** Nobody rings any more. A seat that waited for a person who was being called is let go: he is called with whichever is free then. */
function backToQueue(ports: AdoptPorts, record: CallRecord): void {
  record.state = 'queued';
  if (record.seat?.leg) void ports.leg(record.seat.leg).bye(reasonElsewhere);
  delete record.seat;
}

/** Takes up the legs and asks each whether its far end is still there. */
async function legsLive(ports: AdoptPorts, call: Call): Promise<boolean> {
  const { terminal, seat } = call.record;
  if (!terminal.leg || (call.state === 'talking' && !seat?.leg)) return false;
  // Both are there before either is heard: one that has hung up meanwhile ends the other.
  call.terminal = ports.leg(terminal.leg);
  call.seat = seat?.leg && ports.leg(seat.leg);
  attachTerminal(call, call.terminal);
  if (call.seat && !call.ended) attachSeat(call, call.seat);
  await probeLegs(call);

  return !call.ended && call.terminal?.alive === true && (call.seat === undefined || call.seat.alive);
}

/** A person who waits has a ticket, or gets one. One whose ticket is over waits for nothing. */
function goesOn(call: Call, tickets: readonly TicketView[]): boolean {
  const { record, home } = call;
  if (isBeingTold(call)) return afterNotice(call);
  if (call.state !== 'queued') return true;
  const ticket = tickets.find(({ ticketId, callId }) => ticketId === record.ticketId || callId === call.id);
  if (ticket?.state === 'talking') call.run(waitAgain(call, ticket.ticketId));
  else if (ticket) home.bindTicket(call, ticket.ticketId);
  // The process ended between the wish for a ticket and the ticket.
  else if (record.ticketId === undefined) home.stages.queue(call, wishOf(call));
  else home.stages.end(call, { by: 'server', cause: 'ticket-gone' });

  return !call.ended;
}

/** The process ended while a text was shown: it has been, so what comes after it follows. */
function afterNotice(call: Call): boolean {
  const flow = call.plan.flows.get(call.record.flow);
  if (call.state !== 'arriving') call.home.stages.end(call, { by: 'server', cause: 'overflowed' });
  else if (emergencyOf(call.plan, call.home)?.refuse || !flow)
    call.home.stages.end(call, { by: 'server', cause: 'emergency' });
  else begin(call, flow);

  return !call.ended;
}

/** The process ended between the seat's answer and its record: the way to that seat is lost, so another is looked for. */
async function waitAgain(call: Call, ticketId: string): Promise<void> {
  await call.home.acd.complete(ticketId);
  const wish = wishOf(call);
  delete call.record.ticketId;
  call.home.stages.queue(call, wish);
}

/** What the person was about to be queued with: by a choice on the screen, or by the flow. */
function wishOf(call: Call): QueueTarget {
  const { pending } = call.record.menu ?? {};
  const target = targetOf(call, pending?.type === 'queue' ? pending : undefined);

  return { ...target, queue: call.record.queue ?? target.queue };
}
