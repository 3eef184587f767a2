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
