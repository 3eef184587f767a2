import type { AudioClip, VideoClip, VideoFrame } from '../clip';
import { accessUnits, isKeyPicture, toByteStream } from './annexb';
import type { VideoTarget } from './arguments';
import { isVp8Key, parseIvf } from './ivf';
import { opusPackets } from './ogg';

/** What ffmpeg wrote, as clips. Pure. */

/** RTP's clock of video (RFC 6184, RFC 7741). */
const videoClock = 90_000;
/** 64 kbit/s for 20 ms. */
const g722Packet = 160;

/**
 * IVF or Annex B with a constant rate of pictures, as a clip.
 * @throws RangeError when there is no picture in it, or it does not begin with a key frame.
 */
export function readVideoClip(output: Uint8Array, target: VideoTarget, rate: number): VideoClip {
  const step = videoClock / rate;
  const frames = target.codec === 'vp8' ? vp8Frames(output) : h264Frames(output, step);
  const last = frames.at(-1);
  if (!last || !frames[0]?.key) throw new RangeError('There is no picture in it.');

  const { codec, width, height } = target;

  return { codec, width, height, frames, duration: last.at + step };
}

function vp8Frames(output: Uint8Array): VideoFrame[] {
  const ivf = parseIvf(output);
  const first = ivf.frames[0]?.at ?? 0;

  return ivf.frames.map(({ data, at }) => ({
    data,
    at: Math.round((at - first) * ivf.timeBase * videoClock),
    key: isVp8Key(data),
  }));
}

function h264Frames(output: Uint8Array, step: number): VideoFrame[] {
  return accessUnits(output).map((units, index) => ({
    data: toByteStream(units),
    at: index * step,
    key: isKeyPicture(units),
  }));
}

/** @throws RangeError when there is no sound in it. */
export function readAudioClip(output: Uint8Array, codec: AudioClip['codec']): AudioClip {
  if (codec === 'pcm') return { codec, samples: samplesOf(output) };
  const packets = codec === 'opus' ? opusPackets(output) : g722Packets(output);
  if (packets.length === 0) throw new RangeError('There is no sound in it.');

  return { codec, packets };
}

function samplesOf(output: Uint8Array): Int16Array {
  // A copy, since a view of 16-bit values must begin at an even byte; ffmpeg wrote little-endian, which is this machine's order.
  const samples = new Int16Array(new Uint8Array(output.subarray(0, output.length & ~1)).buffer);
  if (samples.length === 0) throw new RangeError('There is no sound in it.');

  return samples;
}

function g722Packets(output: Uint8Array): Uint8Array[] {
  const count = Math.floor(output.length / g722Packet);

  return Array.from({ length: count }, (_, index) => output.subarray(index * g722Packet, (index + 1) * g722Packet));
}
