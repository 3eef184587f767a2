import type { Clock } from '../lib/clock';

/** What an agent can ask for by keys. */
export type RecordingKey = 'record' | 'mask' | 'snapshot';

/** `*` and one of these. */
const meanings: Readonly<Record<string, RecordingKey>> = { '1': 'record', '2': 'mask', '3': 'snapshot' };

/** How long after `*` the second key may come, in ms. */
const patienceMs = 3000;

/** Reads an agent's keys: `*1` begins and ends the recording, `*2` masks it and lets it go on, `*3` takes a snapshot. */
export class KeyReader {
  private starAt: number | undefined;

  constructor(private readonly clock: Clock) {}

  /** What this key completes, if anything. */
  read(digit: string): RecordingKey | undefined {
    const { starAt } = this;
    const now = this.clock.now();
    this.starAt = digit === '*' ? now : undefined;

    return starAt !== undefined && now - starAt <= patienceMs ? meanings[digit] : undefined;
  }
}
