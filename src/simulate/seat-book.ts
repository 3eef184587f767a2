import type { SeatRow } from '../acd/rows';
import { seatArrows } from '../acd/states';
import type { SeatInput } from '../acd/states';
import type { MissCause } from '../acd/config';
import type { SeatState } from '../acd/types';
import { WrongArrowError } from '../lib/state-table';
import type { Moment } from './moment';

/** A seat that was away for longer begins a new shift; as in src/acd/lua/includes/seat.lua, in ms. */
const SHIFT_ENDS = 3_600_000;

/** A seat with what the store keeps of it besides its row. */
export interface Seat extends Omit<SeatRow, 'works' | 'engaged'> {
  up: boolean;
  login: boolean;
  paused: boolean;
  /** What is left of: a wrap-up or a rest. */
  rest: '' | 'wrap' | 'rest';
  missed: Partial<Record<MissCause, number>>;
}

/** By which arrow a seat settles, and where it leads. */
const settled = {
  down: 'offline',
  pause: 'break',
  wrap: 'wrap-up',
  rest: 'resting',
  free: 'available',
} as const satisfies Partial<Record<SeatInput, SeatState>>;

/**
 * The seats of a simulation: does to them what the scripts in src/acd/lua do (seat.lua tells the same things of the store), by the
 * same table of states.
 */
export class SeatBook {
  private readonly seats = new Map<string, Seat>();
  private readonly touched = new Set<Seat>();

  constructor(private readonly moment: Moment) {}

  get(id: string): Seat | undefined {
    return this.seats.get(id);
  }

  getOrNew(id: string): Seat {
    let seat = this.seats.get(id);
    if (!seat) {
      const { now } = this.moment;
      seat = {
        ...{
          id,
          state: 'offline',
          since: now,
          up: false,
          login: false,
          paused: false,
          reason: '',
          ticket: '',
          offer: '',
        },
        ...{ rest: '', until: 0, idleSince: now, upSince: now, idleTotal: 0, calls: 0, talkTime: 0, lastOffered: 0 },
        missed: {},
      };
      this.seats.set(id, seat);
    }
    this.touched.add(seat);

    return seat;
  }

  change(seat: Seat, fields: Partial<Omit<Seat, 'id' | 'state' | 'since'>>): void {
    Object.assign(seat, fields);
    this.touched.add(seat);
  }

  may(seat: Seat, input: SeatInput): boolean {
    return seatArrows[seat.state][input] !== undefined;
  }

  /** The one place that changes a seat's state. */
  move(seat: Seat, input: SeatInput): void {
    const { now } = this.moment;
    const to = seatArrows[seat.state][input];
    if (!to) throw new WrongArrowError('seat', seat.state, input);
    if (seat.state === 'available') seat.idleTotal += Math.max(0, now - seat.since);
    seat.state = to;
    seat.since = now;
    this.touched.add(seat);
  }

  up(id: string): void {
    const seat = this.getOrNew(id);
    const { now } = this.moment;
    if (!seat.up) {
      const away = now - seat.since;
      if ((seat.calls === 0 && seat.idleTotal === 0) || away > SHIFT_ENDS) {
        this.change(seat, { calls: 0, talkTime: 0, idleTotal: 0, upSince: now });
      } else if (seat.state === 'offline') {
        this.change(seat, { upSince: seat.upSince + away });
      }
      this.change(seat, { up: true, login: true, idleSince: now });
    }
    this.settleUnlessTaken(seat);
  }

  down(id: string): void {
    const seat = this.getOrNew(id);
    if (!seat.up) return;
    this.change(seat, { up: false });
    this.settleUnlessTaken(seat);
  }

  pause(id: string, reason: string): void {
    const seat = this.getOrNew(id);
    if (seat.paused && seat.reason === reason) return;
    this.change(seat, { paused: true, reason });
    this.settleUnlessTaken(seat);
  }

  unpause(id: string): void {
    const seat = this.getOrNew(id);
    if (!seat.paused) return;
    this.change(seat, { paused: false, reason: '', idleSince: this.moment.now });
    this.settleUnlessTaken(seat);
  }

  /** The agent is done with the wrap-up. */
  endWrapUp(id: string): void {
    const seat = this.seats.get(id);
    if (seat?.state !== 'wrap-up') return;
    this.change(seat, { rest: '', until: 0, idleSince: this.moment.now });
    this.settle(seat);
  }

  /** A wrap-up or a rest is over. */
  due(id: string): void {
    const seat = this.seats.get(id);
    if (!seat || (seat.state !== 'wrap-up' && seat.state !== 'resting')) return;
    this.change(seat, { idleSince: seat.until });
    this.settle(seat);
  }

  /** Brings a seat that is neither offered nor talking to the state that its marks ask for. */
  settle(seat: Seat): void {
    const input = this.wanted(seat);
    if (seat.state !== settled[input]) this.move(seat, input);
    const isTimed = (input === 'wrap' || input === 'rest') && seat.until >= 0;
    if (isTimed) this.moment.owe(`seat:${seat.id}`, seat.until);
    else this.moment.oweNothing(`seat:${seat.id}`);
  }

  /**
   * Frees the seat of an offer or a talk. `rest` is what it does for `delay` ms, -1 for until it is done. One that is freed
   * through no deed of its own keeps its turn.
   */
  free(id: string, ticket: string, rest: 'wrap' | 'rest' | '', delay: number, keepsTurn: boolean): void {
    const seat = this.seats.get(id);
    if (seat?.ticket !== ticket) return;
    const { now } = this.moment;
    this.change(seat, {
      ticket: '',
      offer: '',
      rest: delay === 0 ? '' : rest,
      until: delay > 0 ? now + delay : delay < 0 ? -1 : 0,
      idleSince: keepsTurn ? seat.idleSince : now,
    });
    this.settle(seat);
  }

  /** Too many misses of one kind in a row, and the seat goes on a break by itself. */
  countMiss(id: string, cause: MissCause, limit: number): void {
    const seat = this.seats.get(id);
    if (!seat || limit <= 0) return;
    const count = (seat.missed[cause] ?? 0) + 1;
    if (count < limit) {
      seat.missed[cause] = count;
    } else {
      seat.missed[cause] = 0;
      this.change(seat, { paused: true, reason: cause });
    }
  }

  /** Puts on the floor what has changed since this was done last. */
  flush(put: (row: SeatRow) => void): void {
    for (const seat of this.touched) {
      put(rowOf(seat));
    }
    this.touched.clear();
  }

  private settleUnlessTaken(seat: Seat): void {
    if (seat.ticket === '') this.settle(seat);
  }

  private wanted(seat: Seat): keyof typeof settled {
    if (!seat.up || !seat.login) return 'down';
    if (seat.paused) return 'pause';
    const isLeft = seat.rest !== '' && (seat.until < 0 || seat.until > this.moment.now);

    return isLeft && seat.rest !== '' ? seat.rest : 'free';
  }
}

function rowOf(seat: Seat): SeatRow {
  const { id, state, since, up, login, paused, reason, ticket, offer, idleSince, upSince, idleTotal, calls } = seat;
  const { talkTime, lastOffered, until } = seat;

  return {
    ...{ id, state, since, reason, ticket, offer, until, idleSince, upSince, idleTotal, calls, talkTime, lastOffered },
    works: up && login && !paused,
    // Nobody on the floor of a simulation has calls of his own.
    engaged: false,
  };
}
