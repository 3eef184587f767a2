import type { TicketView } from '../acd/types';
import type { Plan } from '../dialplan/model';
import { currentScreen } from '../ivr/session';
import { attachSeat, attachTerminal } from './attach';
import { Call } from './call';
import type { CallStore } from './call-store';
import type { Leg, LegRecord } from './leg';
import type { CallManager } from './manager';
import { remember, type CallRecord } from './record';
import { menuOf } from './stage-menu';
import { refreshPlace } from './stage-queue';

export interface AdoptPorts {
  node: string;
  store: CallStore;
  /** A leg from its record; the dialog may be gone. */
  leg(record: LegRecord): Leg;
  /** Stops an INVITE of the former process that may still be open at the edge. */
  abandon(transactionId: string, method: 'INVITE' | 'CANCEL'): Promise<void>;
  /** The plan that a call began on, or the one in force when that is not known any more. */
  plan(version: string): Plan;
  manager: CallManager;
}

/**
 * Goes on with the calls that this node had under way before it was restarted. Where the edge has outlived the
 * application, people who talk go on talking and those with a screen keep their place and their page; phones that were
 * still ringing are refused with "try again", and find their place when they do.
 *
 * @returns how many calls go on.
 */
export async function adoptCalls(ports: AdoptPorts, tickets: readonly TicketView[]): Promise<number> {
  const records = await ports.store.live(ports.node);
  const known = new Map(tickets.map((ticket) => [ticket.ticketId, ticket]));
  const results = await Promise.all(records.map((record) => adoptCall(ports, record, known)));

  return results.filter(Boolean).length;
}

async function adoptCall(ports: AdoptPorts, record: CallRecord, tickets: Map<string, TicketView>): Promise<boolean> {
  const { manager } = ports;
  const ringing = record.seat?.ringing ?? [];
  if (record.state === 'offered') backToQueue(record);
  const call = new Call(record, ports.plan(record.planVersion), manager);
  manager.add(call);
  await Promise.all(ringing.map((id) => ports.abandon(id, 'CANCEL')));
  remember(record, manager.clock.now(), 'adopted');
  const ticketLost = record.ticketId !== undefined && record.state === 'queued' && !tickets.has(record.ticketId);
  if (!(await legsLive(ports, call)) || ticketLost || record.state === 'joining') {
    if (record.terminal.inviteId && !record.terminal.leg) await ports.abandon(record.terminal.inviteId, 'INVITE');
    manager.stages.end(call, { by: 'caller', cause: 'restart' });

    return false;
  }
  if (record.menu && call.screen) {
    call.screen.show(currentScreen(menuOf(call), record.menu));
    if (record.state === 'queued') call.run(refreshPlace(call));
  }
  manager.save(record);

  return true;
}

/** The seat that rang knows nothing of the new process: the ticket waits for another offer. */
function backToQueue(record: CallRecord): void {
  record.state = 'queued';
  delete record.seat;
}

/** Takes up the legs and asks each whether its far end is still there. */
async function legsLive(ports: AdoptPorts, call: Call): Promise<boolean> {
  const { terminal, seat } = call.record;
  if (!terminal.leg || (call.state === 'talking' && !seat?.leg)) return false;
  attachTerminal(call, ports.leg(terminal.leg));
  if (seat?.leg) attachSeat(call, ports.leg(seat.leg));
  await Promise.all([call.terminal, call.seat].map(probe));

  return !call.ended && call.terminal?.alive === true && (call.seat === undefined || call.seat.alive);
}

/** OPTIONS within the dialog; a leg that is gone says so by its `ended` event. */
async function probe(leg: Leg | undefined): Promise<void> {
  try {
    await leg?.request('OPTIONS', {});
  } catch {
    // The leg has ended by this, or the edge is away and will be heard of soon.
  }
}
