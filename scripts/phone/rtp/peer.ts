import { Closer } from '../../../src/lib/closer';
import type { Direction, MediaKind } from '../sdp';
import { AudioSide } from './audio';
import { agree, writeAnswer, writeOffer, type Agreed, type Format, type Local, type LocalSection } from './description';
import { RtpSession } from './session';
import { VideoSide } from './video';

export interface PeerOptions {
  host?: string;
  /** Best first; default PCMU, PCMA and keys. */
  audio?: readonly Format[];
  /** Best first; default VP8 and H.264; none: a phone without a picture. */
  video?: readonly Format[];
  /** RTCP on the port of RTP, where the other side can (RFC 5761). Default false. */
  mux?: boolean;
}

const profile = 'profile-level-id=42e01f;packetization-mode=1';

export const formats = {
  pcmu: { name: 'pcmu', payloadType: 0 },
  pcma: { name: 'pcma', payloadType: 8 },
  g722: { name: 'g722', payloadType: 9 },
  opus: { name: 'opus', payloadType: 111 },
  keys: { name: 'telephone-event', payloadType: 101, fmtp: '0-15' },
  vp8: { name: 'vp8', payloadType: 96 },
  h264: { name: 'h264', payloadType: 97, fmtp: profile },
} as const satisfies Record<string, Format>;

/**
 * A phone without SIP: offers and answers, RTP and RTCP on ports of its own, real media both ways. It shares no code with the
 * engines that it is used against.
 */
export class RtpPeer {
  readonly audio: AudioSide;
  readonly video: VideoSide;
  private local: Local;
  private pending = '';
  private readonly opened = new Closer();

  private constructor(options: PeerOptions, audio: RtpSession, video: RtpSession) {
    const { host = '127.0.0.1', mux = false } = options;
    const section = (kind: MediaKind, session: RtpSession, known: readonly Format[]): LocalSection => ({
      kind,
      formats: known,
      port: session.port,
      rtcpPort: session.rtcpPort,
      mux,
      direction: 'sendrecv',
    });
    this.local = {
      host,
      session: Math.floor(Math.random() * 1e9),
      version: 1,
      sections: [
        section('audio', audio, options.audio ?? [formats.pcmu, formats.pcma, formats.keys]),
        section('video', video, options.video ?? [formats.vp8, formats.h264]),
      ],
    };
    this.audio = new AudioSide(audio);
    this.video = new VideoSide(video);
    for (const side of [this.audio, this.video]) {
      this.opened.add('session', () => side.session.close());
      this.opened.add('sender', () => side.close());
    }
  }

  static async open(options: PeerOptions = {}): Promise<RtpPeer> {
    const host = options.host ?? '127.0.0.1';

    return new RtpPeer(options, await RtpSession.open(host, 8000), await RtpSession.open(host, 90_000));
  }

  agreed(kind: MediaKind): Agreed | undefined {
    return this[kind].agreed;
  }

  /** Changes what the next description says of a kind. */
  direct(kind: MediaKind, direction: Direction): void {
    this.change(kind, { direction });
  }

  /** Changes what the next description can do of a kind. */
  know(kind: MediaKind, known: readonly Format[]): void {
    this.change(kind, { formats: known });
  }

  offer(): string {
    this.pending = writeOffer(this.local);
    this.local = { ...this.local, version: this.local.version + 1 };

    return this.pending;
  }

  /** Takes the answer to our last offer; media follow it from now on. */
  accept(answer: string): void {
    this.follow(this.pending, answer);
  }

  answer(offer: string): string {
    const answer = writeAnswer(this.local, offer);
    this.local = { ...this.local, version: this.local.version + 1 };
    this.follow(answer, offer);

    return answer;
  }

  /** Nothing is sent and nothing received any more. */
  close(): Promise<void> {
    return this.opened.close();
  }

  private change(kind: MediaKind, part: Partial<LocalSection>): void {
    const sections = this.local.sections.map((section) => (section.kind === kind ? { ...section, ...part } : section));
    this.local = { ...this.local, sections };
  }

  private follow(ours: string, theirs: string): void {
    const agreed = agree(this.local, ours, theirs);
    for (const kind of ['audio', 'video'] as const) {
      const one = agreed.get(kind);
      this[kind].agreed = one;
      this[kind].session.connect(one?.to, one?.rtcpTo);
      if (kind === 'audio') this.audio.session.clock = one?.codec === 'opus' ? 48_000 : 8000;
    }
  }
}
