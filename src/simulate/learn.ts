import type { QueueRow } from '../acd/rows';
import { HANDLING_GUESS } from '../acd/scripts';

/**
 * What a queue learns about itself, in the very fields that the store has: the same as src/acd/lua/includes/learn.lua, so that
 * estimates are made by the same code from the same numbers. Times in ms.
 */
export class Learner {
  private patienceWait = 0;
  private patienceLeft = 0;
  private handled = 0;
  private handling: number | undefined;
  private hasLeft = false;

  /** Somebody has left the line who had stood there so long. */
  left(waited: number, gaveUp: boolean): void {
    this.hasLeft = true;
    this.patienceWait = rounded(this.patienceWait * 0.99 + Math.max(0, waited), 3);
    this.patienceLeft = rounded(this.patienceLeft * 0.99 + (gaveUp ? 1 : 0), 6);
  }

  /** A talk is over that took so long with its wrap-up. */
  talked(took: number): void {
    this.handled++;
    const mean = this.handling ?? HANDLING_GUESS * 1_000;
    this.handling = rounded(mean + (took - mean) * Math.max(0.1, 1 / (this.handled + 1)), 3);
  }

  get fields(): QueueRow['learnt'] {
    return {
      ...(this.hasLeft
        ? { patienceWait: this.patienceWait.toFixed(3), patienceLeft: this.patienceLeft.toFixed(6) }
        : {}),
      ...(this.handling === undefined ? {} : { handling: this.handling.toFixed(3), handled: String(this.handled) }),
    };
  }
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
