import type { MediaKind, MediaSecurity, EndpointStats, Digit, RecordedPart } from '../port';
import type { PortRange } from '../../lib/config';
import type { ErrorCode } from '../../lib/errors';
import type { SharedAudio, SharedVideo } from './shared-clip';

/** What passes between the main thread and the worker that handles packets: commands with one reply each, and events. No packet passes. */
export interface Commands {
  create: {
    args: {
      endpoint: string;
      label: string;
      offer?: string;
      media?: readonly MediaKind[];
      beside?: string;
      security?: MediaSecurity;
    };
    result: Described;
  };
  accept: { args: { endpoint: string; answer: string }; result: Described };
  answer: { args: { endpoint: string; offer: string }; result: Described };
  offer: { args: { endpoint: string; beside?: string; media?: readonly MediaKind[] }; result: Described };
  /** Resolves when the first frame is on its way; `undefined` ends what is shown. */
  show: { args: { endpoint: string; clip?: SharedVideo; loop?: boolean }; result: void };
  /** Begins a playback of clips that come by `feed`. */
  play: { args: { endpoint: string; playback: string; loop: boolean }; result: void };
  /** A clip for a playback; without one: no more will come. */
  feed: { args: { endpoint: string; playback: string; clip?: SharedAudio }; result: void };
  stopPlay: { args: { endpoint: string; playback: string }; result: void };
  sendDtmf: { args: { endpoint: string; digits: string }; result: void };
  /** The next key frame of the peer. */
  keyFrame: { args: { endpoint: string }; result: { codec: 'vp8' | 'h264'; data: Uint8Array } };
  mute: { args: { endpoint: string; kind: MediaKind; direction: 'from' | 'to'; on: boolean }; result: void };
  refresh: { args: { endpoint: string }; result: void };
  stats: { args: { endpoint: string }; result: EndpointStats };
  closeEndpoint: { args: { endpoint: string }; result: void };
  bridge: { args: { bridge: string; a: string; b: string }; result: void };
  closeBridge: { args: { bridge: string }; result: void };
  record: { args: { recording: string; endpoints: readonly string[]; base: string }; result: void };
  mask: { args: { recording: string; on: boolean }; result: void };
  stopRecord: { args: { recording: string }; result: RecordedPart[] };
  createConference: { args: { conference: string; label: string }; result: void };
  join: { args: { conference: string; endpoint: string }; result: void };
  leave: { args: { conference: string; endpoint: string }; result: void };
  floor: { args: { conference: string; endpoint: string }; result: void };
  closeConference: { args: { conference: string }; result: void };
  ping: { args: object; result: void };
  close: { args: object; result: void };
}

export type Operation = keyof Commands;

/** What an endpoint said last, and what is in use after that. */
export interface Described {
  description: string;
  codecs: Partial<Record<MediaKind, string>>;
  /** What a clip has to be like to be shown; absent where no video was agreed. */
  video?: VideoWanted;
  /** What sound has to be like to be played. */
  audio?: 'pcm' | 'opus' | 'g722';
}

export interface VideoWanted {
  codec: 'vp8' | 'h264';
  /** The largest picture. */
  width: number;
  height: number;
  /** Most bytes of a slice of H.264, where it cannot be divided into packets. */
  slice?: number;
}

export interface Command<K extends Operation = Operation> {
  id: number;
  op: K;
  args: Commands[K]['args'];
}

export type Reply = { id: number; result: unknown } | { id: number; error: { code: ErrorCode; message: string } };

export type WorkerEvent =
  | { event: 'dtmf'; endpoint: string; digit: Digit }
  | { event: 'media'; endpoint: string; kind: MediaKind }
  | { event: 'ended'; endpoint: string; reason: string }
  | { event: 'playing'; playback: string }
  | { event: 'played'; playback: string; how: 'finished' | 'stopped' }
  | { event: 'bridgeClosed'; bridge: string }
  | { event: 'recordFailed'; recording: string; reason: string }
  | { event: 'load'; ports: number; busy: number }
  | { event: 'log'; line: string };

export type FromWorker = Reply | WorkerEvent;

/** What the worker is started with. */
export interface WorkerSettings {
  host: string;
  ports: PortRange;
  logLevel: string;
}
