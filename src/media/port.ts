import type { TypedEmitter } from '../lib/emitter';

/**
 * The port through which calls use media. Two engines stand behind it: src/media/embedded (in this process) and
 * src/media/freeswitch (one or several FreeSWITCH servers). test/conformance/media holds both to the same behaviour.
 *
 * What must not enter here: RTP packets, channels, sockets, files of an engine's own, SIP. An endpoint is one end of a media session
 * with one peer, known by the two descriptions (SDP, RFC 8866) that were exchanged by offer and answer (RFC 3264).
 *
 * Errors: MEDIA_MISMATCH (nothing in common with the peer), MEDIA_UNAVAILABLE (no engine, no port, a tool that is missing),
 * MEDIA_GONE (the endpoint, bridge or recording is closed, or its engine was lost), BAD_REQUEST (a description that cannot be read),
 * STORAGE_FULL (nothing more can be written). Every method of a closed object rejects with MEDIA_GONE; `close` never rejects and may be
 * called twice.
 */

export type MediaKind = 'audio' | 'video';

export type MediaServerEvents = {
  /** The engine was lost: its endpoints have ended (each has told so). Within 2 s of the loss. */
  down: [reason: string];
  /** It can be used (again). */
  up: [];
};

export interface MediaServer {
  /** `embedded`, or the address of a FreeSWITCH. */
  readonly name: string;
  readonly available: boolean;
  readonly events: TypedEmitter<MediaServerEvents>;
  /** @throws MEDIA_MISMATCH for an offer that cannot be met; then no port is held. */
  createEndpoint(options: EndpointOptions): Promise<Endpoint>;
  /** Lets two endpoints of one server hear and see each other, until the bridge or one of them is closed. */
  bridge(a: Endpoint, b: Endpoint): Promise<Bridge>;
  createConference(options: { label: string }): Promise<Conference>;
  /** Records what the peers of these endpoints send: both sides of a bridge, or one. */
  record(endpoints: readonly Endpoint[], options: RecordOptions): Promise<Recording>;
  load(): MediaLoad;
  /** Ends every endpoint and gives back every port, process and connection. */
  close(): Promise<void>;
}

export interface MediaLoad {
  endpoints: number;
  /** UDP ports that are bound now; 0 for an engine elsewhere. */
  ports: number;
  /** From 0 (idle) to 1 (takes no more). */
  busy: number;
}

export interface EndpointOptions {
  /** The call's id, for logs and traces. */
  label: string;
  /** The peer's offer: `localDescription` is the answer to it. Without one, `localDescription` is an offer of ours. */
  offer?: string;
  /** For an offer of ours: what it offers. Default both. */
  media?: readonly MediaKind[];
  /**
   * The endpoint that this one is going to be bridged with: it is made on the same server, and what it offers or answers keeps to codecs
   * that can be passed on between the two.
   */
  beside?: Endpoint;
  /** For an offer of ours: what the peer needs. `none` is RTP/AVP; `dtls` is ICE and DTLS-SRTP, for browsers. Default `none`. */
  security?: MediaSecurity;
}

export type MediaSecurity = 'none' | 'sdes' | 'dtls';

export interface Digit {
  /** One of 0-9 * # A-D. */
  digit: string;
  durationMs: number;
}

export type EndpointEvents = {
  /** A key, as an RTP event (RFC 4733), once a press. Keys sent as SIP INFO do not come here. */
  dtmf: [digit: Digit];
  /** The first packet of this kind has come from the peer. */
  media: [kind: MediaKind];
  /** Over, without `close` having been called: the engine was lost. At most once. */
  ended: [reason: string];
};

export interface Endpoint {
  readonly id: string;
  /** Name of the server that it lives on. */
  readonly server: string;
  /** What we described last: an answer, or an offer that waits for `accept`. */
  readonly localDescription: string;
  /** The codec in use by kind, e.g. `pcmu`, `vp8`, `h264`; none where that kind is not sent either way. */
  readonly codecs: Readonly<Partial<Record<MediaKind, string>>>;
  readonly closed: boolean;
  readonly events: TypedEmitter<EndpointEvents>;
  /** The largest picture that the peer takes, where that is known and it takes any: pictures of that size need not be fitted. */
  readonly pictureSize?: { readonly width: number; readonly height: number } | undefined;

  /** The peer's answer to our last offer. @throws MEDIA_MISMATCH, and what was agreed before goes on. */
  accept(answer: string): Promise<void>;
  /** Answers a new offer of the peer. @throws MEDIA_MISMATCH, and what was agreed before goes on. */
  answer(offer: string): Promise<string>;
  /** A new offer of ours, for a re-INVITE; `beside` as at the creation. What was agreed goes on until `accept`. */
  offer(change?: { beside?: Endpoint; media?: readonly MediaKind[] }): Promise<string>;

  /**
   * Shows the peer a picture or a video file in place of what it saw; `undefined` ends that. Resolves when the first frame is on its way.
   * Goes on beside `play`. Does nothing where no video was agreed. In a bridge, the picture takes the place of the other side's video.
   */
  show(picture: Picture | undefined): Promise<void>;
  /** Plays audio files to the peer, one after another; a new play stops the one before. Nothing is mixed in from a bridge meanwhile. */
  play(source: AudioSource): Playback;
  /** Makes ready what is likely to be shown or played next, so that it begins sooner. Never rejects; an engine may do without. */
  prepare?(next: { pictures: readonly Picture[]; files: readonly string[] }): Promise<void>;
  /** Sends keys to the peer as RTP events (RFC 4733). @throws MEDIA_MISMATCH where the peer does not take them. */
  sendDtmf(digits: string): Promise<void>;

  /** A PNG of what the peer sends, from its next key frame. @throws MEDIA_GONE when no picture comes within 3 s. */
  snapshot(): Promise<Buffer>;
  /** `from`: what the peer sends is thrown away; `to`: the peer is sent nothing. Muted audio, or video that is "blind". */
  mute(kind: MediaKind, direction: 'from' | 'to', on: boolean): Promise<void>;
  /** Asks the peer for a key frame (RTCP PLI or FIR). Where RTCP cannot, `events` of the leg have to (RFC 5168). */
  refresh(): void;
  stats(): Promise<EndpointStats>;
  close(): Promise<void>;
}

/** Either a PNG in memory, of any size (it is fitted into what the peer takes), or a video file. */
export type Picture = { png: Buffer } | { file: string; loop?: boolean };

export interface AudioSource {
  /** WAV files, or anything that ffmpeg reads. One that is missing is left out, and told by `skipped`. */
  files: readonly string[];
  loop?: boolean;
}

export interface Playback {
  /** Resolves when the first packet has been sent; at the latest with `done`. Never rejects. */
  readonly started: Promise<void>;
  /** Resolves when it is over, whole or stopped. Never rejects. */
  readonly done: Promise<PlaybackEnd>;
  /** Silence at once (barge-in). */
  stop(): void;
}

export interface PlaybackEnd {
  how: 'finished' | 'stopped' | 'failed';
  /** Files that could not be played. */
  skipped: readonly string[];
}

export interface Bridge {
  readonly id: string;
  readonly closed: boolean;
  /** Takes the two apart; they stay. */
  close(): Promise<void>;
}

export interface Conference {
  readonly id: string;
  /** Each member hears all others mixed; all see the one who has the floor, and that one sees who had it before. */
  join(endpoint: Endpoint): Promise<void>;
  leave(endpoint: Endpoint): Promise<void>;
  /** Gives the floor to a member. The first to join has it at the beginning. */
  floor(endpoint: Endpoint): Promise<void>;
  close(): Promise<void>;
}

export interface RecordOptions {
  /** Path without extension: files are made as `<base>….<ext>`. The folder exists. */
  base: string;
}

export type RecordingEvents = {
  /** Nothing is recorded any more: disk full, or the engine was lost. What was written stays. At most once. */
  failed: [reason: string];
};

export interface Recording {
  readonly events: TypedEmitter<RecordingEvents>;
  /** While masked, nothing that is said or shown is kept; time goes on. */
  mask(on: boolean): Promise<void>;
  /** Ends it, and gives what was written; twice gives the same. */
  stop(): Promise<RecordedPart[]>;
}

/** One file of a recording. It can be played up to its end however that came. */
export interface RecordedPart {
  file: string;
  /** Milliseconds since the epoch of its first moment. */
  startedAt: number;
  /** Milliseconds. */
  duration: number;
  tracks: RecordedTrack[];
}

export interface RecordedTrack {
  kind: MediaKind;
  codec: string;
  /** Index of the endpoint in `record`, whose peer sent this; undefined where both are mixed. */
  side: number | undefined;
}

export interface StreamStats {
  packets: number;
  bytes: number;
  /** Packets that were sent and did not arrive, as far as the receiver tells (RFC 3550 section 6.4). */
  lost: number;
  /** Milliseconds. */
  jitter: number;
  /** Bits per second over the last second or more. */
  bitRate: number;
}

export interface EndpointStats {
  /** Milliseconds, where RTCP has told it. */
  roundTrip?: number;
  audio?: { received: StreamStats; sent: StreamStats };
  video?: { received: StreamStats; sent: StreamStats };
}
