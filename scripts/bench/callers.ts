import { monotonic, offerSdp, type Call, type Phone, type Wire } from '../phone';
import type { BenchOptions } from './options';
import type { CallerRecord, Ledger } from './ledger';

/** How long a seat may take to hear of the hang-up before that is a failure, in ms. */
const releaseLimit = 5000;

/** The callers of a run: dial, wait, talk for the hold time, hang up. */
export class Callers {
  /** Calls are held until `hangUpAll` in place of the hold time. */
  keep = false;
  private count = 0;
  private readonly sdp: string;
  private readonly live = new Set<CallerRecord>();
  private idle: (() => void) | undefined;

  constructor(
    private readonly phone: Phone,
    private readonly options: BenchOptions,
    private readonly ledger: Ledger,
    private readonly wire: Wire,
  ) {
    const videoPort = options.media === 'video' ? 9 : 0;
    this.sdp = offerSdp({ host: wire.host, audioPort: 9, videoPort, direction: 'sendrecv', session: 1, version: 1 });
  }

  get liveCount(): number {
    return this.live.size;
  }

  dial(measured: boolean): void {
    const id = `c${++this.count}`;
    const call = this.phone.invite(this.options.number, { from: id, sdp: this.sdp });
    const record = this.ledger.begin(id, call, measured);
    this.live.add(record);
    call.on('provisional', () => this.ledger.progress(record, monotonic()));
    call.on('answered', () => this.ledger.answered(record, monotonic()));
    call.on('established', () => this.join(record));
    call.on('ended', () => this.onEnded(record));
    if (Math.random() < this.options.abandon) this.abandonSoon(record);
    this.wire.wheel.after(this.options.patience * 1000, () => this.runOutOfPatience(record));
  }

  /** A seat's side of this caller's call is confirmed. */
  seatTalks(record: CallerRecord): void {
    this.join(record);
  }

  /** A seat of this caller is free again; the record is complete when nothing of it is left. */
  seatFreed(record: CallerRecord): void {
    if (record.leftAt !== undefined && record.call.state === 'ended') this.complete(record);
  }

  private join(record: CallerRecord): void {
    const talking = [...record.seats].some((seat) => seat.state === 'talking');
    if (record.connectedAt !== undefined || record.answeredAt === undefined || !talking) return;
    this.ledger.joined(record, monotonic());
    if (!this.keep) this.wire.wheel.after(this.options.hold * 1000, () => this.leave(record));
  }

  private leave(record: CallerRecord): void {
    if (record.leftAt !== undefined || record.outcome !== undefined) return;
    record.leftAt = monotonic();
    record.call.hangup();
    record.call.byeResponse?.then(
      (response) => {
        if (response.status !== 200) this.ledger.unexpected.add(`BYE answered ${response.status}`);
      },
      () => this.ledger.unexpected.add('BYE not answered'),
    );
    this.wire.wheel.after(releaseLimit, () => {
      if (record.outcome === undefined)
        this.close(record, 'failed', `seat or caller not released in ${releaseLimit} ms`);
    });
  }

  private abandonSoon(record: CallerRecord): void {
    this.wire.wheel.after(Math.random() * this.options.answer * 1000, () => {
      if (record.answeredAt === undefined) this.leave(record);
    });
  }

  private runOutOfPatience(record: CallerRecord): void {
    if (record.connectedAt !== undefined || record.leftAt !== undefined || record.outcome !== undefined) return;
    // Held calls beyond the number of seats are meant to wait.
    if (this.keep && this.ledger.connected >= this.options.seats) return;
    const where = record.offers === 0 ? 'no seat was rung' : 'a seat was rung but not connected';
    this.close(record, 'failed', `not connected in ${this.options.patience} s: ${where}`);
    record.call.hangup();
  }

  private onEnded(record: CallerRecord): void {
    if (record.leftAt !== undefined) {
      if (record.seats.size === 0) this.complete(record);
      return;
    }
    const { by, status, reason } = record.call.end!;
    const stage = record.connectedAt === undefined ? 'before it was connected' : 'while talking';
    this.close(record, 'failed', `${status === 0 ? 'BYE' : status} ${stage} (${by}) ${reason}`.trim());
  }

  private complete(record: CallerRecord): void {
    if (record.seats.size > 0) return;
    this.close(record, record.connectedAt === undefined ? (this.keep ? 'waited' : 'abandoned') : 'done');
  }

  private close(record: CallerRecord, outcome: string, cause?: string): void {
    this.ledger.close(record, outcome, cause);
    this.live.delete(record);
    if (this.live.size === 0) this.idle?.();
  }

  /** Hangs up every call, at the rate of the run. */
  async hangUpAll(): Promise<void> {
    for (const record of [...this.live]) {
      this.leave(record);
      await new Promise<void>((resolve) => this.wire.wheel.after(1000 / this.options.rate, resolve));
    }
  }

  /** A connected call picked by chance. */
  any(): CallerRecord | undefined {
    const connected = [...this.live].filter((record) => record.connectedAt !== undefined);

    return connected[Math.floor(Math.random() * connected.length)];
  }

  /** One request inside a call; its answer is measured. */
  async midCall(call: Call): Promise<void> {
    const began = monotonic();
    try {
      const response =
        this.options.midCall === 'info'
          ? await call.info('application/dtmf-relay', 'Signal=5\r\nDuration=100\r\n')
          : await call.ask('OPTIONS', {});
      this.ledger.midCall.add(monotonic() - began);
      if (response.status >= 300) this.ledger.unexpected.add(`${this.options.midCall} answered ${response.status}`);
    } catch (error) {
      this.ledger.unexpected.add(`${this.options.midCall}: ${(error as Error).message}`);
    }
  }

  /** Resolves when no call is left, or after `ms`, when what is left is closed as failed. */
  async untilIdle(ms: number): Promise<void> {
    if (this.live.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([
      new Promise<void>((resolve) => (this.idle = resolve)),
      new Promise<void>((resolve) => (timer = setTimeout(resolve, ms))),
    ]);
    clearTimeout(timer);
    this.idle = undefined;
    for (const record of [...this.live]) this.close(record, 'failed', 'still under way when the run ended');
  }
}
