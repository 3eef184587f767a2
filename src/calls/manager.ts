import { pause, type Clock } from '../lib/clock';
import { newId } from '../lib/ids';
import type { Logger } from '../lib/logger';
import type { TypedEmitter } from '../lib/emitter';
import type { AcdEvents, Offer } from '../acd/types';
import type { Plan } from '../dialplan/model';
import type { AcdPort } from './acd-port';
import type { MediaServer } from '../media/port';
import { Call, type CallHome, type CallRecorder } from './call';
import type { FaceMaker } from './faces';
import { Callbacks, type CallbackPorts } from './callback';
import type { CallbackRecord } from './callback-rules';
import type { CallStore } from './call-store';
import { edgeBack, edgeLost } from './edge-loss';
import type { IncomingInvite, SeatDialer } from './leg';
import { newMedia } from './media';
import { chooseFace } from './face-choice';
import type { CallEnd, CallRecord, Caller, FaceName } from './record';
import type { EmergencyMessage } from './emergency';
import { emergencyOf } from './notice';
import { engineUp } from './stage-face';
import { offerWithdrawn, ringSeat } from './stage-offer';
import { overflowed } from './stage-overflow';
import { talkPreempted } from './stage-preempted';
import { refreshPlace } from './stage-queue';
import { calledBackLater } from './stage-callback';
import { startCall } from './stage-start';
import { stages } from './stages';
import type { CallState } from './state';

/** How long a stop waits for the answers to its BYEs, in ms. */
const partingMs = 2000;

export interface ManagerPorts {
  acd: AcdPort & Pick<TypedEmitter<AcdEvents>, 'on'>;
  store: CallStore;
  dialer: SeatDialer;
  clock: Clock;
  log: Logger;
  node: string;
  mediaAddress: string;
  /** The media engine, once there is one. */
  media(): MediaServer | undefined;
  faces?: FaceMaker | undefined;
  recorder?: CallRecorder | undefined;
  /** Whether a queue is open by its hours; it is where nobody says so. */
  isOpen?(queue: string): boolean;
  /** The message that was set at run time for everybody who calls. */
  emergency?(): EmergencyMessage | undefined;
  /** Absent: nobody is called back. */
  callbacks?: Pick<CallbackPorts, 'store' | 'plan' | 'opensAt'> | undefined;
  storeAvailable(): boolean;
  storeReady(): Promise<void>;
  /** A call began or ended with this plan: as long as calls use it, its version is kept. */
  plans: { retain(plan: Plan): void; release(plan: Plan): void };
  /** A call is over; `from` is the state in which it ended. */
  onEnded(record: CallRecord, from: CallState): void;
}

export interface StartRequest {
  plan: Plan;
  caller: Caller;
  /** What was dialled. */
  number: string;
  flow: string;
  locale: string;
  lease?: CallRecord['lease'];
  context: Record<string, unknown>;
}

/** What a call takes over from its INVITE, or from the call that asked to be called back. */
type Origin = Pick<CallRecord, 'caller' | 'number' | 'flow' | 'locale' | 'context'>;

/** The calls of this node: makes them, finds them, and brings them the events of the ACD. */
export class CallManager implements CallHome {
  readonly stages = stages;
  private readonly calls = new Map<string, Call>();
  private readonly byTicket = new Map<string, Call>();
  readonly callbacks: Callbacks | undefined;
  private readonly unsubscribe: (() => void)[];
  /** Calls that are over and still have somebody to tell. */
  private readonly parting = new Set<Promise<unknown>>();

  constructor(private readonly ports: ManagerPorts) {
    const { acd } = ports;
    this.callbacks = ports.callbacks && this.openCallbacks(ports.callbacks);
    this.unsubscribe = [
      acd.on('claiming', (seatId) => this.dialer.prepare(seatId)),
      acd.on('offer', (offer) => this.onOffer(offer)),
      acd.on('withdrawn', (offer, cause) => {
        const call = this.calls.get(offer.callId) ?? this.byTicket.get(offer.ticketId);
        if (call) offerWithdrawn(call, offer, cause);
        this.callbacks?.withdrawn(offer);
      }),
      acd.on('moved', (ticketIds) => this.onMoved(ticketIds)),
      acd.on('ended', (ticketId, how) => {
        if (how === 'overflowed') this.endTicket(ticketId, { by: 'server', cause: 'overflowed' });
        // Somebody else has ended the wait: whoever gives up his own has let go of the ticket before.
        if (how === 'abandoned') this.endWait(ticketId, { by: 'server', cause: 'removed' });
        this.byTicket.delete(ticketId);
        this.callbacks?.ticketEnded(ticketId);
      }),
      acd.on('callback', (ticketId) => this.onCallback(ticketId)),
      acd.on('overflow', (ticketId, rule) => {
        const call = this.byTicket.get(ticketId);
        if (call) call.run(overflowed(call, ticketId, rule));
      }),
      acd.on('preempted', (ticketId, seatId) => {
        const call = this.byTicket.get(ticketId);
        if (call) call.run(talkPreempted(call, ticketId, seatId));
      }),
      acd.on('replaced', (ticketId, oldCallId) => this.onReplaced(ticketId, oldCallId)),
    ];
  }

  private openCallbacks({ store, plan, opensAt }: NonNullable<ManagerPorts['callbacks']>): Callbacks {
    const { acd, dialer, clock, log } = this.ports;
    const begin = (callback: CallbackRecord, on: Plan): Call => this.callBack(callback, on);

    const waiting = (ticketId: string): Call | undefined => this.byTicket.get(ticketId);

    return new Callbacks({ acd, dialer, clock, log, store, plan, begin, waiting, ...(opensAt && { opensAt }) });
  }

  get acd(): AcdPort {
    return this.ports.acd;
  }

  get dialer(): SeatDialer {
    return this.ports.dialer;
  }

  get clock(): Clock {
    return this.ports.clock;
  }

  get log(): Logger {
    return this.ports.log;
  }

  get mediaAddress(): string {
    return this.ports.mediaAddress;
  }

  get media(): MediaServer | undefined {
    return this.ports.media();
  }

  get faces(): FaceMaker | undefined {
    return this.ports.faces;
  }

  get recorder(): CallRecorder | undefined {
    return this.ports.recorder;
  }

  get size(): number {
    return this.calls.size;
  }

  /** Begins a call for an INVITE that was let in and routed. */
  start(request: StartRequest, incoming: IncomingInvite): Call {
    const { plan, caller, number, lease } = request;
    const more = { face: this.faceFor(request, incoming), ...(lease ? { lease } : {}) };
    const call = new Call(this.newRecord(plan, request, more), plan, this);
    this.add(call);
    call.note('arrived', `${number} from ${caller.user}`);
    call.run(startCall(call, incoming));

    return call;
  }

  /** Begins the call to a person who is called back. Its driver does the rest. */
  private callBack(callback: CallbackRecord, plan: Plan): Call {
    const { queuedAt, callId: of, rules, attempts } = callback;
    const more = { face: 'ring' as const, callback: { of, order: rules.order, attempt: attempts + 1 }, queuedAt };
    const call = new Call(this.newRecord(plan, callback, more), plan, this);
    this.add(call);
    call.note('callback', `${rules.order}, ${attempts + 1} of ${rules.attempts}`);

    return call;
  }

  /** The record of a call that begins now, for this person and on this plan. */
  private newRecord(
    plan: Plan,
    { caller, number, flow, locale, context }: Origin,
    more: Pick<CallRecord, 'face'> & Partial<CallRecord>,
  ): CallRecord {
    return {
      id: newId('call'),
      site: plan.site,
      node: this.ports.node,
      planVersion: plan.version,
      ...{ number, flow, caller, locale, context },
      media: { mode: 'none' },
      state: 'arriving',
      terminal: { media: newMedia(this.ports.mediaAddress) },
      startedAt: this.clock.now(),
      history: [],
      ...more,
    };
  }

  private faceFor({ plan, flow }: StartRequest, incoming: IncomingInvite): FaceName {
    return chooseFace({
      visualMenu: incoming.offersVisualMenu,
      hasMenu: plan.flows.get(flow)?.menu !== undefined || emergencyOf(plan, this) !== undefined,
      offer: incoming.sdp,
      engine: this.ports.faces !== undefined && this.media?.available === true,
    });
  }

  /** Takes in a call that another process, or this one before a restart, has begun. */
  add(call: Call): void {
    this.calls.set(call.id, call);
    if (call.record.ticketId) this.byTicket.set(call.record.ticketId, call);
    this.ports.plans.retain(call.plan);
    this.engage(call, true);
  }

  get(id: string): Call | undefined {
    return this.calls.get(id);
  }

  /** The record of a call, live or ended; undefined when it is not, or no longer, kept. */
  async find(id: string): Promise<CallRecord | undefined> {
    return this.calls.get(id)?.record ?? this.ports.store.find(id);
  }

  /** The call under way that a routing number led to. */
  withLease(number: string): Call | undefined {
    return [...this.calls.values()].find((call) => call.record.lease?.number === number);
  }

  live(): CallRecord[] {
    return [...this.calls.values()].map((call) => call.record);
  }

  emergency(): EmergencyMessage | undefined {
    return this.ports.emergency?.();
  }

  isOpen(queue: string): boolean {
    return this.ports.isOpen?.(queue) ?? true;
  }

  save(record: CallRecord): void {
    this.ports.store.save(record);
  }

  storeAvailable(): boolean {
    return this.ports.storeAvailable();
  }

  storeReady(): Promise<void> {
    return this.ports.storeReady();
  }

  bindTicket(call: Call, ticketId: string): void {
    call.record.ticketId = ticketId;
    // A call that ended while its ticket was made would be kept here for ever.
    if (!call.ended) this.byTicket.set(ticketId, call);
  }

  ended(call: Call, from: CallState, over: Promise<unknown>): void {
    this.calls.delete(call.id);
    const { ticketId } = call.record;
    if (ticketId && this.byTicket.get(ticketId) === call) this.byTicket.delete(ticketId);
    this.ports.plans.release(call.plan);
    this.ports.onEnded(call.record, from);
    this.engage(call, false);
    this.parting.add(over);
    void over.finally(() => this.parting.delete(over));
  }

  /** The connection to the SIP edge is lost. */
  edgeLost(): void {
    edgeLost([...this.calls.values()]);
  }

  /** The connection to the SIP edge is there again; `abandon` refuses an INVITE that it may still hold open. */
  edgeBack(abandon: (transactionId: string, kind: 'theirs') => Promise<void>): Promise<void> {
    return edgeBack([...this.calls.values()], abandon);
  }

  /** A media engine is there again. */
  mediaBack(): void {
    for (const call of this.calls.values()) engineUp(call);
  }

  /** Ends every call, because the edge that holds their dialogs stops with us. Waiting callers keep their places. */
  async endAll(end: CallEnd, reason: string): Promise<void> {
    for (const call of [...this.calls.values()]) call.home.stages.end(call, end, reason);
    // A peer that is gone does not answer its BYE; the stop does not wait for it.
    await Promise.race([Promise.all(this.parting), pause(this.clock, partingMs)]);
  }

  close(): void {
    for (const off of this.unsubscribe.splice(0)) off();
  }

  /** A seat that calls through us is not to be rung by the queue meanwhile. */
  private engage({ id, record }: Call, on: boolean): void {
    const { kind, user } = record.caller;
    if (kind !== 'seat') return;
    this.acd.engaged(user, id, on).catch((error: unknown) => {
      this.log.warn({ err: error, call: id, seat: user }, 'the queue could not be told of a call of a seat');
    });
  }

  private onOffer(offer: Offer): void {
    const { callbacks } = this;
    const called = this.byTicket.get(offer.ticketId);
    // A person who was called back waits by another call than the one that asked.
    const call = this.calls.get(offer.callId) ?? (called?.record.answeredAt === undefined ? undefined : called);
    if (call && !callbacks?.isAsking(offer.ticketId)) call.run(ringSeat(call, offer));
    else if (callbacks) void callbacks.offered(offer);
    else void this.acd.decline(offer, 'caller-left').catch(() => undefined);
  }

  private onMoved(ticketIds: string[]): void {
    for (const ticketId of ticketIds) {
      const call = this.byTicket.get(ticketId);
      if (call?.face) call.run(refreshPlace(call));
    }
  }

  /** Whoever asked for it, the call of a person who is to be called back ends. */
  private onCallback(ticketId: string): void {
    const call = this.byTicket.get(ticketId);
    if (call?.record.ticketId === ticketId) call.run(calledBackLater(call));
  }

  private endWait(ticketId: string, end: CallEnd): void {
    if (this.byTicket.get(ticketId)?.waiting) this.endTicket(ticketId, end);
  }

  private endTicket(ticketId: string, end: CallEnd): void {
    const call = this.byTicket.get(ticketId);
    if (call?.record.ticketId === ticketId) call.home.stages.end(call, end);
  }

  /** The same person came by another call, which has the ticket now; the old one only holds a dead line. */
  private onReplaced(ticketId: string, oldCallId: string): void {
    const old = this.calls.get(oldCallId);
    if (!old || old.record.ticketId !== ticketId) return;
    old.leaveQueue();
    old.home.stages.end(old, { by: 'server', cause: 'replaced' });
  }
}
