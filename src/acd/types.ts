import type { Medium, MissCause, OverflowRule, Strategy, TicketClass } from './config';

/** Highest and lowest priority of a ticket: seconds of head start, so a ticket of 60 is served as though it had come a minute earlier. */
export const PRIORITY_LIMIT = 1_000;

export type TicketState = 'waiting' | 'offered' | 'talking' | 'held' | 'dropped' | 'ended';

/**
 * `reserved`: promised to a ticket, nothing rings yet. `resting`: left alone after a miss. `engaged`: in a call that is
 * none of the queue's.
 */
export type SeatState =
  'offline' | 'available' | 'reserved' | 'ringing' | 'talking' | 'wrap-up' | 'resting' | 'engaged' | 'break';

/** How a ticket ended. `lost`: the node that held its talk died and nobody took it over. */
export type TicketEnd = 'completed' | 'abandoned' | 'overflowed' | 'called-back' | 'lost';

export type LeaveReason = 'abandoned' | 'overflowed' | 'called-back';

/** Why an offer came to nothing. `node-lost`: the process that rang the seat is gone, so the seat has done nothing wrong. */
export type DeclineCause = MissCause | 'caller-left' | 'node-lost';

/**
 * Why an offer was taken back: also by the ACD itself. `elsewhere`: another seat that rang for the same ticket has
 * answered; `pre-empted`: an alarm needs the seat.
 */
export type WithdrawCause =
  DeclineCause | 'expired' | 'caller-dropped' | 'resumed' | 'overflowed' | 'elsewhere' | 'pre-empted';

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
  /** By whom a returning customer is known: the terminal unless the call says better. */
  customer?: string;
  class?: TicketClass;
  priority: number;
  skills: string[];
  medium?: Medium;
  /** The seat that the ticket names. */
  designated?: string;
  /** Its person has hung up and is to be called back in his turn. */
  callback?: boolean;
  /** The incarnation of the node that owns the ticket. */
  node: string;
  state: TicketState;
  /** When the ticket was first put into a queue, ms since the epoch. Never changes, also when it goes to another queue. */
  enqueuedAt: number;
  /** When a seat answered, ms since the epoch. */
  answeredAt?: number;
  /** The first live offer of an `offered` ticket, or the answered one of a `talking` ticket. */
  offer?: Offer;
  /** All live offers of an `offered` ticket: several where seats are rung together. */
  offers?: Offer[];
}

export interface SeatView {
  seatId: string;
  state: SeatState;
  /** Since when the seat is in its state, ms since the epoch. */
  since: number;
  queues: string[];
  skills: string[];
  ticketId?: string;
  /** When an offer, a wrap-up or a rest ends, ms since the epoch. Absent for a wrap-up that lasts until it is done. */
  until?: number;
  /** What a seat that is offered or talking turns to afterwards, when that is not work. */
  next?: 'offline' | 'break';
  /** On a break, or about to be when its call is over or it comes back. */
  onBreak?: boolean;
  /** Why. */
  reason?: string;
  /** Of this shift. */
  calls?: number;
  /** Seconds of talk of this shift. */
  talkTime?: number;
  /** Share of this shift that the seat was free, 0 to 1. */
  idleRate?: number;
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
  /** Seats that work for the queue: neither offline nor on a break. */
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

/** Why a seat is, or is not, a candidate for a ticket at this moment. */
export interface Candidate {
  seatId: string;
  state: SeatState;
  /** Index of the first open ring that it is in; absent when it is in none. */
  ring?: number;
  /** What the strategy orders by, lowest first: as numbers in the order in which they count. */
  score?: number[];
  /**
   * Why it is not rung now: e.g. `state`, `queue`, `skills`, `medium`, `penalty`, `ring-closed`, or `node`, the ticket's, when
   * that does not listen; absent when it could be.
   */
  reject?: string;
  detail?: string;
}

/** How the search for a seat stands. */
export interface Explanation {
  ticketId: string;
  queue: string;
  at: number;
  state: TicketState;
  /** Its place among those who stand in the queue, 1 is next. */
  position: number;
  /** By what it is ranked among tickets: alarms have none. */
  worth?: number;
  /** Seconds. */
  waited: number;
  rings: { name?: string; strategy: Strategy; open: boolean; why: string }[];
  /** Candidates in the order in which they would be rung, then those that are rejected. */
  candidates: Candidate[];
  /** Tickets that would be served before this one by a seat that suits both. */
  ahead: string[];
  /** What was decided before, newest last: offers with the scores of the seat and of the runners-up. */
  decisions: Decision[];
}

/** Why a seat was chosen, as it was written down when it was. */
export interface Decision {
  at: number;
  seatId: string;
  ring: number;
  strategy: Strategy;
  /** Score of the chosen seat. */
  score: number[];
  /** How many seats suited. */
  suited: number;
  /** The next best, with their scores. */
  runnersUp: { seatId: string; score: number[] }[];
}

export interface EnqueueRequest {
  queue: string;
  callId: string;
  /** Who waits: the user part of the terminal. */
  terminal: string;
  /** Seconds of head start, -1000 to 1000, 0 by default. */
  priority?: number;
  /** `normal` by default. */
  class?: TicketClass;
  /** Expressions (docs/strategies.md). */
  skills?: string[];
  /** `video` by default. */
  medium?: Medium;
  /** By whom a returning customer is known; the terminal by default. */
  customer?: string;
  /** The seat that the caller asks for. */
  designated?: string;
  /** What a redial is recognised by, besides the terminal; for instance the routing number. */
  resumeKey?: string;
}

export interface ResumeRequest {
  terminal: string;
  resumeKey?: string;
  /** The new call that takes the ticket over. */
  callId: string;
}

/** What a decision about a caller may look at, as it is now. Times in seconds. */
export interface QueueFacts {
  waiting: number;
  staffed: number;
  free: number;
  /** Share of the seats at work that are engaged, 0 to 1; 1 without seats. */
  occupancy: number;
  /** What a caller would be told who came now. */
  estimate: [low: number, high: number];
}

export type AcdEvents = {
  /** This seat is being claimed for a ticket of this node: an offer may follow in a moment. */
  claiming: [seatId: string];
  /** Ring this seat for this ticket; comes on the node that owns the ticket. A ticket may have several at a time. */
  offer: [offer: Offer];
  /** Stop ringing: the offer is no longer valid. */
  withdrawn: [offer: Offer, cause: WithdrawCause];
  /** The places of these tickets of this node have changed. */
  moved: [ticketIds: string[]];
  /** The ticket is over. */
  ended: [ticketId: string, how: TicketEnd];
  /** Another call of the same terminal took the ticket over; the call named here no longer has one. */
  replaced: [ticketId: string, oldCallId: string];
  /** The condition of a rule of its queue holds for this ticket, which waits: send it there. Once a rule. */
  overflow: [ticketId: string, rule: OverflowRule];
  /** An alarm has taken the seat of this talk: its ticket waits again, in its old place. */
  preempted: [ticketId: string, seatId: string];
  /** The person of this ticket, which waits, is to be called back in his turn: whoever asked for that, his call may end. */
  callback: [ticketId: string];
  /** The lease of this node ended or was taken over: what it holds may belong to others now. */
  fenced: [];
};
