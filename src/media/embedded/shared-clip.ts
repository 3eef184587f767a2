import type { AudioClip, VideoClip } from './clip';

/** A clip in memory that both threads see: handing it over copies nothing, however often it is shown. */
export interface SharedVideo {
  codec: VideoClip['codec'];
  width: number;
  height: number;
  duration: number;
  bytes: SharedArrayBuffer;
  frames: readonly { at: number; key: boolean; from: number; to: number }[];
}

export type SharedAudio =
  | { codec: 'pcm'; bytes: SharedArrayBuffer }
  | { codec: 'opus' | 'g722'; bytes: SharedArrayBuffer; ends: readonly number[] };

const videos = new WeakMap<VideoClip, SharedVideo>();
const sounds = new WeakMap<AudioClip, SharedAudio>();

export function shareVideo(clip: VideoClip): SharedVideo {
  const known = videos.get(clip);
  if (known) return known;
  const { bytes, ends } = joined(clip.frames.map(({ data }) => data));
  const frames = clip.frames.map(({ at, key }, index) => ({ at, key, from: ends[index - 1] ?? 0, to: ends[index]! }));
  const { codec, width, height, duration } = clip;
  const shared = { codec, width, height, duration, bytes, frames };
  videos.set(clip, shared);

  return shared;
}

export function shareAudio(clip: AudioClip): SharedAudio {
  const known = sounds.get(clip);
  if (known) return known;
  const shared: SharedAudio =
    clip.codec === 'pcm'
      ? { codec: clip.codec, bytes: joined([octets(clip.samples)]).bytes }
      : { codec: clip.codec, ...joined(clip.packets) };
  sounds.set(clip, shared);

  return shared;
}

export function videoOf({ bytes, frames, ...rest }: SharedVideo): VideoClip {
  const all = new Uint8Array(bytes);

  return { ...rest, frames: frames.map(({ at, key, from, to }) => ({ at, key, data: all.subarray(from, to) })) };
}

export function audioOf(shared: SharedAudio): AudioClip {
  if (shared.codec === 'pcm') return { codec: 'pcm', samples: new Int16Array(shared.bytes) };
  const all = new Uint8Array(shared.bytes);
  const packets = shared.ends.map((end, index) => all.subarray(shared.ends[index - 1] ?? 0, end));

  return { codec: shared.codec, packets };
}

function joined(parts: readonly Uint8Array[]): { bytes: SharedArrayBuffer; ends: number[] } {
  const bytes = new SharedArrayBuffer(parts.reduce((sum, { length }) => sum + length, 0));
  const all = new Uint8Array(bytes);
  let end = 0;
  const ends = parts.map((part) => {
    all.set(part, end);

    return (end += part.length);
  });

  return { bytes, ends };
}

function octets({ buffer, byteOffset, byteLength }: Int16Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
