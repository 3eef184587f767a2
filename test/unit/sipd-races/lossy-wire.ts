import { parseDatagram } from '../../../src/sipd/message/parse';
import type { Flow } from '../../../src/sipd/transport/types';
import { reverse, Wire } from '../sipd-transaction/wire';
import type { WireEnd } from '../sipd-transaction/wire';
import type { RaceClock } from './clock';

/** Random numbers in [0, 1) that are the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;

  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;

    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Milliseconds that a datagram is under way: so unequal that many overtake each other. */
const fastest = 5;
const slowest = 120;
const duplicated = 0.05;

export interface Datagram {
  what: string;
  from: string;
  to: string;
  lost: boolean;
}

/** Who is told what happens on a network. */
export interface Watcher {
  sent(datagram: Datagram): void;
  /** A request came to its server, the first copy of it: something begins there. */
  began(): void;
}

/** A network that loses, delays, reorders and doubles datagrams by a seeded random; streams stay in order and lose nothing. */
export class LossyWire extends Wire {
  /** Streams carry nothing any more. */
  isCut = false;
  private readonly begun = new Set<string>();

  constructor(
    private readonly raceClock: RaceClock,
    private readonly random: () => number,
    private readonly lossRate: number,
    private readonly watcher: Watcher,
  ) {
    super(raceClock);
  }

  override carry(bytes: Buffer, from: WireEnd, flow: Flow): void {
    this.raceClock.stir();
    const message = parseDatagram(bytes);
    const what = message.kind === 'request' ? message.method : `${message.status} ${message.cseq.method}`;
    const isStream = flow.transport !== 'udp';
    const lost = this.loss(what, from.name) || (!isStream && this.random() < this.lossRate);
    const to = this.ends.get(flow.remote.address);
    this.watcher.sent({ what: `${what} (${message.cseq.number})`, from: from.name, to: to?.name ?? '?', lost });
    if (lost) return;
    const arrive = (): void => {
      if (isStream && this.isCut) return;
      if (message.kind === 'request') this.begin(`${message.via.branch} ${what} ${to?.name}`);
      to?.arrive(bytes, reverse(flow));
    };
    if (isStream) {
      this.raceClock.after(20, arrive);
      return;
    }
    this.raceClock.after(this.delay(), arrive);
    if (this.random() < duplicated) this.raceClock.after(this.delay(), arrive);
  }

  private begin(request: string): void {
    if (this.begun.has(request)) return;
    this.begun.add(request);
    this.watcher.began();
  }

  private delay(): number {
    return fastest + this.random() * (slowest - fastest);
  }
}
