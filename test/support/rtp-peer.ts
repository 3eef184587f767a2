import {
  formats,
  RtpPeer,
  type Film,
  type Frame,
  type PeerOptions,
  type ReceivedFrame,
  type VideoCodec,
  type Voice,
} from '../../scripts/phone/rtp';
import { isKeyUnit, splitNals } from '../../scripts/phone/rtp/frames';
import { within } from '../../scripts/phone';
import { ffmpeg } from './ffmpeg';

export { formats, RtpPeer, type Film, type Frame, type PeerOptions, type ReceivedFrame, type VideoCodec, type Voice };

/** What a peer of the tests says, shows, hears and sees. Everything that comes back is decoded, by ffmpeg where it is video. */

// --- sound ----------------------------------------------------------------------------------------------------------

const rate = 8000;

/** A steady tone, in Hz. */
export function tone(frequency: number, level = 8000): Voice {
  const step = (2 * Math.PI * frequency) / rate;

  return {
    samples: (start, count) =>
      Int16Array.from({ length: count }, (_, index) => level * Math.sin((start + index) * step)),
  };
}

/** Writes a WAV file of a steady tone. */
export async function toneFile(file: string, frequency: number, seconds: number): Promise<string> {
  await ffmpeg(['-f', 'lavfi', '-i', `sine=frequency=${frequency}:sample_rate=${rate}:duration=${seconds}`, file]);

  return file;
}

/** How much of the sound is this tone, from 0 to 1 (Goertzel); 0 where it is as good as silent. */
export function shareOf(frequency: number, samples: Int16Array): number {
  const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
  if (samples.length === 0 || energy / samples.length < 300 ** 2) return 0;
  const step = (2 * Math.PI * frequency) / rate;
  let [real, imaginary] = [0, 0];
  samples.forEach((sample, index) => {
    real += sample * Math.cos(step * index);
    imaginary += sample * Math.sin(step * index);
  });

  return (2 * (real * real + imaginary * imaginary)) / (samples.length * energy);
}

/** The last `ms` that a peer has heard. */
export function lastHeard(peer: RtpPeer, ms: number): Int16Array {
  return join(peer.audio.pieces.slice(-Math.ceil(ms / 20)).map((piece) => piece.samples));
}

/** Milliseconds in which this tone was heard since `from`, a number that `peer.audio.count` had. */
export function heardMs(peer: RtpPeer, frequency: number, from = 0): number {
  const missing = peer.audio.count - peer.audio.pieces.length;
  const pieces = peer.audio.pieces.slice(Math.max(0, from - missing));

  return pieces.filter(({ samples }) => shareOf(frequency, samples) > 0.5).length * 20;
}

/** Resolves when each of these tones, and none of `not`, is in the last 200 ms of what a peer has heard. */
export async function untilHears(
  peer: RtpPeer,
  frequencies: readonly number[],
  not: readonly number[] = [],
): Promise<void> {
  const enough = 0.6 / frequencies.length;
  const shares = (all: readonly number[]): number[] => all.map((one) => shareOf(one, lastHeard(peer, 200)));
  const good = (): boolean =>
    peer.audio.pieces.length >= 10 &&
    shares(frequencies).every((share) => share > enough) &&
    shares(not).every((share) => share < 0.02);
  const words = (): string =>
    `heard of ${[...frequencies, ...not].join(', ')}: ${shares([...frequencies, ...not]).join(', ')} in ${peer.audio.count} pieces`;
  await untilEvent((check) => peer.audio.on('sound', check), good, `hearing ${frequencies.join(', ')} Hz`, words);
}

/** The keys that a peer has heard, once there are so many. */
export async function untilKeys(peer: RtpPeer, count: number): Promise<string> {
  const { keys } = peer.audio;
  await untilEvent(
    (check) => peer.audio.on('key', check),
    () => keys.length >= count,
    `${count} keys`,
    () => keys.join(''),
  );

  return keys.join('');
}

function join(parts: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }

  return all;
}

// --- pictures -------------------------------------------------------------------------------------------------------

export type Colour = 'red' | 'green' | 'blue' | 'yellow' | 'white' | 'black';

const colours: Record<Colour, [number, number, number]> = {
  red: [255, 0, 0],
  green: [0, 128, 0],
  blue: [0, 0, 255],
  yellow: [255, 255, 0],
  white: [255, 255, 255],
  black: [0, 0, 0],
};

const films = new Map<string, Promise<Film>>();

/** Shows a film of one colour in the codec that was agreed on with the peer. */
export async function show(peer: RtpPeer, colour: Colour): Promise<void> {
  const codec = peer.video.agreed?.codec;
  if (codec !== 'vp8' && codec !== 'h264') throw new Error(`no picture is agreed on: ${codec}`);
  peer.video.show(await film(codec, colour));
}

/** A film of one colour, with noise so that its frames take several packets. Made once. */
export function film(codec: VideoCodec, colour: Colour): Promise<Film> {
  const name = `${codec} ${colour}`;
  const made = films.get(name) ?? encode(codec, colour);
  films.set(name, made);

  return made;
}

async function encode(codec: VideoCodec, colour: Colour): Promise<Film> {
  const fps = 15;
  const input = ['-f', 'lavfi', '-i', `color=c=${colour}:s=320x240:r=${fps}:d=2,noise=alls=24:allf=t,format=yuv420p`];
  if (codec === 'vp8') {
    const settings = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '400k', '-g', '15'];

    return {
      codec,
      fps,
      frames: readIvf(await ffmpeg([...input, ...settings, '-auto-alt-ref', '0', '-f', 'ivf', '-'])),
    };
  }
  const settings = [
    '-c:v',
    'libx264',
    '-profile:v',
    'baseline',
    '-preset',
    'ultrafast',
    '-tune',
    'zerolatency',
    '-g',
    '15',
  ];
  const stream = await ffmpeg([
    ...input,
    ...settings,
    '-b:v',
    '400k',
    '-x264-params',
    'aud=1:slices=1:sliced-threads=0',
    '-f',
    'h264',
    '-',
  ]);

  return { codec, fps, frames: readAccessUnits(stream) };
}

function readIvf(file: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = file.readUInt16LE(6); at + 12 <= file.length;) {
    const end = at + 12 + file.readUInt32LE(at);
    const data = file.subarray(at + 12, end);
    frames.push({ data, key: (data[0]! & 1) === 0 });
    at = end;
  }

  return frames;
}

/** Access units of a stream in which each begins with a delimiter (NAL unit type 9), which is left out. */
function readAccessUnits(stream: Buffer): Frame[] {
  const units: Buffer[][] = [];
  for (const nal of splitNals(stream)) {
    if ((nal[0]! & 0x1f) === 9) units.push([]);
    else units[units.length - 1]?.push(nal);
  }

  return units.map((nals) => ({ data: annexB(nals), key: nals.some(isKeyUnit) }));
}

function annexB(nals: readonly Buffer[]): Buffer {
  return Buffer.concat(nals.flatMap((nal) => [Buffer.from([0, 0, 0, 1]), nal]));
}

function writeIvf(frames: readonly Frame[]): Buffer {
  const head = Buffer.alloc(32);
  head.write('DKIF', 0, 'latin1');
  head.writeUInt16LE(32, 6);
  head.write('VP80', 8, 'latin1');
  // The size stands in the key frame; this one is only a hint.
  head.writeUInt16LE(320, 12);
  head.writeUInt16LE(240, 14);
  head.writeUInt32LE(15, 16);
  head.writeUInt32LE(1, 20);
  head.writeUInt32LE(frames.length, 24);
  const parts = frames.flatMap(({ data }, index) => {
    const frame = Buffer.alloc(12);
    frame.writeUInt32LE(data.length, 0);
    frame.writeUInt32LE(index, 4);

    return [frame, data];
  });

  return Buffer.concat([head, ...parts]);
}

function inputOf(frames: readonly ReceivedFrame[]): { args: string[]; bytes: Buffer } {
  if (frames[0]?.codec === 'vp8') return { args: ['-f', 'ivf', '-i', '-'], bytes: writeIvf(frames) };

  return { args: ['-f', 'h264', '-i', '-'], bytes: Buffer.concat(frames.map((frame) => frame.data)) };
}

/** Brings a picture to the size that `Seen` reads: 64x48, three bytes a pixel. */
export const seenFilter = 'scale=64:48:flags=area';
export const seenBytes = 64 * 48 * 3;

/** A picture as it was seen, brought to `seenBytes`. */
export class Seen {
  constructor(private readonly rgb: Buffer) {}

  /** The colour around a point, given as shares of width and height. */
  at(x: number, y: number): Colour | 'other' {
    const sum = [0, 0, 0];
    const [left, top] = [Math.round(x * 64) - 4, Math.round(y * 48) - 4];
    for (let row = top; row < top + 8; row++) {
      for (let column = left; column < left + 8; column++) {
        for (const part of [0, 1, 2]) sum[part]! += this.rgb[(row * 64 + column) * 3 + part] ?? 0;
      }
    }

    return nameOf(sum.map((value) => value / 64));
  }

  get centre(): Colour | 'other' {
    return this.at(0.5, 0.5);
  }
}

function nameOf(rgb: readonly number[]): Colour | 'other' {
  const near = (colour: Colour): boolean => colours[colour].every((value, part) => Math.abs(value - rgb[part]!) < 60);

  return (Object.keys(colours) as Colour[]).find(near) ?? 'other';
}

/** What a peer sees now; undefined where it has no picture. */
export async function look(peer: RtpPeer): Promise<Seen | undefined> {
  const frames = [...peer.video.frames];
  if (!frames[0]?.key) return undefined;
  const { args, bytes } = inputOf(frames);
  const output = [...args, '-vf', seenFilter, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  // Frames that cannot be decoded, such as the first of a stream that was joined midway, show nothing.
  const raw = await ffmpeg(output, bytes).catch(() => Buffer.alloc(0));

  return raw.length < seenBytes ? undefined : new Seen(raw.subarray(-seenBytes));
}

/** Reads a PNG, e.g. of a snapshot. */
export async function lookAt(png: Buffer): Promise<Seen> {
  return new Seen(await ffmpeg(['-i', '-', '-vf', seenFilter, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'], png));
}

/** Writes what a peer sees now as a PNG in the size in which it came. */
export async function savePicture(peer: RtpPeer, file: string): Promise<string> {
  const { args, bytes } = inputOf(peer.video.frames);
  await ffmpeg([...args, '-update', '1', file], bytes);

  return file;
}

/** A PNG of one colour, or of two beside each other. */
export function pngOf(left: Colour, right: Colour = left, size = '320x240'): Promise<Buffer> {
  const [width = 0, height = 0] = size.split('x').map(Number);
  const half = (colour: Colour): string => `color=c=${colour}:s=${width / 2}x${height}`;
  const graph = `${half(left)}[a];${half(right)}[b];[a][b]hstack`;

  return ffmpeg(['-f', 'lavfi', '-i', graph, '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'png', '-']);
}

/** Resolves with what a peer sees, once that is as wanted. */
export async function untilSees(
  peer: RtpPeer,
  what: string,
  wanted: (seen: Seen) => boolean,
  ms = 8000,
): Promise<Seen> {
  let last: Seen | undefined;
  let found: Seen | undefined;
  const search = async (): Promise<Seen> => {
    while (!found) {
      const { count } = peer.video;
      last = await look(peer);
      if (last && wanted(last)) found = last;
      else if (peer.video.count === count) await peer.video.next('frame', { timeout: ms });
    }

    return found;
  };
  const seen = (): string =>
    `saw ${last ? `${last.at(0.25, 0.5)} and ${last.at(0.75, 0.5)}` : 'nothing'} in ${peer.video.count} frames`;

  return within(search(), ms, `seeing ${what}`, seen);
}

/** Resolves when a peer sees nothing but this colour. */
export function untilSeesColour(peer: RtpPeer, colour: Colour): Promise<Seen> {
  return untilSees(peer, colour, (seen) => seen.at(0.25, 0.5) === colour && seen.at(0.75, 0.5) === colour);
}

// --- waiting --------------------------------------------------------------------------------------------------------

/** Looks at each event until `good`. @throws WaitError with what `seen` says. */
export async function untilEvent(
  listen: (check: () => void) => () => void,
  good: () => boolean,
  what: string,
  seen?: () => string,
  ms = 8000,
): Promise<void> {
  if (good()) return;
  let off: (() => void) | undefined;
  const coming = new Promise<void>((resolve) => {
    off = listen(() => good() && resolve());
  });
  try {
    await within(coming, ms, what, seen);
  } finally {
    off?.();
  }
}
