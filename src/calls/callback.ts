import type { CallbackConfig } from '../acd/config';
import type { DeclineCause, Offer, TicketView } from '../acd/types';
import type { Plan } from '../dialplan/model';
import type { Clock } from '../lib/clock';
import { SightlineError, asSightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { AcdPort } from './acd-port';
import type { Call, CallbackDesk } from './call';
import { personFirst, seatFirst, type Outcome } from './callback-call';
import { afterMiss, callbackFor, missReasons, untilOpening, type CallbackRecord } from './callback-rules';
import type { CallbackStore } from './callback-store';
import { reasonCallerLeft, reasonNormal, type SeatDialer } from './leg';
import { ringSeat } from './stage-offer';
import { resumeKey } from './stage-queue';

export interface CallbackPorts {
  acd: AcdPort;
  store: Pick<CallbackStore, 'save' | 'find' | 'remove'>;
  dialer: SeatDialer;
  clock: Clock;
  log: Logger;
  /** The plan of a version, or the one in force when that is not known any more. */
  plan(version: string): Plan;
  /** When a queue that is closed now opens next, ms since the epoch; undefined when it is open, or never opens again. */
  opensAt?(plan: Plan, queue: string, now: number): number | undefined;
  /** Makes the call to the person. It belongs to the manager like any other. */
  begin(callback: CallbackRecord, plan: Plan): Call;
  /** The call that has this ticket now. */
  waiting(ticketId: string): Call | undefined;
}

/** A ticket for which a person is being called now. */
interface Work {
  /** The seat that is held for the person; undefined when it was taken back. */
  offer: Offer | undefined;
  /** Seats that are held besides: queues that ring several at a time. */
  spare: Offer[];
  call?: Call;
}

/**
 * Calls people back that have asked for it, each in his turn: when the ACD offers a seat for a ticket that has no caller. What a try
 * needs is kept by the ticket (`CallbackStore`), so that any process of the ticket's node may go on with it.
 */
export class Callbacks implements CallbackDesk {
  /** Tickets that are known here to wait for a call; others are looked up when a seat is offered for them. */
  private readonly known = new Set<string>();
  private readonly asking = new Map<string, Promise<unknown>>();
  private readonly work = new Map<string, Work>();

  constructor(private readonly ports: CallbackPorts) {}

  async canAsk(call: Call): Promise<boolean> {
    const { caller, callback } = call.record;
    // Nobody else is known by more than what he says of himself, or can be found again.
    if (callback || caller.kind !== 'terminal' || !rulesOf(call)) return false;

    return this.ports.dialer.isReachable(caller.user);
  }

  isAsking(ticketId: string): boolean {
    return this.asking.has(ticketId);
  }

  async ask(call: Call): Promise<void> {
    const { ticketId } = call.record;
    const rules = rulesOf(call);
    if (!ticketId || !rules || !call.waiting) return;
    const promise = async (): Promise<void> => {
      await this.keep(call, ticketId, rules);
      await this.ports.acd.askCallback(ticketId);
    };
    // He has hung up meanwhile: his place is kept as that of anybody who is cut off.
    await this.promised(call, ticketId, promise, async () => {
      if (call.ended) await this.ports.acd.drop(ticketId);
    });
  }

  async granted(call: Call): Promise<void> {
    const { ticketId } = call.record;
    if (!ticketId) return;
    const promise = async (): Promise<void> => {
      // A seat that answers at this moment is not the one: its offer was taken back.
      while (call.joining) await call.joinOver();
      const rules = rulesOf(call);
      if (!rules || !call.waiting || !(await this.canAsk(call))) throw new SightlineError('WRONG_STATE');
      await this.keep(call, ticketId, rules);
    };
    await this.promised(call, ticketId, promise, () => this.waitOn(call, ticketId));
  }

  /** The call ends when the promise that its person will be called is kept; `refused` settles the ticket when it cannot be. */
  private async promised(
    call: Call,
    ticketId: string,
    promise: () => Promise<void>,
    refused: () => Promise<unknown>,
  ): Promise<void> {
    if (this.asking.has(ticketId)) return;
    const asked = promise();
    this.asking.set(ticketId, asked);
    try {
      await asked;
    } catch (error) {
      const { code } = asSightlineError(error);
      this.asking.delete(ticketId);
      this.forget(ticketId);
      call.note('callback-refused', code);
      await this.settle(refused(), ticketId);

      return;
    }
    // The seat that rang for the call was freed with that; another is offered when it is the person's turn.
    call.home.stages.end(
      call,
      { by: 'caller', cause: 'callback', detail: 'You will be called back' },
      reasonCallerLeft,
    );
    this.asking.delete(ticketId);
  }

  /** The ticket has its caller again, who cannot be called back. */
  private async waitOn(call: Call, ticketId: string): Promise<void> {
    const { acd } = this.ports;
    await acd.resume({ terminal: call.record.caller.user, resumeKey: resumeKey(call), callId: call.id });
    if (call.ended) await acd.drop(ticketId);
  }

  async lost(call: Call): Promise<boolean> {
    const { ticketId = '' } = call.record;
    const callback = await this.ports.store.find(ticketId);
    if (!callback) return false;
    // After a stop of the server he is called again as though nothing had been.
    if (call.record.end?.cause !== 'shutdown') await this.missed(callback);

    return true;
  }

  /** The callback is written down before the ticket has no caller any more: a seat may be offered for it at once. */
  private async keep(call: Call, ticketId: string, rules: CallbackConfig): Promise<void> {
    const { store, clock } = this.ports;
    const queue = call.record.queue ?? '';
    await store.save(callbackFor(call.record, rules, { queue, now: clock.now() }));
    this.known.add(ticketId);
  }

  /** The tickets that a restart has handed over. */
  adopt(tickets: readonly TicketView[]): void {
    for (const { ticketId, callback } of tickets) if (callback) this.known.add(ticketId);
  }

  /** A seat is held for a ticket that no call of this node waits with. */
  async offered(offer: Offer): Promise<void> {
    const { ticketId } = offer;
    const asking = this.asking.get(ticketId);
    await asking?.catch(() => undefined);
    // It was refused: the person is on the line, and is offered to this seat, or another, at once.
    if (asking && !this.known.has(ticketId)) return this.decline(offer, 'node-lost');
    const current = this.work.get(ticketId);
    if (current) return this.keepSpare(current, offer);
    const work: Work = { offer, spare: [] };
    this.work.set(ticketId, work);
    try {
      while (work.offer && (await this.serve(work, work.offer))) work.offer = work.spare.shift();
    } catch (error) {
      this.ports.log.warn({ err: error, ticket: ticketId }, 'a callback could not be looked up');
      if (work.offer) await this.decline(work.offer, 'node-lost');
    } finally {
      this.work.delete(ticketId);
      for (const left of work.spare) void this.decline(left, 'node-lost');
    }
  }

  /** While one seat is tried others are only held; a person who is on the line is offered to them as anybody is. */
  private keepSpare(work: Work, offer: Offer): void {
    const { call } = work;
    if (call?.record.answeredAt === undefined) work.spare.push(offer);
    else call.run(ringSeat(call, offer));
  }

  /** An offer was taken back. The seat that rings for the person hears of it by its call. */
  withdrawn(offer: Offer): void {
    const work = this.work.get(offer.ticketId);
    if (!work) return;
    work.spare = work.spare.filter(({ offerId }) => offerId !== offer.offerId);
    if (work.offer?.offerId !== offer.offerId) return;
    work.offer = work.call?.state === 'arriving' ? work.spare.shift() : undefined;
    if (!work.offer) work.call?.calling?.cancel(reasonNormal);
  }

  /** The ticket is over, or its person has come by himself. */
  ticketEnded(ticketId: string): void {
    if (this.known.has(ticketId)) this.forget(ticketId);
  }

  takenBack(ticketId: string, by: Call): void {
    this.forget(ticketId);
    const call = this.work.get(ticketId)?.call ?? this.ports.waiting(ticketId);
    if (!call?.record.callback || call === by) return;
    // The ticket is not that call's to give up any more.
    if (call.record.answeredAt !== undefined) call.leaveQueue();
    call.home.stages.end(call, { by: 'server', cause: 'replaced' });
  }

  /** True when the next seat that is held may be tried. */
  private async serve(work: Work, offer: Offer): Promise<boolean> {
    const { ticketId } = offer;
    const { acd, store, clock, plan: planOf, opensAt } = this.ports;
    const callback = await store.find(ticketId);
    if (!callback) return this.orphaned(offer);
    this.known.add(ticketId);
    const plan = planOf(callback.planVersion);
    const now = clock.now();
    const closed = untilOpening(opensAt?.(plan, offer.queue, now), now);
    if (closed > 0) return this.settle(acd.postpone(ticketId, closed), ticketId).then(() => false);
    const call = this.ports.begin(callback, plan);
    work.call = call;
    const outcome = await this.tried(work, { call, callback, offer });

    return this.conclude(outcome, { call, callback, offer });
  }

  /** Nobody knows whom to call. A caller who has just left is about to take his ticket along; one that is offered again has none. */
  private async orphaned(offer: Offer): Promise<boolean> {
    const { ticketId } = offer;
    if (this.known.delete(ticketId)) await this.settle(this.ports.acd.leave(ticketId, 'abandoned'), ticketId);
    else {
      this.known.add(ticketId);
      await this.decline(offer, 'caller-left');
    }

    return true;
  }

  /** A try that fails for a reason of ours counts as one that was missed, or it would be made again and again. */
  private async tried(work: Work, parts: { call: Call; callback: CallbackRecord; offer: Offer }): Promise<Outcome> {
    const attempt = {
      ...parts,
      held: () => work.offer,
      reached: () => {
        for (const spare of work.spare.splice(0)) parts.call.run(ringSeat(parts.call, spare));
      },
    };

    try {
      return await (parts.callback.rules.order === 'agent-first' ? seatFirst(attempt) : personFirst(attempt));
    } catch (error) {
      this.ports.log.error({ err: error, call: parts.call.id }, 'a person could not be called back');

      return { how: 'missed', why: 'unreachable' };
    }
  }

  /** What becomes of the call and of the ticket. True when another seat may be tried. */
  private async conclude(
    outcome: Outcome,
    { call, callback, offer }: { call: Call; callback: CallbackRecord; offer: Offer },
  ): Promise<boolean> {
    const wasEnded = call.ended;
    const end = (cause: string, reason?: string): void => call.home.stages.end(call, { by: 'server', cause }, reason);
    switch (outcome.how) {
      case 'reached':
        return false;
      case 'missed':
        end(`callback-${outcome.why}`, missReasons[outcome.why]);
        await this.missed(callback);

        return false;
      case 'seat-left':
        end('seat-left');
        await this.decline(offer, 'rejected');

        return true;
      case 'seat-missed':
        end('seat-missed');

        return true;
      case 'stopped':
        end('withdrawn');
        await this.decline(offer, 'node-lost');

        // The server stops, or the person has called by himself.
        return !wasEnded;
    }
  }

  /** The person has not taken the call: another one after a while, or he is given up. Either frees the seat without a fault. */
  private async missed(callback: CallbackRecord): Promise<void> {
    const { acd, store, log } = this.ports;
    const { ticketId } = callback;
    const next = afterMiss(callback);
    if (next === 'give-up') {
      log.info({ ticket: ticketId, attempts: callback.rules.attempts }, 'a person could not be called back');
      this.forget(ticketId);
      await this.settle(acd.leave(ticketId, 'abandoned'), ticketId);
    } else {
      await this.settle(store.save(next.record), ticketId);
      await this.settle(acd.postpone(ticketId, next.postpone), ticketId);
    }
  }

  private decline(offer: Offer, cause: DeclineCause): Promise<void> {
    return this.settle(this.ports.acd.decline(offer, cause), offer.ticketId);
  }

  /** What the store could not take is settled by the end of the lease. */
  private async settle(told: Promise<unknown>, ticketId: string): Promise<void> {
    try {
      await told;
    } catch (error) {
      const { code } = asSightlineError(error);
      // What was to be given back is gone already.
      if (code === 'OFFER_GONE' || code === 'TICKET_GONE') return;
      this.ports.log.warn({ err: error, ticket: ticketId }, 'a callback could not be settled; its lease will end');
    }
  }

  private forget(ticketId: string): void {
    this.known.delete(ticketId);
    this.ports.store.remove(ticketId).catch((error: unknown) => {
      this.ports.log.debug({ err: error, ticket: ticketId }, 'a callback is kept until it expires');
    });
  }
}

function rulesOf({ plan, record }: Call): CallbackConfig | undefined {
  return plan.queues.get(record.queue ?? '')?.callback;
}
