import { factsOf, makeForecast, rangeOf, steady } from '../../../../src/acd/estimate';
import type { Estimate, EstimateFacts, Forecast, Told } from '../../../../src/acd/estimate';
import * as observed from '../../../../src/acd/observed';
import { playDay } from './day';
import type { Caller, DayListener, DayPlan, Seat } from './day';
import { makeEstimator } from '../estimator';

/** What a caller was told when he entered, and how it turned out. */
export interface Outcome {
  at: number;
  position: number;
  staffed: number;
  estimate: Estimate;
  forecast: Forecast;
  /** How long the next one of the line had waited, and how long the one who was answered last. */
  headOfLine: number;
  lastServed: number;
  /** Undefined for those who gave up. */
  waited?: number;
  /** Where it was asked: the waits that may be, by the oracle, in order. */
  oracle?: number[];
  /** Where it was asked: what he was told whenever anything happened in the queue. */
  told: (Told & { at: number })[];
}

export interface Watch {
  /** Turns what was learnt into what the estimator is given. */
  change?: (facts: EstimateFacts) => EstimateFacts;
  /** Asked for every caller who has to wait. */
  oracle?: (caller: Caller, at: number, line: readonly Caller[], seats: readonly Seat[]) => number[] | undefined;
  /** Whether to tell everybody who waits whenever anything happens. */
  follow?: boolean;
}

/** Plays a day with an estimator that knows nothing but what the counters have learnt so far. */
export function watchDay(plan: DayPlan, watch: Watch = {}): Outcome[] {
  const watcher = new Watcher(watch);
  playDay(plan, watcher);

  return [...watcher.outcomes.values()];
}

class Watcher implements DayListener {
  readonly outcomes = new Map<number, Outcome>();
  private readonly known = observed.noCounters();
  private readonly factors = new Map<string, number>();
  private enteredAt = 0;
  private congestedSince: number | undefined;
  private staffed = 0;
  private lastServed = 0;

  constructor(private readonly watch: Watch) {}

  enters(caller: Caller, at: number): void {
    observed.learnEntry(this.known, at - this.enteredAt, caller.vip);
    this.enteredAt = at;
  }

  waits(caller: Caller, at: number, line: readonly Caller[], seats: readonly Seat[]): void {
    this.congestedSince ??= at;
    const position = line.indexOf(caller) + 1;
    const facts = this.facts(at, line);
    const forecast = makeForecast(facts)(position, this.factorOf(caller));
    this.outcomes.set(caller.id, {
      at,
      position,
      staffed: this.staffed,
      estimate: rangeOf(forecast, facts.ends),
      forecast,
      headOfLine: at - (line[0] ?? caller).enteredAt,
      lastServed: this.lastServed,
      oracle: this.watch.oracle?.(caller, at, line, seats),
      told: [],
    });
    this.tell(at, line);
  }

  answered(caller: Caller, at: number, line: readonly Caller[]): void {
    const waited = at - caller.enteredAt;
    const outcome = this.outcomes.get(caller.id);
    observed.learnPatience(this.known, waited, false);
    this.lastServed = waited;
    // Who found a free seat says nothing of how fast the line moves.
    if (!outcome) return;
    this.drain(at, 1, line);
    outcome.waited = waited;
    const { middle, spread } = outcome.forecast;
    this.factors.set(kindOf(caller), observed.learnFactor(this.factorOf(caller), waited, middle));
    observed.learnFit(this.known, waited, middle, spread);
    this.tell(at, line);
  }

  gaveUp(caller: Caller, at: number, line: readonly Caller[]): void {
    this.drain(at, 0, line);
    observed.learnPatience(this.known, at - caller.enteredAt, true);
    this.tell(at, line);
  }

  freed(took: number): void {
    observed.learnHandling(this.known, took);
  }

  staffChanges(at: number, line: readonly Caller[], staffed: number): void {
    this.drain(at, 0, line);
    this.staffed = staffed;
    this.tell(at, line);
  }

  private drain(at: number, answered: 0 | 1, line: readonly Caller[]): void {
    const { congestedSince, staffed } = this;
    if (congestedSince !== undefined) {
      observed.learnDrain(this.known, at - congestedSince, staffed, answered);
    }
    this.congestedSince = line.length > 0 ? at : undefined;
  }

  private facts(at: number, line: readonly Caller[]): EstimateFacts {
    const { known, staffed, watch } = this;
    const waited = line.map((other) => at - other.enteredAt);
    const facts = factsOf(known, { staffed, waited, front: line.filter((other) => other.vip).length });

    return watch.change?.(facts) ?? facts;
  }

  private factorOf(caller: Caller): number {
    return this.factors.get(kindOf(caller)) ?? 1;
  }

  private tell(at: number, line: readonly Caller[]): void {
    if (!this.watch.follow || line.length === 0) return;
    const { staffed } = this;
    const estimator = makeEstimator(this.facts(at, line));
    line.forEach((caller, ahead) => {
      const told = this.outcomes.get(caller.id)?.told;
      const last = told?.at(-1);
      const next = { position: ahead + 1, staffed, estimate: estimator(ahead + 1, this.factorOf(caller)) };
      told?.push({ ...next, at, estimate: steady(next, last) });
    });
  }
}

function kindOf({ vip, skilled }: Caller): string {
  return `${vip ? 'vip' : 'normal'} ${skilled ? 'skilled' : ''}`;
}
