import type { AcdConfig, Medium, SeatConfig, TicketClass } from '../acd/config';
import type { Span } from '../dialplan/hours';

/** What a simulation needs of a dialplan. */
export interface SimulatedPlan extends AcdConfig {
  /** The name of the site. */
  readonly site: string;
  seats(): Iterable<SeatConfig>;
  /** Whether a queue is open at a moment, ms since the epoch. */
  isOpen(queue: string, at: number): boolean;
  /** What a flow makes of a call; undefined when there is no such flow. */
  flow(id: string): Route | undefined;
  /** The flow that a number leads to. */
  flowOf(number: string): string | undefined;
}

/** Where a flow sends a call, and with what. */
export interface Route {
  queue: string;
  class?: TicketClass;
  priority: number;
  skills: readonly string[];
  medium?: Medium;
  designated?: string;
}

/** One call of a day. The same for every plan that it is played with. */
export interface Arrival {
  /** ms since the epoch. */
  at: number;
  /** Where it leads: one of the two. */
  queue?: string;
  flow?: string;
  class?: TicketClass;
  priority?: number;
  /** Expressions. */
  skills: readonly string[];
  medium?: Medium;
  /** By whom a returning customer is known. */
  customer: string;
  designated?: string;
  /** How long the talk will be, in ms. */
  talk: number;
  /** How long the person waits before he hangs up, in ms; Infinity for one who never does. */
  patience: number;
}

/** When a seat works. Times in ms since the epoch. */
export interface Shift {
  seat: string;
  from: number;
  /** Infinity: until everybody has been served. */
  to: number;
  breaks: readonly { from: number; to: number }[];
}

/** Mean in seconds, and how widely it is spread: standard deviation over mean. */
export interface Spread {
  mean: number;
  cv: number;
}

/** What agents do with the calls that ring. Shares are of 1. */
export interface SeatHabits {
  /** Seconds until a seat answers. */
  answer: Spread;
  noAnswer: number;
  reject: number;
  /** Seconds until an agent says that he is done, where the wrap-up lasts until then. */
  done: Spread;
  /** Seconds after which an agent comes back whom too many misses sent on a break; 0: he does not. */
  backAfter: number;
}

/** What people do who are called back. */
export interface CallbackHabits {
  /** Share of the calls that they take. */
  reached: number;
  /** Mean seconds until they do. */
  answer: number;
}

/** Calls that come by chance. */
export interface Demand {
  queue?: string;
  flow?: string;
  /** Calls an hour, by spans of the clock. */
  rates: readonly { span: Span; perHour: number }[];
  talk: Spread;
  /** Seconds; undefined: nobody gives up. A `cv` of 1 means that people give up at a constant rate. */
  patience?: Spread;
  /** Shares of the classes; the rest are of the flow's class, or normal. */
  classes: Readonly<Partial<Record<TicketClass, number>>>;
  /** Shares of calls that need a skill (an expression), each by itself. */
  skills: Readonly<Record<string, number>>;
  media: Readonly<Partial<Record<Medium, number>>>;
  /** So many people call, again and again; undefined: each once. */
  customers?: number;
}

/** A day as it is played. */
export interface Day {
  /** ms since the epoch. */
  from: number;
  to: number;
  arrivals: readonly Arrival[];
  shifts: readonly Shift[];
  habits: SeatHabits;
  callback: CallbackHabits;
  seed: number;
}
