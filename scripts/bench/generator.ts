import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Closer } from '../../src/lib/closer';
import { monotonic, Phone, Wire, type Address, type WireStats } from '../phone';
import { Callers } from './callers';
import { Ledger } from './ledger';
import { round, Samples } from './numbers';
import type { BenchOptions } from './options';
import type { GeneratorMessage, GeneratorResult, Phase } from './protocol';
import { Seats } from './seats';

/** The process that plays callers and seats. Its one argument is a JSON document; it speaks JSON lines on stdout. */

interface Task {
  options: BenchOptions;
  server: Address;
}

/** Transactions are forgotten sooner than RFC 3261 says: thousands a second would fill the memory otherwise. */
const timers = { linger: 6000 };
const progressEvery = 5000;
const drainLimit = 15_000;

function say(message: GeneratorMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

class Run {
  private readonly ledger = new Ledger();
  private readonly lateness = new Samples();
  private readonly loopDelay = monitorEventLoopDelay({ resolution: 5 });
  private readonly callers: Callers;
  private readonly seats: Seats;
  private registerMs = 0;
  private cpuAtStart = process.cpuUsage();
  private startedAt = 0;
  private window = { cpuMicros: 0, ms: 0 };

  constructor(
    private readonly options: BenchOptions,
    private readonly callerWire: Wire,
    private readonly seatWire: Wire,
    private readonly server: Address,
  ) {
    const phone = new Phone(callerWire, { user: 'callers', domain: options.domain, server });
    this.callers = new Callers(phone, options, this.ledger, callerWire);
    this.seats = new Seats(
      seatWire,
      options,
      this.ledger,
      (caller) => this.callers.seatTalks(caller),
      (caller) => this.callers.seatFreed(caller),
    );
  }

  async perform(): Promise<GeneratorResult> {
    this.seats.create(this.server);
    this.registerMs = await this.seats.register();
    const progress = setInterval(() => this.tellProgress(), progressEvery);
    try {
      if (this.options.held > 0) await this.hold();
      else await this.stream();
    } finally {
      clearInterval(progress);
    }
    const result = this.result();
    await this.seats.unregister();
    this.seats.close();

    return result;
  }

  // --- calls that come and go ---------------------------------------------------------------------------------------

  private async stream(): Promise<void> {
    this.phase('registered');
    await this.arrive(this.options.warmup, false);
    this.startWindow();
    this.phase('started');
    await this.arrive(this.options.duration, true);
    this.phase('stopped');
    this.endWindow();
    await this.callers.untilIdle((this.options.hold + this.options.answer) * 1000 + drainLimit);
    this.phase('drained');
  }

  // --- calls that stay ----------------------------------------------------------------------------------------------

  private async hold(): Promise<void> {
    await this.arrive(this.options.warmup, false);
    await this.callers.untilIdle((this.options.hold + this.options.answer) * 1000 + drainLimit);
    this.phase('registered');
    this.startWindow();
    this.phase('started');
    this.callers.keep = true;
    await this.arrive(Infinity, true, this.options.held);
    await this.untilBuilt();
    this.phase('held');
    await this.keepFor(this.options.duration * 1000);
    this.phase('stopped');
    this.endWindow();
    await this.callers.hangUpAll();
    await this.callers.untilIdle(drainLimit);
    this.phase('drained');
  }

  private async untilBuilt(): Promise<void> {
    const wanted = Math.min(this.options.held, this.options.seats);
    const until = monotonic() + this.options.patience * 1000;
    while (this.ledger.connected < wanted && monotonic() < until) await this.pause(50);
  }

  private async keepFor(ms: number): Promise<void> {
    const until = monotonic() + ms;
    let nextPhase = monotonic() + 10_000;
    const step = this.options.midCall === 'none' ? 100 : 1000 / this.options.midRate;
    while (monotonic() < until) {
      await this.pause(step);
      if (this.options.midCall !== 'none') {
        const record = this.callers.any();
        if (record) void this.callers.midCall(record.call);
      }
      if (monotonic() < nextPhase) continue;
      nextPhase += 10_000;
      this.phase('holding');
    }
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.callerWire.wheel.after(ms, resolve));
  }

  // --- arrivals -----------------------------------------------------------------------------------------------------

  /** Lets calls come for so many seconds, or until there are `limit`. */
  private async arrive(seconds: number, measured: boolean, limit = Infinity): Promise<void> {
    const until = monotonic() + seconds * 1000;
    let due = monotonic() + this.gap();
    for (let count = 0; count < limit && due < until; due += this.gap()) {
      const wait = due - monotonic();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      if (measured) this.lateness.add(Math.max(0, monotonic() - due));
      this.callers.dial(measured);
      count++;
    }
  }

  /** ms to the next call. */
  private gap(): number {
    const mean = 1000 / this.options.rate;

    return this.options.arrivals === 'constant' ? mean : -Math.log(1 - Math.random()) * mean;
  }

  // --- measuring ----------------------------------------------------------------------------------------------------

  private startWindow(): void {
    this.loopDelay.enable();
    this.cpuAtStart = process.cpuUsage();
    this.startedAt = monotonic();
  }

  private endWindow(): void {
    const { user, system } = process.cpuUsage(this.cpuAtStart);
    this.window = { cpuMicros: user + system, ms: monotonic() - this.startedAt };
    this.loopDelay.disable();
  }

  private phase(phase: Phase): void {
    say({ kind: 'phase', phase, started: this.ledger.attempts, live: this.callers.liveCount });
  }

  private tellProgress(): void {
    const { attempts, outcomes, failures, violations, connected } = this.ledger;
    const counts = { started: attempts, ended: outcomes.total, talking: connected };
    say({ kind: 'progress', ...counts, failed: failures.total, violations: violations.total });
  }

  private result(): GeneratorResult {
    const { ledger } = this;
    const delay = (share: number): number => round(this.loopDelay.percentile(share) / 1e6);

    return {
      attempts: ledger.attempts,
      outcomes: ledger.outcomes.toJSON(),
      failures: ledger.failures.toJSON(),
      violations: ledger.violations.toJSON(),
      unexpected: ledger.unexpected.toJSON(),
      peakConnected: ledger.peak,
      seconds: round(this.window.ms / 1000),
      latency: {
        postDial: ledger.postDial.percentiles(),
        answer: ledger.answer.percentiles(),
        dispatchFree: ledger.dispatchFree.percentiles(),
        dispatchWait: ledger.dispatchWait.percentiles(),
        withdraw: ledger.withdraw.percentiles(),
        release: ledger.release.percentiles(),
        midCall: ledger.midCall.percentiles(),
      },
      registerMs: round(this.registerMs),
      messages: { callers: counts(this.callerWire.stats), seats: counts(this.seatWire.stats) },
      generator: {
        cpuPercent: round((this.window.cpuMicros / 1000 / this.window.ms) * 100, 1),
        lateMs: this.lateness.percentiles(),
        loopDelayMs: { p50: delay(50), p99: delay(99), max: round(this.loopDelay.max / 1e6) },
        rssKb: Math.round(process.memoryUsage().rss / 1024),
      },
    };
  }
}

function counts(stats: WireStats): GeneratorResult['messages']['callers'] {
  return { ...stats, kinds: Object.fromEntries([...stats.kinds].sort()) };
}

async function main(): Promise<void> {
  const { options, server } = JSON.parse(process.argv[2] ?? '') as Task;
  const opened = new Closer();
  try {
    const callerWire = await Wire.open({ timers });
    opened.add('callers', () => callerWire.close());
    const seatWire = await Wire.open({ timers, port: options.seatPort });
    opened.add('seats', () => seatWire.close());
    say({ kind: 'result', result: await new Run(options, callerWire, seatWire, server).perform() });
  } finally {
    await opened.close();
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
