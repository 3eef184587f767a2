import { sequenceAhead } from '../rtp';

export interface Arrived {
  sequence: number;
  ssrc: number;
  /** Milliseconds. */
  arrival: number;
}

/** How long a packet that is ahead waits for those that are missing, and how many wait at most. */
const patience = 120;
const mostHeld = 128;
/** A step of the sequence number that is no loss but a new beginning. */
const newBeginning = 1_000;
/** So many packets in a row that seem late are a new beginning, too. */
const lateInARow = 50;

/** Puts packets into the order of their sequence numbers; each comes out once, or never when it was too late. Pure. */
export class Reorder<P extends Arrived> {
  private readonly held = new Map<number, P>();
  private expected: number | undefined;
  private ssrc = 0;
  private late = 0;

  /** The packets whose turn it is with this one. `keep` is called for one that has to wait: its bytes may be used again meanwhile. */
  push(packet: P, keep: (packet: P) => P = (same) => same): P[] {
    const before = this.expected !== undefined && packet.ssrc !== this.ssrc ? this.flush() : [];
    this.ssrc = packet.ssrc;
    const ahead = this.expected === undefined ? 0 : sequenceAhead(packet.sequence, this.expected);
    if (ahead > newBeginning || ahead < -newBeginning) return [...before, ...this.flush(), ...this.begin(packet)];
    if (ahead < 0) return this.tooLate(packet);
    this.late = 0;
    if (ahead === 0) return [...before, ...this.begin(packet)];
    if (!this.held.has(packet.sequence)) this.held.set(packet.sequence, keep(packet));

    return this.held.size > mostHeld ? this.skip() : this.tick(packet.arrival);
  }

  /** The packets that have waited long enough for those that are missing. */
  tick(now: number): P[] {
    const first = this.held.values().next().value;

    return first && now - first.arrival > patience ? this.skip() : [];
  }

  /** All that wait, and a new beginning. */
  flush(): P[] {
    const rest: P[] = [];
    while (this.held.size > 0) rest.push(...this.skip());
    this.expected = undefined;
    this.late = 0;

    return rest;
  }

  private tooLate(packet: P): P[] {
    this.late++;
    if (this.late <= lateInARow) return [];

    return [...this.flush(), ...this.begin(packet)];
  }

  private begin(packet: P): P[] {
    this.expected = next(packet.sequence);

    return [packet, ...this.run()];
  }

  /** Gives up what is missing before the first that waits. */
  private skip(): P[] {
    const from = this.expected ?? 0;
    const first = [...this.held.keys()].sort((a, b) => sequenceAhead(a, from) - sequenceAhead(b, from))[0];
    if (first === undefined) return [];
    this.expected = first;

    return this.run();
  }

  private run(): P[] {
    const ready: P[] = [];
    for (;;) {
      const packet = this.expected === undefined ? undefined : this.held.get(this.expected);
      if (!packet) return ready;
      this.held.delete(packet.sequence);
      this.expected = next(packet.sequence);
      ready.push(packet);
    }
  }
}

function next(sequence: number): number {
  return (sequence + 1) & 0xffff;
}
