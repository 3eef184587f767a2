import type { MediaKind } from '../../port';
import type { RemoteEnd } from '../wire';
import type { MediaCodec } from './codecs';

/** What two sides agreed on for one m= line: everything that sending and receiving need to know. */
export interface AgreedStream {
  kind: MediaKind;
  /** Place of its m= line. */
  slot: number;
  mid: string;
  /** The codec that we send; `type` is the payload type that the peer wants for it. */
  codec: MediaCodec;
  /** Every codec that the peer may send, with the payload type that it uses. The first is that of `codec`. */
  accepts: readonly MediaCodec[];
  /** RTP events (RFC 4733). */
  events?: EventTypes;
  /** Whether we may send, and whether the peer does. */
  send: boolean;
  receive: boolean;
  /** Ways to ask the peer for a key frame that both sides named. */
  feedback: { pli: boolean; fir: boolean };
  /** Milliseconds of sound in a packet that the peer wishes for. */
  ptime: number;
  /** Largest picture that the peer takes. */
  picture: PictureLimit;
  /** `b=` lines of the peer: how much it takes. */
  bandwidth: readonly string[];
  remote: RemoteEnd;
}

export interface EventTypes {
  /** Payload type to the peer. */
  send: number;
  /** Payload type from the peer. */
  receive: number;
  clock: number;
}

export interface PictureLimit {
  width: number;
  height: number;
}

/** One m= line of ours as last described: in use, or at port 0. */
export interface Slot {
  kind: string;
  mid: string;
  protocol: string;
  /** The formats and the lines about codecs, without those of the wire. Absent: port 0. */
  body?: SlotBody;
  /** What stands in a line at port 0. */
  format: string;
}

export interface SlotBody {
  formats: readonly string[];
  lines: readonly string[];
}
