import type { MediaKind } from '../port';
import { described, type MediaSection, type Sdp } from '../sdp/document';
import { directionFrom, isDirection, receives, sends, writtenDirection } from '../sdp/queries';

type Way = 'from' | 'to';

/**
 * What is closed between a peer and FreeSWITCH. FreeSWITCH is told a peer that does not send, or does not want to receive; the peer
 * itself hears nothing of it.
 */
export class Gates {
  private readonly shut = new Set<string>();

  /** False when nothing changes. */
  set(kind: MediaKind, way: Way, on: boolean): boolean {
    const key = `${kind} ${way}`;
    if (this.shut.has(key) === on) return false;
    if (on) this.shut.add(key);
    else this.shut.delete(key);

    return true;
  }

  get isOpen(): boolean {
    return this.shut.size === 0;
  }

  /** A peer's description with the directions that are shut taken away. */
  applied(peer: readonly MediaSection[], session: readonly string[]): readonly MediaSection[] {
    if (this.isOpen) return peer;

    return peer.map((section) => {
      if (section.kind !== 'audio' && section.kind !== 'video') return section;
      const said = writtenDirection({ origin: '', session, media: peer }, section);
      const told = directionFrom(
        sends(said) && !this.shut.has(`${section.kind} from`),
        receives(said) && !this.shut.has(`${section.kind} to`),
      );

      return { ...section, lines: [...section.lines.filter((line) => !isDirection(line)), `a=${told}`] };
    });
  }

  /** An answer of FreeSWITCH as if nothing were shut: what it gives back is limited to what the peer offered. */
  hidden(answer: Sdp): Sdp {
    if (this.isOpen) return answer;
    const sdp = described(answer);
    const media = sdp.media.map((section) => ({
      ...section,
      lines: [...section.lines.filter((line) => !isDirection(line)), 'a=sendrecv'],
    }));

    return { ...sdp, session: sdp.session.filter((line) => !isDirection(line)), media };
  }
}
