import { described, type MediaSection, type Sdp } from '../sdp/document';
import { directionFrom, isDirection, sends, writtenDirection } from '../sdp/queries';

/** Asked for at the endpoint itself, or because the other side of its bridge is to be seen by nobody. */
export type BlindReason = 'own' | 'other';

/** Keeps pictures from a peer: FreeSWITCH is told that the peer wants none. The peer itself hears nothing of it. */
export class VideoGate {
  private readonly shut = new Set<BlindReason>();

  /** False when nothing changes. */
  set(reason: BlindReason, on: boolean): boolean {
    const before = this.shut.size > 0;
    if (on) this.shut.add(reason);
    else this.shut.delete(reason);

    return this.shut.size > 0 !== before;
  }

  /** A peer's description as FreeSWITCH is to see it. */
  applied(peer: readonly MediaSection[], session: readonly string[]): readonly MediaSection[] {
    if (this.shut.size === 0) return peer;

    return peer.map((section) => {
      if (section.kind !== 'video') return section;
      const said = writtenDirection({ origin: '', session, media: peer }, section);

      return directed(section, directionFrom(sends(said), false));
    });
  }

  /** An answer of FreeSWITCH as if nothing were shut: to the peer it is limited to what it offered, as always. */
  hidden(answer: Sdp): Sdp {
    if (this.shut.size === 0) return answer;
    const sdp = described(answer);

    return { ...sdp, media: sdp.media.map((one) => (one.kind === 'video' ? directed(one, 'sendrecv') : one)) };
  }
}

function directed(section: MediaSection, direction: string): MediaSection {
  return { ...section, lines: [...section.lines.filter((line) => !isDirection(line)), `a=${direction}`] };
}
