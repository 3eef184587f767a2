import type { SeatRow } from '../acd/rows';
import type { SeatState } from '../acd/types';
import type { SeatDay } from './visits';

type Part = 'free' | 'ringing' | 'talking' | 'wrapUp' | 'resting' | 'onBreak';

const parts: Record<SeatState, Part | undefined> = {
  offline: undefined,
  available: 'free',
  reserved: 'ringing',
  ringing: 'ringing',
  talking: 'talking',
  'wrap-up': 'wrapUp',
  resting: 'resting',
  engaged: undefined,
  break: 'onBreak',
};

/** Adds up how long each seat was in each state. */
export class SeatClock {
  private readonly days = new Map<string, { day: SeatDay; state: SeatState; since: number }>();

  row({ id, state }: SeatRow, now: number): void {
    const known = this.of(id, now);
    if (known.state === state) return;
    add(known, now);
    known.state = state;
    known.since = now;
  }

  day(seat: string): SeatDay {
    return this.of(seat, 0).day;
  }

  end(now: number): SeatDay[] {
    return [...this.days.values()].map((known) => {
      add(known, now);
      known.since = now;

      return known.day;
    });
  }

  private of(seat: string, now: number) {
    let known = this.days.get(seat);
    if (!known) {
      const nothing = { free: 0, ringing: 0, talking: 0, wrapUp: 0, resting: 0, onBreak: 0 };
      known = { day: { seat, offers: 0, calls: 0, missed: 0, ...nothing }, state: 'offline', since: now };
      this.days.set(seat, known);
    }

    return known;
  }
}

function add({ day, state, since }: { day: SeatDay; state: SeatState; since: number }, now: number): void {
  const part = parts[state];
  if (part) day[part] += now - since;
}
