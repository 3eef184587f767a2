import { Bucket } from './bucket';
import type { DefenceOptions } from './options';

/** What is known of one source. */
export interface Source {
  readonly messages: Bucket;
  readonly requests: Bucket;
  readonly dialogRequests: Bucket;
  /** How often it is told that it is beyond its limit; after that it gets silence, which costs less. */
  readonly answers: Bucket;
  readonly excess: Tally;
  readonly failures: Tally;
  /** Whether somebody there has proven who he is. */
  proven: boolean;
  connections: number;
  /** There once datagrams were beyond a limit. */
  doubt: Doubt | undefined;
}

/** How datagrams of a source are told apart that may all bear its address and not be its own. */
export interface Doubt {
  /** What was beyond the limits and may be forged. */
  readonly excess: Tally;
  /** Until when what may be forged is taken by `few` alone. */
  narrowUntil: number;
  readonly few: Bucket;
  /** Limits for what is surely the source's own, so that no forger uses those up. */
  readonly messages: Bucket;
  readonly requests: Bucket;
  readonly dialogRequests: Bucket;
}

/** Counts within a window that begins with the first. */
export class Tally {
  private count = 0;
  private since = -Infinity;

  constructor(private readonly window: number) {}

  /** @returns the count with this one. */
  add(now: number): number {
    if (now - this.since > this.window) {
      this.since = now;
      this.count = 0;
    }
    this.count += 1;

    return this.count;
  }

  reset(): void {
    this.since = -Infinity;
  }
}

const excessWindow = 10_000;
const failureWindow = 60_000;

/** The sources that were heard of, the latest ones; one with an open connection is never forgotten. */
export class SourceTable {
  private readonly sources = new Map<string, Source>();

  constructor(private readonly options: DefenceOptions) {}

  get size(): number {
    return this.sources.size;
  }

  get(key: string, now: number): Source {
    const known = this.sources.get(key);
    if (known) return known;
    this.makeRoom();
    const source = this.make(now);
    this.sources.set(key, source);

    return source;
  }

  find(key: string): Source | undefined {
    return this.sources.get(key);
  }

  /** The doubts about a source, which most never give cause for. */
  doubtOf(source: Source, now: number): Doubt {
    const { messages, requests, dialogRequests } = this.options;
    source.doubt ??= {
      excess: new Tally(excessWindow),
      narrowUntil: -Infinity,
      few: new Bucket(requests, now),
      messages: new Bucket(messages, now),
      requests: new Bucket(requests, now),
      dialogRequests: new Bucket(dialogRequests, now),
    };

    return source.doubt;
  }

  private make(now: number): Source {
    const { messages, requests, dialogRequests } = this.options;

    return {
      messages: new Bucket(messages, now),
      requests: new Bucket(requests, now),
      dialogRequests: new Bucket(dialogRequests, now),
      answers: new Bucket({ perSecond: requests.perSecond, burst: requests.perSecond }, now),
      excess: new Tally(excessWindow),
      failures: new Tally(failureWindow),
      proven: false,
      connections: 0,
      doubt: undefined,
    };
  }

  private makeRoom(): void {
    // Those with connections go to the end of the line; one round is enough to find out that there are no others.
    let looks = this.sources.size;
    for (const [key, source] of this.sources) {
      if (this.sources.size < this.options.capacity || looks === 0) return;
      looks -= 1;
      this.sources.delete(key);
      if (source.connections > 0) this.sources.set(key, source);
    }
  }
}
