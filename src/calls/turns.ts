import type { Side } from './record';

/**
 * Who may change the media of a call: our own moves come one after another, and wait for the offers of the peers that are being
 * answered. A peer that offers something while a move is under way crosses it, and is told so (491, RFC 3261 section 14.2).
 */
export class Turns {
  private moves = 0;
  private last: Promise<unknown> = Promise.resolve();
  private readonly answering = new Set<Promise<unknown>>();
  /** Offers of ours that a side is to answer, or is answering. */
  private readonly offers: Record<Side, number> = { terminal: 0, seat: 0 };
  /** What refuses the offers of a side that wait. */
  private readonly held: Record<Side, Set<() => void>> = { terminal: new Set(), seat: new Set() };

  /** A move of ours is under way, or about to be. */
  get moving(): boolean {
    return this.moves > 0;
  }

  /** Runs a move when those before it are over, whatever became of them. Rejects as the move does. */
  run<T>(move: () => Promise<T>): Promise<T> {
    this.moves++;
    const turn = this.last.then(async () => {
      await Promise.allSettled([...this.answering]);

      return move();
    });
    this.last = turn.then(
      () => this.moves--,
      () => this.moves--,
    );

    return turn;
  }

  /** An offer of a peer is being answered. */
  answer(answering: Promise<unknown>): void {
    this.answering.add(answering);
    const forget = (): void => void this.answering.delete(answering);
    answering.then(forget, forget);
  }

  /**
   * Lets the offer of a peer wait, but not into one of ours to the same side: neither would ever be answered then. It is refused as soon
   * as such an offer is due.
   *
   * @returns false when it was refused.
   */
  async hold(side: Side, until: Promise<void>, refuse: () => void): Promise<boolean> {
    let isRefused = this.offers[side] > 0;
    if (isRefused) refuse();
    else {
      let give: () => void = () => undefined;
      const due = new Promise<void>((resolve) => {
        give = () => {
          isRefused = true;
          refuse();
          resolve();
        };
      });
      this.held[side].add(give);
      await Promise.race([until, due]);
      this.held[side].delete(give);
    }

    return !isRefused;
  }

  /** Makes an offer of ours to a side; what this side offers itself and waits for its answer is refused before. */
  async offering<T>(side: Side, offer: () => Promise<T>): Promise<T> {
    this.offers[side]++;
    for (const give of [...this.held[side]]) {
      this.held[side].delete(give);
      give();
    }
    try {
      return await offer();
    } finally {
      this.offers[side]--;
    }
  }

  /** Resolves when no move is under way. */
  async idle(): Promise<void> {
    while (this.moving) await this.last;
  }
}
