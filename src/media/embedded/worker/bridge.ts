import { SightlineError } from '../../../lib/errors';
import type { MediaKind } from '../../port';
import { canPass } from '../negotiate';
import type { MediaEnd } from './media-end';
import type { MediaStream } from './stream';

const KINDS: readonly MediaKind[] = ['audio', 'video'];

/** Passes the packets of two endpoints to each other, by kind. */
export class PacketBridge {
  private links: [MediaStream, MediaStream][] = [];

  constructor(
    readonly a: MediaEnd,
    readonly b: MediaEnd,
  ) {
    this.link();
  }

  /** Links the streams anew: some came, went, or changed their codec. */
  link(): void {
    const now = KINDS.flatMap((kind) => pairsOf(this.a, this.b, kind).filter(([x, y]) => fits(x, y)));
    for (const old of this.links) if (!now.some((pair) => samePair(pair, old))) unlink(old);
    for (const pair of now) if (!this.links.some((old) => samePair(pair, old))) link(pair);
    this.links = now;
  }

  joins(end: MediaEnd): boolean {
    return end === this.a || end === this.b;
  }

  close(): void {
    for (const pair of this.links) unlink(pair);
    this.links = [];
  }
}

/** @throws SightlineError MEDIA_MISMATCH when two that have sound could not hear each other, or two that have none not see each other. */
export function checkPassable(a: MediaEnd, b: MediaEnd): void {
  const [first] = KINDS.flatMap((kind) => pairsOf(a, b, kind));
  if (!first || fits(...first)) return;
  const [x, y] = first.map(({ agreed }) => agreed.codec.name);
  throw new SightlineError('MEDIA_MISMATCH', `Packets cannot be passed between ${x} and ${y}`);
}

function pairsOf(a: MediaEnd, b: MediaEnd, kind: MediaKind): [MediaStream, MediaStream][] {
  const [x, y] = [a.streams.get(kind), b.streams.get(kind)];

  return x && y ? [[x, y]] : [];
}

function fits(x: MediaStream, y: MediaStream): boolean {
  return canPass(x.agreed.codec, y.agreed.codec);
}

function samePair(one: readonly MediaStream[], other: readonly MediaStream[]): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

function link([x, y]: [MediaStream, MediaStream]): void {
  for (const [from, to] of [
    [x, y],
    [y, x],
  ] as const) {
    from.sinks = [...from.sinks, to];
    to.source = from;
    // Whoever is shown a clip is not waiting for a picture; it is asked for when the clip ends.
    if (!to.feeding) from.askKey();
  }
}

function unlink([x, y]: [MediaStream, MediaStream]): void {
  x.sinks = x.sinks.filter((sink) => sink !== y);
  y.sinks = y.sinks.filter((sink) => sink !== x);
  if (x.source === y) x.source = undefined;
  if (y.source === x) y.source = undefined;
}
