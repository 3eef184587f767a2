/**
 * A day of a call centre, played through event by event with a clock of its own. It shares nothing with the code it
 * judges: who waits, who gives up and which seat frees is all decided here, and told to a listener.
 */
export interface DayPlan {
  seed: number;
  /** Seconds. */
  length: number;
  /** Callers in a second at a time of the day, and the most that it ever returns. */
  arrivals: (at: number) => number;
  busiest: number;
  /** Seats at work at a time of the day. One that goes finishes its talk before. */
  staff: (at: number) => number;
  talk: Talk;
  wrapUp: number;
  /** Share of rings that nobody answers; such a seat is away for `rest` seconds, and the caller keeps his place. */
  missed: number;
  rest: number;
  /** Median for lognormal, mean for exponential. */
  patience: { law: 'exponential' | 'lognormal'; seconds: number };
  /** Share of callers who go ahead of all others. */
  vip: number;
  /** Share of callers who need a skill, and the share of the seats that have it. */
  skilled: { callers: number; seats: number };
  /** Share of the seats' turns that go to another queue, which always has somebody. */
  elsewhere: number;
}

export interface Talk {
  law: 'exponential' | 'lognormal';
  mean: number;
  /** Of the lognormal law: standard deviation over mean. */
  variation: number;
}

export interface Caller {
  id: number;
  vip: boolean;
  skilled: boolean;
  enteredAt: number;
  /** When he would give up. */
  givesUpAt: number;
  answeredAt?: number;
}

export interface DayListener {
  /** No seat was free for him; he stands in the line. */
  waits(caller: Caller, at: number, line: readonly Caller[], seats: readonly Seat[]): void;
  enters(caller: Caller, at: number): void;
  /** `line`: as it is without him. */
  answered(caller: Caller, at: number, line: readonly Caller[]): void;
  gaveUp(caller: Caller, at: number, line: readonly Caller[]): void;
  /** A seat is free again. */
  freed(took: number, at: number): void;
  /** The number of seats at work will be another from now on. */
  staffChanges(at: number, line: readonly Caller[], staffed: number): void;
}

export interface Seat {
  /** When it took up what it does; undefined when free. */
  busySince?: number;
  working: boolean;
  skilled: boolean;
}

export type Random = () => number;

// Tests run in a sandbox in which it takes long to look up a global.
const { cos, exp, imul, log, PI, sqrt } = Math;

/** Mulberry32: small, fast, good enough for queues. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;

  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + imul(mixed ^ (mixed >>> 7), mixed | 61);

    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

export function exponential(random: Random, mean: number): number {
  return -log(1 - random()) * mean;
}

function normal(random: Random): number {
  return sqrt(-2 * log(1 - random())) * cos(2 * PI * random());
}

/** Lognormal with this mean and coefficient of variation. */
export function lognormal(random: Random, mean: number, variation: number): number {
  const square = log(1 + variation ** 2);

  return mean * exp(sqrt(square) * normal(random) - square / 2);
}

export function drawPatience(random: Random, { law, seconds }: DayPlan['patience']): number {
  return law === 'exponential' ? exponential(random, seconds) : seconds * exp(normal(random));
}

export function drawTalk(random: Random, { law, mean, variation }: Talk): number {
  return law === 'exponential' ? exponential(random, mean) : lognormal(random, mean, variation);
}

interface Happening {
  at: number;
  what: () => void;
}

/** The next to happen first: a binary heap. */
class Agenda {
  private readonly heap: Happening[] = [];

  add(at: number, what: () => void): void {
    const { heap } = this;
    let index = heap.length;
    heap.push({ at, what });
    for (let up = (index - 1) >> 1; index > 0 && heap[up]!.at > heap[index]!.at; up = (index - 1) >> 1) {
      [heap[up], heap[index]] = [heap[index]!, heap[up]!];
      index = up;
    }
  }

  next(): Happening | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || !last) return first;
    heap[0] = last;
    for (let index = 0; ;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < heap.length && heap[child]!.at < heap[least]!.at) least = child;
      }
      if (least === index) return first;
      [heap[least], heap[index]] = [heap[index]!, heap[least]!];
      index = least;
    }
  }
}

export function playDay(plan: DayPlan, listener: DayListener): void {
  new Day(plan, listener).play();
}

class Day {
  private readonly agenda = new Agenda();
  private readonly random: Random;
  private readonly line: Caller[] = [];
  private readonly seats: Seat[] = [];
  private staffed = 0;
  private now = 0;
  private ids = 0;

  constructor(
    private readonly plan: DayPlan,
    private readonly listener: DayListener,
  ) {
    this.random = makeRandom(plan.seed);
  }

  play(): void {
    for (let at = 0; at < this.plan.length; at += 300) this.agenda.add(at, () => this.shift());
    this.expectCaller();
    for (let next = this.agenda.next(); next; next = this.agenda.next()) {
      this.now = next.at;
      next.what();
    }
  }

  private shift(): void {
    const wanted = this.plan.staff(this.now);
    if (wanted === this.staffed) return;
    this.listener.staffChanges(this.now, this.line, wanted);
    // Evenly over the seats, so that every shift has its share.
    const share = this.plan.skilled.seats;
    const has = (index: number): boolean => Math.floor((index + 1) * share) > Math.floor(index * share);
    while (this.seats.length < wanted) this.seats.push({ working: false, skilled: has(this.seats.length) });
    this.staffed = wanted;
    this.seats.forEach((seat, index) => (seat.working = index < wanted));
    for (const seat of this.seats) this.serve(seat);
  }

  private expectCaller(): void {
    const { arrivals, busiest, length } = this.plan;
    let at = this.now;
    do at += exponential(this.random, 1 / busiest);
    while (at < length && this.random() * busiest > arrivals(at));
    if (at < length) this.agenda.add(at, () => this.enter());
  }

  private enter(): void {
    this.expectCaller();
    const { random, plan, now } = this;
    const patience = drawPatience(random, plan.patience);
    const vip = random() < plan.vip;
    const skilled = random() < plan.skilled.callers;
    const caller: Caller = { id: this.ids++, vip, skilled, enteredAt: now, givesUpAt: now + patience };
    this.listener.enters(caller, now);
    const place = caller.vip ? this.line.findIndex((other) => !other.vip) : -1;
    this.line.splice(place < 0 ? this.line.length : place, 0, caller);
    for (const seat of this.seats) this.serve(seat);
    if (!this.line.includes(caller)) return;
    this.listener.waits(caller, now, this.line, this.seats);
    this.agenda.add(caller.givesUpAt, () => this.giveUp(caller));
  }

  private giveUp(caller: Caller): void {
    const place = this.line.indexOf(caller);
    if (place < 0) return;
    this.line.splice(place, 1);
    this.listener.gaveUp(caller, this.now, this.line);
  }

  /** A free seat takes the first of the line; after a ring that nobody answers it is away for a while. */
  private serve(seat: Seat): void {
    if (!seat.working || seat.busySince !== undefined) return;
    const { random, plan } = this;
    const busy = (seconds: number, done: () => void): void => {
      seat.busySince = this.now;
      this.agenda.add(this.now + seconds, () => {
        seat.busySince = undefined;
        done();
        this.serve(seat);
      });
    };
    const cycle = (): number => drawTalk(random, plan.talk) + plan.wrapUp;
    const place = this.line.findIndex((caller) => seat.skilled || !caller.skilled);
    if (place < 0) return;
    if (random() < plan.elsewhere) return busy(cycle(), () => {});
    if (random() < plan.missed) return busy(plan.rest, () => {});
    const [caller] = this.line.splice(place, 1) as [Caller];
    caller.answeredAt = this.now;
    this.listener.answered(caller, this.now, this.line);
    const took = cycle();
    busy(took, () => this.listener.freed(took, this.now));
  }
}
