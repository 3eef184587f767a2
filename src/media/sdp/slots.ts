import { attribute, type MediaSection } from './document';
import { connectionLine, type Origin } from './origin';

/**
 * Which section of a peer belongs to which m= line of a leg: the one at the same place when it is of the same kind, else the first of
 * its kind that is left. -1 where there is none. The rule gives the same pairs from either side, so an answer finds its way back.
 */
export function matchSlots(leg: readonly MediaSection[], peer: readonly MediaSection[]): number[] {
  const taken = new Set<number>();
  const take = (index: number) => {
    taken.add(index);

    return index;
  };
  const pairs = leg.map((slot, index) => (peer[index]?.kind === slot.kind ? take(index) : -1));

  return pairs.map((pair, index) => {
    if (pair >= 0) return pair;
    const other = peer.findIndex((section, place) => !taken.has(place) && section.kind === leg[index]?.kind);

    return other < 0 ? -1 : take(other);
  });
}

/** An m= line that keeps its place but carries nothing (RFC 3264 sections 6 and 8.2). */
export function rejected(slot: MediaSection): MediaSection {
  const mid = attribute(slot.lines, 'mid');

  return {
    kind: slot.kind,
    port: 0,
    portCount: 1,
    protocol: slot.protocol,
    formats: slot.formats.slice(0, 1),
    lines: mid === undefined ? [] : [`a=mid:${mid}`],
  };
}

/** Gives rejected lines what they lack among the others: a c= line when the session has none, and no mid that another has too. */
export function fitRejected(
  media: readonly MediaSection[],
  session: readonly string[],
  origin: Origin,
): MediaSection[] {
  const needsConnection = !session.some((line) => line.startsWith('c='));
  const isBare = ({ port, lines }: MediaSection) => port === 0 && lines.every((line) => line.startsWith('a=mid:'));
  const mids = new Set(media.filter((section) => !isBare(section)).map(({ lines }) => attribute(lines, 'mid')));

  return media.map((section) => {
    if (!isBare(section)) return section;
    const lines = mids.has(attribute(section.lines, 'mid')) ? [] : section.lines;

    return { ...section, lines: needsConnection ? [connectionLine(origin), ...lines] : lines };
  });
}

/** The lines of a session part whose bundle groups name only the given mids. */
export function withGroupsOf(session: readonly string[], mids: ReadonlySet<string>): string[] {
  return session.flatMap((line) => {
    const [, semantics, list] = /^a=group:(\S+)\s+(.*)$/.exec(line) ?? [];
    if (semantics === undefined || list === undefined) return [line];
    const kept = list.split(/\s+/).filter((mid) => mids.has(mid));

    return kept.length > 0 ? [`a=group:${semantics} ${kept.join(' ')}`] : [];
  });
}
