import type { MediaSection } from '../../sdp/document';
import { writeSdp } from '../../sdp/document';
import { connectionLine, type Origin } from '../../sdp/origin';
import type { Slot } from './streams';

/** Our end of one m= line: where its wire listens, and what the wire says of itself. */
export interface LocalEnd {
  port: number;
  protocol: string;
  attributes: readonly string[];
}

/** The text of a description of ours. `ends` has one for each slot that is in use. */
export function describe(
  origin: Origin,
  slots: readonly Slot[],
  ends: ReadonlyMap<number, LocalEnd>,
  sessionLines: readonly string[] = [],
): string {
  const media = slots.map((slot, index) => section(slot, ends.get(index)));

  return writeSdp(origin, ['s=-', connectionLine(origin), 't=0 0', ...sessionLines], media);
}

function section(slot: Slot, end: LocalEnd | undefined): MediaSection {
  const { kind, body, mid } = slot;
  const secured = end?.attributes.some((line) => line.startsWith('a=mid:')) ?? false;
  const named = mid === '' || secured ? [] : [`a=mid:${mid}`];
  if (!body || !end) {
    return { kind, port: 0, portCount: 1, protocol: slot.protocol, formats: [slot.format], lines: named };
  }
  const bandwidth = body.lines.filter((line) => line.startsWith('b='));
  const rest = body.lines.filter((line) => !line.startsWith('b='));

  return {
    kind,
    port: end.port,
    portCount: 1,
    protocol: end.protocol,
    formats: [...body.formats],
    lines: [...bandwidth, ...named, ...rest, ...end.attributes],
  };
}
