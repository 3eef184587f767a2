/** How a queue treats its tickets. Times are in seconds unless their name says otherwise. */
export interface QueueConfig {
  id: string;
  strategy: 'longest-idle';
  /** Skills that a seat needs for any ticket of this queue, besides those the ticket itself asks for. */
  skills: string[];
  /** How long one seat is rung. */
  ringTimeout: number;
  /** After-call work: how long a seat is left alone after a talk. */
  wrapUp: number;
  /** How long the place of a caller whose call dropped is kept. */
  grace: number;
  /** The most tickets that may stand in the queue; more are refused with QUEUE_FULL. */
  maxWaiting?: number;
  /** A ticket that waited this long ends as `overflowed`. */
  maxWait?: number;
  /** How long a seat rests after it let an offer ring out. */
  noAnswerDelay: number;
  /** How long a seat rests after it rejected an offer. */
  rejectDelay: number;
  /** How long a seat rests after it was busy or could not be reached. */
  busyDelay: number;
}

export interface SeatConfig {
  id: string;
  queues: string[];
  skills: string[];
}

/** What the ACD works with; the dialplan's current version is asked each time, so that a reload takes effect at once. */
export interface AcdConfig {
  queue(id: string): QueueConfig | undefined;
  seat(id: string): SeatConfig | undefined;
  queues(): Iterable<QueueConfig>;
}

/** Highest and lowest priority of a ticket; a higher number is served first. */
export const PRIORITY_LIMIT = 1_000;

export type TicketState = 'waiting' | 'offered' | 'talking' | 'held' | 'dropped' | 'ended';

export type SeatState = 'offline' | 'available' | 'offered' | 'talking' | 'wrapup' | 'resting' | 'paused';

/** How a ticket ended. `lost`: the node that held its talk died and nobody took it over. */
export type TicketEnd = 'completed' | 'abandoned' | 'overflowed' | 'called-back' | 'lost';

export type LeaveReason = 'abandoned' | 'overflowed' | 'called-back';

/** Why an offer came to nothing. `node-lost`: the process that rang the seat is gone, so the seat has done nothing wrong. */
export type DeclineCause = 'no-answer' | 'rejected' | 'busy' | 'unreachable' | 'caller-left' | 'node-lost';

/** Why an offer was taken back: also by the ACD itself. */
export type WithdrawCause = DeclineCause | 'expired' | 'caller-dropped' | 'resumed' | 'overflowed';

/** A ticket promised to a seat until `expiresAt` (ms since the epoch). Only the holder of the token may answer it. */
export interface Offer {
  offerId: string;
  token: string;
  ticketId: string;
  callId: string;
  seatId: string;
  queue: string;
  expiresAt: number;
}

export interface TicketView {
  ticketId: string;
  queue: string;
  callId: string;
  terminal: string;
  resumeKey: string;
  priority: number;
  skills: string[];
  /** The incarnation of the node that owns the ticket. */
  node: string;
  state: TicketState;
  /** When the ticket was first put into the queue, ms since the epoch. Never changes. */
  enqueuedAt: number;
  /** When a seat answered, ms since the epoch. */
  answeredAt?: number;
  /** The live offer of an `offered` ticket, or the answered one of a `talking` ticket. */
  offer?: Offer;
}

export interface SeatView {
  seatId: string;
  state: SeatState;
  /** Since when the seat is in its state, ms since the epoch. */
  since: number;
  queues: string[];
  skills: string[];
  ticketId?: string;
  /** When an offer, a wrap-up or a rest ends, ms since the epoch. */
  until?: number;
  /** What a seat that is offered or talking turns to afterwards, when that is not work. */
  next?: 'offline' | 'paused';
}

export interface Position {
  queue: string;
  /** 1 is next. */
  position: number;
  /** Everybody who stands in the queue. */
  waiting: number;
  /** Seconds still to wait: between the first and the second in about four of five cases. */
  estimate: [low: number, high: number];
}

/** offered = answered + abandoned + overflowed + calledBack + waiting, at every moment. */
export interface QueueStats {
  queue: string;
  offered: number;
  answered: number;
  abandoned: number;
  overflowed: number;
  /** Refused at the entrance because the queue was full; part of `overflowed`. */
  refused: number;
  calledBack: number;
  waiting: number;
  /** Seats that work for the queue: neither offline nor paused. */
  staffed: number;
  /** Of those, how many are free at this moment. */
  idle: number;
  /** Mean of talk and wrap-up of late, in seconds. */
  handling: number;
}

export interface AcdSnapshot {
  queues: QueueStats[];
  seats: SeatView[];
}

/** One line of a ticket's history. */
export interface TicketEvent {
  at: number;
  what: string;
  seatId?: string;
  detail?: string;
}

export interface EnqueueRequest {
  queue: string;
  callId: string;
  /** Who waits: the user part of the terminal. */
  terminal: string;
  /** -1000 to 1000, 0 by default; higher is served first. */
  priority?: number;
  skills?: string[];
  /** What a redial is recognised by, besides the terminal; for instance the routing number. */
  resumeKey?: string;
}

export interface ResumeRequest {
  terminal: string;
  resumeKey?: string;
  /** The new call that takes the ticket over. */
  callId: string;
}

export type AcdEvents = {
  /** Ring this seat for this ticket; comes on the node that owns the ticket. */
  offer: [offer: Offer];
  /** Stop ringing: the offer is no longer valid. */
  withdrawn: [offer: Offer, cause: WithdrawCause];
  /** The places of these tickets of this node have changed. */
  moved: [ticketIds: string[]];
  /** The ticket is over. */
  ended: [ticketId: string, how: TicketEnd];
  /** Another call of the same terminal took the ticket over; the call named here no longer has one. */
  replaced: [ticketId: string, oldCallId: string];
  /** The lease of this node ended or was taken over: what it holds may belong to others now. */
  fenced: [];
};
