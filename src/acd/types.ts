/**
 * In which order the free seats that suit a ticket are rung. What each does, and which strategy of other queues it stands
 * for, is told in docs/strategies.md.
 */
export const strategies = [
  'longest-idle',
  'highest-idle-rate',
  'fewest-calls',
  'least-talk-time',
  'most-skilled',
  'random',
  'weighted-random',
  'top-down',
  'sequential',
  'linear',
  'round-robin',
  'round-robin-ordered',
  'ring-all',
  'ring-progressively',
] as const;
export type Strategy = (typeof strategies)[number];

/** What a call brings along, as far as a seat has to be able to take it. */
export type Medium = 'video' | 'voice' | 'text';

/**
 * Whom a ring is about. `last-agent` and `frequent-agent`: the seat that served this customer last or most often;
 * `designated-agent`: the one that the ticket names; `named`: these seats and those of these groups.
 */
export type RingSeats =
  | { kind: 'all' }
  | { kind: 'last-agent' }
  | { kind: 'frequent-agent' }
  | { kind: 'designated-agent' }
  | { kind: 'named'; seats: string[]; groups: string[] };

/** All that is given must hold. Times in seconds. */
export interface RingCondition {
  /** The ticket has waited at least this long. */
  waited?: number;
  /** The upper end of its estimate is at least this. */
  estimate?: number;
  /** At least so many stand in the queue. */
  waiting?: number;
  /** At least so many seats of the queue are free. */
  free?: number;
  /** At least so many per cent of the seats at work are engaged. */
  occupancy?: number;
}

/**
 * One step of a search that widens: it adds seats to those of the rings before it, which are rung first. A ring of whose
 * seats none is at work counts as passed, so that nobody waits for an agent who is not there.
 */
export interface Ring {
  /** Shown in explanations. */
  name?: string;
  seats: RingSeats;
  strategy: Strategy;
  /** Seconds since the ring before it opened. */
  after: number;
  when?: RingCondition;
  /** Expressions that take the place of the skills of the queue. */
  skills?: string[];
  /** Skills that do not count in this ring although the ticket asks for them. */
  disregard?: string[];
  /** Seats with a higher penalty in this queue are left out. */
  maxPenalty?: number;
}

/** When a call is to go elsewhere; all that is given must hold. Looked at when it comes and while it waits. */
export interface OverflowCondition {
  /** It has waited at least this long, in seconds. */
  waited?: number;
  /** At least so many stand in the queue before it. */
  waiting?: number;
  /** The upper end of its estimate is at least this, in seconds. */
  estimate?: number;
  /** No seat works for the queue: all are offline or on a break. */
  empty?: boolean;
  /** The queue is closed by its opening hours. Looked at only when the call comes. */
  closed?: boolean;
}

/** Where a call goes that overflows. `message`: it is shown or said, then the call ends. */
export type OverflowTarget =
  { kind: 'queue'; queue: string } | { kind: 'number'; number: string } | { kind: 'message' } | { kind: 'callback' };

export interface OverflowRule {
  when: OverflowCondition;
  to: OverflowTarget;
}

export interface CallbackConfig {
  /** `agent-first`: the seat answers, then the terminal is called; `caller-first`: the other way round. */
  order: 'agent-first' | 'caller-first';
  /** How often the terminal is called at most. */
  attempts: number;
  /** Seconds between two attempts. */
  retryDelay: number;
  /** How long the terminal is rung, in seconds. */
  ringTimeout: number;
}

/** Why a seat did not take an offer through a deed, or a fault, of its own. */
export type MissCause = 'no-answer' | 'rejected' | 'busy' | 'unreachable';

/** How a queue treats its tickets. Times are in seconds unless their name says otherwise. */
export interface QueueConfig {
  id: string;
  /** The order of the rings that name none, and of a queue without rings. */
  strategy: Strategy;
  /** Absent or empty: one ring with all seats of the queue, by `strategy`. */
  rings?: Ring[];
  /** `ring-progressively`: how long until one more seat is rung; 10 by default. */
  ringStep?: number;
  /** Expressions (docs/strategies.md) that a seat has to meet for any ticket of this queue, besides those of the ticket. */
  skills: string[];
  /** A queue of weight 2 ages twice as fast as one of weight 1, where a seat serves both. 1 by default. */
  weight?: number;
  /** How long one seat is rung. */
  ringTimeout: number;
  /** After-call work: how long a seat is left alone after a talk. */
  wrapUp: number;
  /** The wrap-up lasts until the agent says that it is done; `wrapUp` is the longest then, 0 for no limit. */
  wrapUpUntilDone?: boolean;
  /** How long the place of a caller whose call dropped is kept. */
  grace: number;
  /** After a talk that broke off, the customer who calls again within this time goes to the same seat first. 0: never. */
  returnWithin?: number;
  /** The most tickets that may stand in the queue; more are refused with QUEUE_FULL. */
  maxWaiting?: number;
  /** A ticket that waited this long ends as `overflowed`. */
  maxWait?: number;
  /** How long a seat rests after it let an offer ring out. */
  noAnswerDelay: number;
  /** How long a seat rests after it rejected an offer. */
  rejectDelay: number;
  /** How long a seat rests after it was busy. */
  busyDelay: number;
  /** How long a seat rests after it could not be reached; as `busyDelay` when absent. */
  unreachableDelay?: number;
  /** After so many misses of the kind in a row the seat goes on a break by itself; its reason is the kind. */
  autoBreak?: Partial<Record<MissCause, number>>;
  /** The first whose condition holds sends a call elsewhere. */
  overflow?: OverflowRule[];
  callback?: CallbackConfig;
}

/** Classes of tickets, the most urgent first. An `alarm` goes before everybody and takes a seat from others. */
export const ticketClasses = ['alarm', 'vip', 'normal', 'low'] as const;
export type TicketClass = (typeof ticketClasses)[number];

/** Points (waited, worth) in seconds with both rising, straight lines between them; the last goes on with the slope of `after`. */
export interface ClassCurve {
  points: readonly (readonly [waited: number, worth: number])[];
  /** Slope beyond the last point. */
  after: number;
}

/** How tickets of each class age. Tickets are served by their worth. Alarms have no curve: they go first. */
export type ClassCurves = Record<Exclude<TicketClass, 'alarm'>, ClassCurve>;

export interface SeatConfig {
  id: string;
  queues: string[];
  /** Skills that the seat has. */
  skills: string[];
  /** Level of a skill, 1 to 5; 3 for one of `skills` without a level here. */
  levels?: Record<string, number>;
  /** Penalty in a queue: seats with a lower one are rung first. 0 where there is none. */
  penalties?: Record<string, number>;
  groups?: string[];
  /** Place in the order of the directory; seats without one come last, by name. */
  order?: number;
  /** What the seat can take; everything when absent. */
  media?: Medium[];
  /** `code`: the seat works only after its agent has logged in; `registration` (the default): as soon as it registers. */
  login?: 'registration' | 'code';
}

/** What the ACD works with; the dialplan's current version is asked each time, so that a reload takes effect at once. */
export interface AcdConfig {
  queue(id: string): QueueConfig | undefined;
  seat(id: string): SeatConfig | undefined;
  queues(): Iterable<QueueConfig>;
  /** Every seat of the plan. Absent: those that were ever up. */
  seats?(): Iterable<SeatConfig>;
  /** Those of `defaultCurves` when absent. */
  curves?(): ClassCurves;
  /** The same for as long as nothing of all this changes. Absent: it never does, but for seats that come. */
  version?(): unknown;
}

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
