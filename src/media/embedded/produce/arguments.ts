/** What ffmpeg is told. Pure: the fastest settings that were found by measuring; docs of each choice beside it. */

export interface VideoTarget {
  codec: 'vp8' | 'h264';
  width: number;
  height: number;
  /** H.264: most bytes of a slice, for a peer to whom a slice cannot be sent in several packets (RFC 6184, mode 0). Default no limit. */
  slice?: number;
}

/** Pictures a second in the clip of a still picture: most of them are a few bytes that say "as before". */
export const stillRate = 5;
/** Frames in the clip of a still picture; then the clip begins again with its key frame, which mends what was lost. */
export const stillFrames = 10;
/** Pictures a second in the clip of a video file. */
export const videoRate = 15;
/** Seconds of a file that are taken at most: a clip is held in memory whole. */
export const longest = 600;

const quiet = ['-nostdin', '-hide_banner', '-v', 'error', '-threads', '1'];
/** A file that an operator names is read as what it is: no playlist leads to the network. */
const local = ['-protocol_whitelist', 'file,pipe', '-max_pixels', '50000000'];

/** PNG on standard input -> clip of a still picture on standard output. */
export function pictureArguments(target: VideoTarget): string[] {
  const filter = `${fitted(target)},loop=${stillFrames - 1}:1`;

  return [
    ...quiet,
    ...local,
    ...['-f', 'png_pipe', '-framerate', String(stillRate), '-i', 'pipe:0'],
    ...['-vf', filter, '-frames:v', String(stillFrames)],
    ...encoder(target, stillRate, 'still'),
  ];
}

/** Video file -> clip on standard output. */
export function videoArguments(file: string, target: VideoTarget): string[] {
  return [
    ...quiet,
    ...local,
    ...['-i', `file:${file}`, '-map', '0:v:0', '-t', String(longest)],
    ...['-vf', `fps=${videoRate},${fitted(target)}`],
    ...encoder(target, videoRate, 'video'),
  ];
}

/** The end of the sound is filled up to whole packets of 20 ms; what is over is cut off by the reader. */
const wholePackets = ['-af', 'apad=pad_dur=0.02'];

const audioOutputs = {
  pcm: ['-ar', '8000', '-c:a', 'pcm_s16le', '-f', 's16le'],
  g722: [...wholePackets, '-ar', '16000', '-c:a', 'g722', '-f', 'g722'],
  opus: ['-ar', '48000', '-c:a', 'libopus', '-b:a', '32k', '-frame_duration', '20', '-f', 'ogg'],
} as const;

/** Audio file -> 16-bit samples, G.722, or Opus in Ogg on standard output; one channel. */
export function audioArguments(file: string, codec: keyof typeof audioOutputs): string[] {
  return [
    ...quiet,
    ...local,
    ...['-i', `file:${file}`, '-map', '0:a:0', '-t', String(longest), '-ac', '1'],
    ...audioOutputs[codec],
    'pipe:1',
  ];
}

/** Key frame (IVF of one frame, or Annex B) on standard input -> PNG on standard output. */
export function stillArguments(codec: VideoTarget['codec']): string[] {
  return [
    ...quiet,
    ...local,
    ...['-f', codec === 'vp8' ? 'ivf' : 'h264', '-i', 'pipe:0', '-frames:v', '1'],
    // Compression level 1: half the time for a tenth more bytes.
    ...['-c:v', 'png', '-compression_level', '1', '-f', 'image2pipe', 'pipe:1'],
  ];
}

/** Fitted into the target whole, its proportions kept, with black beside it. */
function fitted({ width, height }: VideoTarget): string {
  return [
    `scale=${width}:${height}:force_original_aspect_ratio=decrease:flags=bilinear`,
    `pad=${width}:${height}:-1:-1`,
    'setsar=1',
    'format=yuv420p',
  ].join(',');
}

function encoder(target: VideoTarget, rate: number, what: 'still' | 'video'): string[] {
  // One key frame in a still picture's clip, one every two seconds in a video: where somebody joins, or has lost packets.
  const interval = String(what === 'still' ? stillFrames : rate * 2);
  const common = ['-an', '-threads', '1', '-g', interval, '-keyint_min', interval];
  const kbits = `${videoKbits(target)}k`;

  return target.codec === 'vp8'
    ? [...common, ...vp8, ...(what === 'still' ? ['-crf', '20', '-b:v', '2M'] : ['-b:v', kbits]), '-f', 'ivf', 'pipe:1']
    : [
        ...common,
        ...h264(target, rate),
        ...(what === 'still' ? ['-crf', '23'] : ['-crf', '24', '-maxrate', kbits, '-bufsize', kbits]),
        ...['-f', 'h264', 'pipe:1'],
      ];
}

/** No look-ahead and no frames that are not shown: one frame in, one frame out. */
const vp8 = ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0', '-auto-alt-ref', '0'];

/** Constrained baseline, one slice a picture where slices have no limit, parameter sets in the stream (`-f h264` puts them before each key frame). */
function h264(target: VideoTarget, rate: number): string[] {
  const slices = target.slice === undefined ? '' : `:slice-max-size=${target.slice}`;

  return [
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline'],
    ...[
      '-level:v',
      h264Level(target.width, target.height, rate),
      '-x264-params',
      `repeat-headers=1:scenecut=0${slices}`,
    ],
  ];
}

/** 0.15 bit a pixel: 170 kbit/s for 320x240, 690 kbit/s for 640x480, 2 Mbit/s for 1280x720. */
export function videoKbits({ width, height }: VideoTarget): number {
  return Math.max(64, Math.round((width * height * videoRate * 0.15) / 1000));
}

/** ITU-T H.264 table A-1: macroblocks in a picture, macroblocks in a second. */
const levels: readonly [level: string, picture: number, second: number][] = [
  ['1.0', 99, 1_485],
  ['1.1', 396, 3_000],
  ['1.2', 396, 6_000],
  ['1.3', 396, 11_880],
  ['2.1', 792, 19_800],
  ['2.2', 1_620, 20_250],
  ['3.0', 1_620, 40_500],
  ['3.1', 3_600, 108_000],
  ['3.2', 5_120, 216_000],
  ['4.0', 8_192, 245_760],
  ['4.2', 8_704, 522_240],
  ['5.0', 22_080, 589_824],
];

/** The lowest level whose limits a picture of this size at this rate keeps. */
export function h264Level(width: number, height: number, rate: number): string {
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);

  return levels.find(([, picture, second]) => blocks <= picture && blocks * rate <= second)?.[0] ?? '5.1';
}
