import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { Binding } from './registrar/binding';
import { proxyTo } from './registrar/exchange';

/** What is needed of the SIP edge: sends a request and resolves with its final answer. */
export interface ProbeEdge {
  exchange(options: {
    method: string;
    uri: string;
    proxy: string;
    headers: Record<string, string>;
  }): Promise<{ res: { status: number } }>;
}

export interface ProbePorts {
  edge: ProbeEdge;
  /** The live devices of a user. */
  lookup(user: string): Promise<Binding[]>;
  /** No device of the seat answers any more, or one does again. */
  onSilent(seat: string): void;
  onBack(seat: string): void;
  clock: Clock;
  log: Logger;
  times?: Partial<ProbeTimes>;
}

/** All in ms. */
export interface ProbeTimes {
  /** Between two questions to one seat. */
  every: number;
  /** How long a phone may take to answer. */
  patience: number;
}

const defaultTimes: ProbeTimes = { every: 30_000, patience: 4_000 };
/** One that has failed to answer so often in a row is gone. */
const MISSES = 2;
/** The edge says these itself where a phone said nothing, or cannot be reached. */
const unreachable = new Set([408, 430, 503]);

interface Probed {
  /** When it is asked next, ms since the epoch. */
  dueAt: number;
  /** It has answered at least once, so that silence means something. */
  answers: boolean;
  misses: number;
  silent: boolean;
}

/**
 * Asks registered seats by OPTIONS (RFC 3261 section 11) whether they are there: one that stops answering before its registration ends
 * is not rung any more until it answers again. A phone that has never answered OPTIONS is left alone. Only the node asks that heard the
 * registration: its edge has the connection to the phone.
 */
export class SeatProbe {
  private readonly seats = new Map<string, Probed>();
  private readonly times: ProbeTimes;
  private readonly asking = new Set<Promise<void>>();
  private cancel: (() => void) | undefined;
  private closed = false;

  constructor(private readonly ports: ProbePorts) {
    this.times = { ...defaultTimes, ...ports.times };
  }

  start(): void {
    if (this.closed) return;
    this.cancel = this.ports.clock.after(1_000, () => {
      void this.round();
      this.start();
    });
  }

  /** A registration of the seat was heard here: it is there at this moment. */
  registered(seat: string): void {
    const known = this.seats.get(seat);
    const dueAt = this.ports.clock.now() + this.times.every;
    this.seats.set(seat, { dueAt, answers: known?.answers ?? false, misses: 0, silent: false });
  }

  isSilent(seat: string): boolean {
    return this.seats.get(seat)?.silent ?? false;
  }

  unregistered(seat: string): void {
    this.seats.delete(seat);
  }

  /** Asks those whose time has come; resolves when all have answered, or have had their time. */
  async round(): Promise<void> {
    const now = this.ports.clock.now();
    const due = [...this.seats].filter(([, { dueAt }]) => dueAt <= now);
    for (const [, seat] of due) seat.dueAt = now + this.times.every;
    await Promise.all(due.map(([id, seat]) => this.keep(this.ask(id, seat))));
  }

  async close(): Promise<void> {
    this.closed = true;
    this.cancel?.();
    this.seats.clear();
    await Promise.all(this.asking);
  }

  private keep(work: Promise<void>): Promise<void> {
    const kept = work
      .catch((error: unknown) => this.ports.log.debug({ err: error }, 'a seat could not be asked'))
      .finally(() => this.asking.delete(kept));
    this.asking.add(kept);

    return kept;
  }

  private async ask(id: string, seat: Probed): Promise<void> {
    const devices = await this.ports.lookup(id);
    if (devices.length === 0) return;
    const answers = await Promise.all(devices.map((device) => this.answers(device)));
    // It has registered anew, or gone, meanwhile.
    if (this.closed || this.seats.get(id) !== seat) return;
    if (answers.some(Boolean)) this.heard(id, seat);
    else this.missed(id, seat);
  }

  private heard(id: string, seat: Probed): void {
    const wasSilent = seat.silent;
    Object.assign(seat, { answers: true, misses: 0, silent: false });
    if (!wasSilent) return;
    this.ports.log.info({ seat: id }, 'a seat answers again');
    this.ports.onBack(id);
  }

  private missed(id: string, seat: Probed): void {
    seat.misses++;
    if (!seat.answers || seat.silent || seat.misses < MISSES) return;
    seat.silent = true;
    this.ports.log.warn({ seat: id }, 'a seat does not answer any more; it is not rung until it does');
    this.ports.onSilent(id);
  }

  /** Any answer of the phone itself will do. */
  private async answers({ contact, route }: Binding): Promise<boolean> {
    const { edge, clock } = this.ports;
    let stop: () => void = () => undefined;
    const late = new Promise<false>((resolve) => {
      stop = clock.after(this.times.patience, () => resolve(false));
    });
    const asked = edge
      .exchange({ method: 'OPTIONS', uri: contact, proxy: proxyTo(route), headers: { Accept: 'application/sdp' } })
      .then(
        ({ res }) => !unreachable.has(res.status),
        () => false,
      );
    try {
      return await Promise.race([asked, late]);
    } finally {
      stop();
    }
  }
}
