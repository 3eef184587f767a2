/**
 * Who may change the media of a call: our own moves come one after another, and wait for the offers of the peers that are being
 * answered. A peer that offers something while a move is under way crosses it, and is told so (491, RFC 3261 section 14.2).
 */
export class Turns {
  private moves = 0;
  private last: Promise<unknown> = Promise.resolve();
  private readonly answering = new Set<Promise<unknown>>();

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

  /** Resolves when no move is under way. */
  async idle(): Promise<void> {
    while (this.moving) await this.last;
  }
}
