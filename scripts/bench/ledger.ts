import type { Call } from '../phone';
import { Samples, Tally } from './numbers';

/** One caller from its INVITE to the end. */
export interface CallerRecord {
  id: string;
  call: Call;
  /** False for the warm-up. */
  measured: boolean;
  invitedAt: number;
  progressAt: number | undefined;
  answeredAt: number | undefined;
  connectedAt: number | undefined;
  leftAt: number | undefined;
  /** Seats that ring or talk for this call now. */
  seats: Set<SeatRecord>;
  offers: number;
  outcome: string | undefined;
}

export interface SeatRecord {
  id: string;
  state: 'free' | 'ringing' | 'talking';
  freeAt: number;
  /** It declined its last offer, after which a server may let it rest for a while. */
  declined: boolean;
  caller: CallerRecord | undefined;
}

/** A seat may ring this long after its caller left, in ms. */
export const withdrawLimit = 200;

/** Keeps what callers and seats saw, side by side, and notices what must never be. Times are monotonic ms. */
export class Ledger {
  readonly postDial = new Samples();
  readonly answer = new Samples();
  readonly dispatchFree = new Samples();
  readonly dispatchWait = new Samples();
  readonly withdraw = new Samples();
  readonly release = new Samples();
  readonly midCall = new Samples();
  readonly outcomes = new Tally();
  readonly failures = new Tally();
  readonly violations = new Tally();
  readonly unexpected = new Tally();
  /** Callers under way by the user in their From header. */
  readonly callers = new Map<string, CallerRecord>();
  attempts = 0;
  connected = 0;
  peak = 0;

  begin(id: string, call: Call, measured: boolean): CallerRecord {
    const record: CallerRecord = {
      ...{ id, call, measured, invitedAt: call.startedAt, offers: 0, seats: new Set<SeatRecord>() },
      ...{
        progressAt: undefined,
        answeredAt: undefined,
        connectedAt: undefined,
        leftAt: undefined,
        outcome: undefined,
      },
    };
    this.callers.set(id, record);
    if (measured) this.attempts++;

    return record;
  }

  progress(record: CallerRecord, at: number): void {
    if (record.progressAt !== undefined) return;
    record.progressAt = at;
    if (record.measured) this.postDial.add(at - record.invitedAt);
  }

  answered(record: CallerRecord, at: number): void {
    this.progress(record, at);
    record.answeredAt = at;
    if (record.measured) this.answer.add(at - record.invitedAt);
  }

  /** A seat got an INVITE. False when it must refuse it because it is not free. */
  offered(seat: SeatRecord, record: CallerRecord | undefined, at: number): boolean {
    if (!record) this.unexpected.add('INVITE at a seat for a caller that is not ours or gone');
    if (seat.state !== 'free') {
      this.violations.add('seat invited while busy');
      return false;
    }
    if (record) this.checkOffer(seat, record, at);
    seat.state = 'ringing';
    seat.declined = false;
    seat.caller = record;
    record?.seats.add(seat);

    return true;
  }

  private checkOffer(seat: SeatRecord, record: CallerRecord, at: number): void {
    if (record.seats.size > 0) this.violations.add('two seats for one call');
    if (record.leftAt !== undefined && at - record.leftAt > withdrawLimit) {
      this.violations.add('seat rung after the caller left');
    }
    record.offers++;
    // A second offer waits for the seat that declined, and a seat that declined may have to rest.
    if (record.offers > 1 || seat.declined || !record.measured) return;
    const waited = seat.freeAt > record.invitedAt;
    if (waited) this.dispatchWait.add(at - seat.freeAt);
    else this.dispatchFree.add(at - record.invitedAt);
  }

  /** The seat is free again, after a call or after ringing in vain. */
  freed(seat: SeatRecord, at: number): void {
    const record = seat.caller;
    if (record) {
      record.seats.delete(seat);
      if (record.leftAt !== undefined) this.told(seat, record, at - record.leftAt);
    }
    seat.state = 'free';
    seat.freeAt = at;
    seat.caller = undefined;
  }

  private told(seat: SeatRecord, record: CallerRecord, after: number): void {
    if (seat.state === 'ringing' && after > withdrawLimit) {
      this.violations.add(`seat ringing more than ${withdrawLimit} ms after the caller left`);
    }
    if (record.measured) (seat.state === 'ringing' ? this.withdraw : this.release).add(after);
  }

  joined(record: CallerRecord, at: number): void {
    record.connectedAt = at;
    this.connected++;
    this.peak = Math.max(this.peak, this.connected);
  }

  /** Closes a record once: `outcome` is `done`, `abandoned` or `failed`. */
  close(record: CallerRecord, outcome: string, cause?: string): void {
    if (record.outcome !== undefined) return;
    record.outcome = outcome;
    if (record.connectedAt !== undefined) this.connected--;
    this.callers.delete(record.id);
    if (!record.measured) {
      if (cause !== undefined) this.unexpected.add(`in the warm-up: ${cause}`);
      return;
    }
    this.outcomes.add(outcome);
    if (cause !== undefined) this.failures.add(cause);
  }
}
