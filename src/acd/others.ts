import type { Match } from './match';

/** How long the node that made a change has before others look at it, in ms. */
const OTHERS_FIRST = 5;

/**
 * What a node leaves to others: the one that made a change also makes the matches that follow from it. It may be gone before that,
 * so a match that stays is made by any node. Not by the clock of the queue, which stands still in tests: this is about messages
 * that are on their way.
 */
export class Others {
  private first: NodeJS.Timeout | undefined;
  private latest: NodeJS.Timeout | undefined;
  /** Tickets whose match was left when `latest` was set. */
  private readonly left = new Set<string>();
  private isLate = false;
  private closed = false;

  constructor(
    /** How long another node may leave a match unmade, in ms; Infinity for as long as it likes. */
    private readonly leftAfter: number,
    /** Looks at the tickets of this node, and hands the matches of others to `leave`. */
    private readonly look: () => void,
  ) {}

  /** Another node has made a change: it is looked at a moment later, so that not all nodes claim the same seat. */
  changed(): void {
    if (this.closed || this.first) return;
    this.first = setTimeout(() => this.lookNow(), OTHERS_FIRST).unref();
  }

  /** Looks now at what was to be looked at in a moment. */
  hasten(): void {
    if (this.first) this.lookNow();
  }

  /** Matches that others are to make. @returns whether one of them has been left for too long: then they are for this node. */
  leave(matches: readonly Match[]): boolean {
    const stays = this.isLate && matches.some(({ ticket }) => this.left.has(ticket.id));
    if (this.isLate) this.left.clear();
    this.isLate = false;
    if (!stays && matches.length > 0) this.await(matches);

    return stays;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.first);
    clearTimeout(this.latest);
    this.first = undefined;
    this.latest = undefined;
  }

  private lookNow(): void {
    clearTimeout(this.first);
    this.first = undefined;
    this.look();
  }

  private await(matches: readonly Match[]): void {
    if (this.closed || this.latest || this.leftAfter === Infinity) return;
    for (const { ticket } of matches) this.left.add(ticket.id);
    this.latest = setTimeout(() => {
      this.latest = undefined;
      this.isLate = true;
      this.look();
    }, this.leftAfter).unref();
  }
}
