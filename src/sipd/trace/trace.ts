import type { TraceEvent } from './event';
import { drawLadder } from './ladder';
import type { LadderOptions } from './ladder';
import { pcapFile } from './pcap';

/** Messages that were captured while it ran, at most so many. */
export class Trace {
  private readonly kept: TraceEvent[] = [];
  private lost = 0;
  private end: (() => void) | undefined;

  constructor(
    /** The most messages that are kept; the oldest go first. */
    private readonly limit: number,
    watch: (tell: (event: TraceEvent) => void) => () => void,
  ) {
    this.end = watch((event) => this.take(event));
  }

  /** The messages, oldest first. */
  get events(): readonly TraceEvent[] {
    return this.kept;
  }

  /** How many were given up for later ones. */
  get dropped(): number {
    return this.lost;
  }

  /** A picture of the messages in text, for people. */
  ladder(options?: LadderOptions): string {
    const lost = this.lost === 0 ? '' : `${this.lost} earlier messages are not kept\n`;

    return lost + drawLadder(this.kept, options);
  }

  /** The messages as a pcap file, for Wireshark, sngrep and their like. */
  pcap(): Buffer {
    return pcapFile(this.kept);
  }

  /** Forgets what came until now, and goes on. */
  clear(): void {
    this.kept.length = 0;
    this.lost = 0;
  }

  /** Captures no more; what it has stays. May be called twice. */
  stop(): void {
    this.end?.();
    this.end = undefined;
  }

  private take(event: TraceEvent): void {
    this.kept.push(event);
    if (this.kept.length <= this.limit) return;
    this.kept.shift();
    this.lost += 1;
  }
}
