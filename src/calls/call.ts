import { asSightlineError } from '../lib/errors';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { AcdPort } from './acd-port';
import {
  reasonCallerLeft,
  reasonNormal,
  type IncomingInvite,
  type Leg,
  type OutgoingInvite,
  type SeatAnswer,
  type SeatDialer,
} from './leg';
import type { Plan } from '../dialplan/model';
import type { Medium, OverflowRule, OverflowTarget, TicketClass } from '../acd/config';
import type { Offer } from '../acd/types';
import type { Face } from '../ivr/face';
import type { LocalText } from '../ivr/model';
import type { Bridge, Endpoint, MediaServer } from '../media/port';
import type { FaceMaker } from './faces';
import { remember, type CallEnd, type CallMedia, type CallRecord, type Side } from './record';
import { Rings, type SeatRing } from './ring';
import { Turns } from './turns';
import { callMachine, type CallInput, type CallMachine, type CallState } from './state';

/** What a call is to be queued with. What is not said here is found out of the call; see src/calls/queue-wish.ts. */
export interface QueueTarget {
  queue: string;
  priority: number;
  skills: readonly string[];
  class?: TicketClass;
  medium?: Medium;
  customer?: string;
  /** The seat that is asked for. */
  designated?: string;
}

/** Where a call that is to stand in a queue goes, by the rules of that queue and of those that they lead to. */
export interface Entry {
  queue: string;
  /** It does not come to stand there, or not only: to a number, a message or a callback. */
  to?: Exclude<OverflowTarget, { kind: 'queue' }>;
  rule?: OverflowRule;
  /** With a message: what is said, where the rule does not have it, and the cause of the end. */
  text?: LocalText;
  cause?: 'closed';
}

/** The stages of a call, in the order of its life. Each is a file of this folder; the manager puts them together. */
export interface Stages {
  /** Shows the menu, from its start or where the person left it. */
  menu(call: Call): void;
  queue(call: Call, target: QueueTarget): void;
  talk(call: Call): void;
  /** The rules of a queue send the call somewhere else. */
  elsewhere(call: Call, entry: Entry): void;
  end(call: Call, end: CallEnd, reason?: string): void;
  /** The person is to be called back in his turn: the call ends, the ticket keeps its place. Where that cannot be, he waits on. */
  callback(call: Call): void;
  /** The engine of one side's endpoint is gone. */
  mediaLost(call: Call, side: Side, reason: string): void;
  /** The terminal has other media than before: shows its pages in the way that they allow. */
  fitFace(call: Call): void;
}

/** The ends of a call at a media engine. The bridge is there while two talk through it. */
export interface CallEndpoints {
  terminal?: Endpoint | undefined;
  seat?: Endpoint | undefined;
  bridge?: Bridge | undefined;
}

/** Who records calls: told when there is something to record, and of the keys by which an agent asks for it. */
export interface CallRecorder {
  /** Terminal and seat are joined, or a talk was taken up after a restart. */
  joined(call: Call): void;
  /** The call is over; its endpoints are closed right after. */
  ended(call: Call): void;
  /** The two were parted and the call goes on without a seat. */
  parted(call: Call): void;
  /** A key of the agent during the talk. */
  seatDigit(call: Call, digit: string): void;
}

/** Who calls people back that have asked for it. */
export interface CallbackDesk {
  /** Whether the person of this call may ask to be called back where he waits. */
  canAsk(call: Call): Promise<boolean>;
  /** The person of this call asks. Never rejects for want of the store: then he waits on. */
  ask(call: Call): Promise<void>;
  /** The ACD has been told by somebody else that he is to be called back. Where that cannot be he waits on. Never rejects either. */
  granted(call: Call): Promise<void>;
  /** Whether that is under way for this ticket, so that a call that ends meanwhile does not give its place up. */
  isAsking(ticketId: string): boolean;
  /**
   * The person was called back and is lost before a seat has answered: he is called again after a while, or given up.
   * False when his ticket is none of a callback.
   */
  lost(call: Call): Promise<boolean>;
  /** The person has called by himself, by this call, which has the ticket now. */
  takenBack(ticketId: string, by: Call): void;
}

/** What a call needs of its surroundings. */
export interface CallHome {
  readonly acd: AcdPort;
  readonly dialer: SeatDialer;
  readonly stages: Stages;
  readonly clock: Clock;
  readonly log: Logger;
  /** Our address in descriptions that carry no media. */
  readonly mediaAddress: string;
  /** Absent where there is no engine at all. It may be away for a while: see `available`. */
  readonly media: MediaServer | undefined;
  readonly faces: FaceMaker | undefined;
  readonly recorder?: CallRecorder | undefined;
  /** Whether a queue is open by its hours. */
  isOpen(queue: string): boolean;
  /** The message that was set at run time for everybody who calls. */
  emergency?(): { text: LocalText; refuse: boolean } | undefined;
  readonly callbacks?: CallbackDesk | undefined;
  save(record: CallRecord): void;
  /** The call has this ticket now; events of the ticket find it by that. */
  bindTicket(call: Call, ticketId: string): void;
  storeAvailable(): boolean;
  /** Resolves when the state store can be used; rejects STORE_UNAVAILABLE when it stays away for long. */
  storeReady(): Promise<void>;
  /** The call is over; called once. `from` is the state that it ended in; `over` settles when both sides have been told. */
  ended(call: Call, from: CallState, over: Promise<unknown>): void;
}

/** A handle on a call's record: the record is the truth, the rest are the live ends that belong to it. */
export class Call {
  incoming: IncomingInvite | undefined;
  terminal: Leg | undefined;
  seat: Leg | undefined;
  /** What the person sees or hears of the menu and the queue. */
  face: Face | undefined;
  /** The ends of this call at the media engine, where it has any. */
  readonly endpoints: CallEndpoints = {};
  /** Changes of the media, one after another. */
  readonly turns = new Turns();
  /** By which way each side's keys were heard first since its media moved; the other way tells the same keys again. */
  readonly keyWays: Partial<Record<Side, 'rtp' | 'info'>> = {};
  /** The offer whose seat has answered. */
  offer: Offer | undefined;
  /** The seats that ring. The one that answers first becomes `seat`. */
  readonly rings: Rings;
  /** The INVITE to a terminal that is called back, until it has answered. */
  calling: OutgoingInvite | undefined;
  /** What comes before the join when a seat has answered: calling the person back. Absent where he is on the line. */
  onSeatAnswer: ((ring: SeatRing, answer: SeatAnswer) => Promise<void>) | undefined;
  /** Whether the person can be called back, once it was looked up. */
  mayBeCalledBack: boolean | undefined;
  /** Counts the stays in a queue: who comes back from the store finds out whether the person still stands there. */
  visit = 0;
  private readonly machine: CallMachine;
  private readonly joinWaiters: (() => void)[] = [];

  constructor(
    readonly record: CallRecord,
    readonly plan: Plan,
    readonly home: CallHome,
  ) {
    this.machine = callMachine(record.state);
    this.rings = new Rings(record);
  }

  get id(): string {
    return this.record.id;
  }

  get state(): CallState {
    return this.machine.state;
  }

  get ended(): boolean {
    return this.machine.state === 'ended';
  }

  /** A ticket waits for a seat, or is about to; seats may ring. */
  get waiting(): boolean {
    return this.machine.state === 'queued' || this.machine.state === 'offered';
  }

  /** A seat has answered, and it is not settled yet whether it is the one. */
  get joining(): boolean {
    return this.machine.state === 'joining';
  }

  can(input: CallInput): boolean {
    return this.machine.can(input);
  }

  /** Moves the call along an arrow of its table, and writes that down. */
  apply(input: CallInput, detail?: string): void {
    const from = this.machine.state;
    this.record.state = this.machine.apply(input);
    this.note(input, detail);
    if (from === 'joining') for (const resolve of this.joinWaiters.splice(0)) resolve();
  }

  /** Resolves when the two sides are not in the middle of being joined. */
  joinOver(): Promise<void> {
    if (this.state !== 'joining') return Promise.resolve();

    return new Promise((resolve) => this.joinWaiters.push(resolve));
  }

  /** Writes an event into the record. */
  note(event: string, detail?: string): void {
    remember(this.record, this.home.clock.now(), event, detail);
    this.home.save(this.record);
  }

  /** What only the beginning needed weighs more than the whole talk. */
  forgetBeginning(): void {
    this.incoming = undefined;
    if (this.record.seat) delete this.record.seat.invites;
    delete this.record.terminal.inviteId;
  }

  /** Writes down where the media go. */
  setMedia(mode: CallMedia['mode'], why: readonly string[] = []): void {
    this.record.media = why.length > 0 ? { mode, why: [...why] } : { mode };
    this.note('media', why.length > 0 ? `${mode}: ${why.join(', ')}` : mode);
  }

  /** Forgets the seat that has answered: another may. */
  clearSeat(): void {
    this.offer = undefined;
    // Nobody is called back for a seat that is gone.
    this.calling?.cancel(reasonNormal);
    this.seat = undefined;
    delete this.keyWays.seat;
    void this.endpoints.seat?.close();
    this.endpoints.seat = undefined;
    delete this.record.seat;
  }

  /** Stops whatever rings and takes the ticket off the call. Gives the number of the next stay in a queue. */
  leaveQueue(): number {
    this.rings.stopAll(reasonCallerLeft);
    this.clearSeat();
    delete this.record.ticketId;
    delete this.record.queue;
    this.mayBeCalledBack = undefined;

    return ++this.visit;
  }

  /** Runs a stage whose failure ends the call instead of being lost. */
  run(stage: Promise<void>): void {
    stage.catch((error: unknown) => this.failed(error));
  }

  /** A stage threw: the call ends. After the end, a side that is gone is no news. */
  failed(error: unknown): void {
    const { code } = asSightlineError(error);
    if (this.ended && code === 'CALL_GONE') return;
    const level = code === 'INTERNAL' ? 'error' : 'warn';
    this.home.log[level]({ err: error, call: this.id, state: this.state }, 'a stage of the call failed');
    this.home.stages.end(this, { by: 'server', cause: 'internal' });
  }
}
