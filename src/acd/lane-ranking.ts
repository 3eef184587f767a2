import { byPlace, candidacyOf, choose, nobody, RUNNERS_UP, visitChoices } from './choose';
import type { Candidacy, Choice, Chosen, RankContext } from './choose';
import type { Floor, FloorTicket, Lane } from './floor';
import type { OpenRings } from './rings';
import type { Strategy } from './config';

/** By these a seat stands at the same place for every ticket of a lane in the same pass, and one ticket gets one seat. */
const steady: Readonly<Record<Strategy, boolean>> = {
  ...{ 'longest-idle': true, 'highest-idle-rate': true, 'fewest-calls': true, 'least-talk-time': true },
  ...{ 'most-skilled': true, 'top-down': true, sequential: true, linear: true },
  ...{ 'round-robin': true, 'round-robin-ordered': true },
  ...{ random: false, 'weighted-random': false, 'ring-all': false, 'ring-progressively': false },
};

interface Ranked {
  open: OpenRings;
  /** Best first; made when a second ticket of the lane asks. */
  seats?: Choice[];
}

/**
 * `choose` for the tickets of one pass. Those of a lane differ in nothing but their time, so that seats are ranked for the second of
 * them and whoever comes behind him finds them in order.
 */
export class LaneRanking {
  private readonly lanes = new Map<Lane, Ranked>();
  private readonly isTaken = (seat: string): boolean => this.taken.has(seat);

  constructor(
    private readonly floor: Floor,
    /** Seats that are promised; it grows during the pass. */
    private readonly taken: ReadonlySet<string>,
    private readonly context: RankContext,
  ) {}

  choose(ticket: FloorTicket, lane: Lane | undefined): Chosen {
    const one = candidacyOf(this.floor, ticket, this.context);
    if (!one) return nobody;
    const known = lane && isSteady(one) ? this.ranked(lane, one) : undefined;

    return known?.seats ? this.next(known.seats, one) : choose(one, this.isTaken);
  }

  private ranked(lane: Lane, one: Candidacy): Ranked {
    const former = this.lanes.get(lane);
    const known = former && isSame(former.open, one.open) ? former : { open: one.open };
    if (known === former) known.seats ??= this.inOrder(one);
    else this.lanes.set(lane, known);

    return known;
  }

  private inOrder(one: Candidacy): Choice[] {
    const seats: Choice[] = [];
    visitChoices(one, this.isTaken, (choice) => seats.push(choice));

    return seats.sort(byPlace);
  }

  private next(seats: Choice[], { open }: Candidacy): Chosen {
    let left = 0;
    for (const choice of seats) if (!this.taken.has(choice.seatId)) seats[left++] = choice;
    seats.length = left;
    const [best] = seats;

    return best
      ? { seats: [best], suited: left, runnersUp: seats.slice(1, 1 + RUNNERS_UP), nextAt: open.nextAt }
      : { ...nobody, nextAt: open.nextAt };
  }
}

function isSteady({ ticket, open }: Candidacy): boolean {
  if (open.first !== undefined || ticket.tried.size > 0) return false;

  return open.rings.every((state) => !state.open || steady[state.ring.strategy]);
}

function isSame(a: OpenRings, b: OpenRings): boolean {
  return a.rings.length === b.rings.length && a.rings.every(({ open }, index) => open === b.rings[index]?.open);
}
