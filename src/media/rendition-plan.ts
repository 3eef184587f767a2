import type { MediaFile } from './inspect';
import type { RecordedPart } from './port';

/** How the parts of a recording become one film: which picture stands where from when, and what ffmpeg is told. Pure. */

export interface RenditionPlan {
  /** Arguments of ffmpeg up to the name of the output. */
  args: string[];
  /** Milliseconds. */
  duration: number;
}

/** Milliseconds since the epoch; an end that is not known is infinite. */
export interface Span {
  from: number;
  to: number;
}

export interface ReadPart {
  part: RecordedPart;
  found: MediaFile;
}

/** Pictures a second. */
const rate = 25;
/** Bounds of one side, and of one side alone. */
const least = { width: 640, height: 480 };
const most = { width: 960, height: 720 };
const mostAlone = { width: 1280, height: 720 };

/** One stream of one file, for the filters of ffmpeg. */
interface Source {
  file: string;
  /** Within the file, e.g. `v:1`. */
  stream: string;
  /** Seconds by which it begins after the film. */
  offset: number;
  /** Whose it is: index of the endpoint, or `mixed`. */
  side: string;
  width: number;
  height: number;
}

/** Undefined when there is nothing to be seen or heard. */
export function renditionPlan(parts: readonly ReadPart[], masked: readonly Span[] = []): RenditionPlan | undefined {
  const begin = Math.min(...parts.map(({ part }) => part.startedAt));
  const duration = Math.max(
    0,
    ...parts.map(({ part, found }) => part.startedAt - begin + Math.max(part.duration, found.duration)),
  );
  const videos = parts.flatMap((each) => sources(each, 'video', begin));
  const audios = parts.flatMap((each) => sources(each, 'audio', begin));
  if (videos.length + audios.length === 0 || duration === 0) return undefined;
  const seconds = duration / 1000;
  const hidden = whileMasked(masked, begin, seconds);
  const filters = [
    ...(videos.length > 0 ? [...videoFilters(videos, seconds), `[film]${blackFilter(hidden)}[picture]`] : []),
    ...(audios.length > 0
      ? [...audioFilters(audios, videos.length, seconds), `[mixed]${silentFilter(hidden)}[sound]`]
      : []),
  ];

  return {
    duration,
    args: [
      ...['-nostdin', '-hide_banner', '-v', 'error', '-nostats', '-progress', 'pipe:1', '-y'],
      // Times as they are in the files: those of a track that began late count from the beginning of its part.
      '-copyts',
      // Each stream has an input of its own, its file opened again: to find the next picture of a side that shows nothing for an hour, the
      // others need not be read, decoded and held in memory.
      ...videos.flatMap(({ file }) => [...steady, ...inputOf(file)]),
      ...audios.flatMap(({ file }) => inputOf(file)),
      ...['-filter_complex', filters.join(';')],
      ...(videos.length > 0 ? ['-map', '[picture]', ...videoEncoder] : []),
      ...(audios.length > 0 ? ['-map', '[sound]', '-c:a', 'aac', '-b:a', '96k'] : []),
      ...['-movflags', '+faststart', '-f', 'mp4'],
    ],
  };
}

/** A peer that changes the size of its picture must not begin the whole film anew: scaling and padding take it as it comes. */
const steady = ['-reinit_filter', '0'];

function inputOf(file: string): string[] {
  return ['-protocol_whitelist', 'file', '-i', `file:${file}`];
}

const videoEncoder = [
  ...['-c:v', 'libx264', '-preset', 'superfast', '-crf', '23', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
  ...['-g', String(rate * 2), '-threads', '2'],
];

function sources({ part, found }: ReadPart, kind: 'audio' | 'video', begin: number): Source[] {
  const told = part.tracks.filter((track) => track.kind === kind);

  return found.streams
    .filter((stream) => stream.kind === kind)
    .map(({ width = 0, height = 0 }, index) => ({
      file: part.file,
      stream: `${kind === 'video' ? 'v' : 'a'}:${index}`,
      offset: (part.startedAt - begin) / 1000,
      side: String(told[index]?.side ?? 'mixed'),
      width,
      height,
    }));
}

/** Every side has a place of its own; what is shown there later covers what was there before. */
function videoFilters(videos: readonly Source[], seconds: number): string[] {
  const sides = [...new Set(videos.map(({ side }) => side))].sort();
  const cell = cellSize(videos, sides.length);
  const columns = Math.ceil(Math.sqrt(sides.length));
  const canvas = { width: cell.width * columns, height: cell.height * Math.ceil(sides.length / columns) };
  const fit = [
    `scale=${cell.width}:${cell.height}:force_original_aspect_ratio=decrease`,
    `pad=${cell.width}:${cell.height}:-1:-1:eval=frame`,
    'setsar=1',
    'format=yuv420p',
  ].join(',');
  const layers = videos.flatMap(({ stream, offset, side }, index) => {
    const place = sides.indexOf(side);
    const [x, y] = [(place % columns) * cell.width, Math.floor(place / columns) * cell.height];
    const under = index === 0 ? 'canvas' : `film${index - 1}`;
    const over = index === videos.length - 1 ? 'film' : `film${index}`;

    return [
      `[${index}:${stream}]setpts=PTS+${offset}/TB,${fit}[video${index}]`,
      `[${under}][video${index}]overlay=${x}:${y}:eof_action=pass[${over}]`,
    ];
  });

  return [
    `color=black:size=${canvas.width}x${canvas.height}:rate=${rate}:duration=${seconds},format=yuv420p[canvas]`,
    ...layers,
  ];
}

/**
 * As large as the largest picture at the beginning, within bounds. Not smaller than what a call mostly grows to: browsers begin with small
 * pictures.
 */
function cellSize(videos: readonly Source[], sides: number): { width: number; height: number } {
  const bound = sides === 1 ? mostAlone : most;
  const even = (length: number): number => Math.max(16, Math.ceil(length / 2) * 2);
  const width = Math.max(1, ...videos.map((video) => video.width));
  const height = Math.max(1, ...videos.map((video) => video.height));
  const larger = Math.max(1, Math.min(least.width / width, least.height / height));

  return { width: even(Math.min(bound.width, width * larger)), height: even(Math.min(bound.height, height * larger)) };
}

/** Enough for speech, and an hour of silence that has to be filled in at once is small. */
const audioRate = 24_000;

/**
 * Gaps are filled with silence, so that everything that was said stands at its time. `before` inputs are those of pictures. What goes before
 * a whole part is put there by a filter of its own: where the times of the first packets overlap, as in files of FreeSWITCH, `aresample`
 * begins to count anew after a long silence. Sound that strays by more than 50 ms is put right by silence or a cut, never by another pitch.
 */
function audioFilters(audios: readonly Source[], before: number, seconds: number): string[] {
  const small = `aresample=${audioRate},aformat=sample_fmts=s16:channel_layouts=mono`;
  const tracks = audios.map(
    ({ stream, offset }, index) =>
      `[${before + index}:${stream}]${once},${small},aresample=async=1:min_hard_comp=0.05:first_pts=0${delayed(offset)}[audio${index}]`,
  );
  const inputs = audios.map((_, index) => `[audio${index}]`).join('');
  const mix =
    audios.length > 1 ? `amix=inputs=${audios.length}:duration=longest:normalize=0,alimiter=limit=0.95:level=0,` : '';

  return [...tracks, `${inputs}${mix}apad,atrim=0:${seconds}[mixed]`];
}

/** What is said at a time at which something else was said already is left out. */
const once = "aselect='isnan(prev_selected_t)+gte(t,prev_selected_t+0.8*samples_n/sample_rate)'";

function delayed(seconds: number): string {
  const samples = Math.round(seconds * audioRate);

  return samples > 0 ? `,adelay=${samples}S:all=1` : '';
}

/** An expression of ffmpeg that is true while nothing may be seen or heard; undefined when that is never. */
function whileMasked(masked: readonly Span[], begin: number, seconds: number): string | undefined {
  const spans = masked
    .map(({ from, to }) => ({ from: (from - begin) / 1000, to: Math.min((to - begin) / 1000, seconds) }))
    .filter(({ from, to }) => to > from);

  return spans.length === 0 ? undefined : spans.map(({ from, to }) => `between(t,${from},${to})`).join('+');
}

/** What was shown last before would stand there all the time. */
function blackFilter(hidden: string | undefined): string {
  return hidden === undefined ? 'null' : `drawbox=w=iw:h=ih:color=black:t=fill:enable='${hidden}'`;
}

function silentFilter(hidden: string | undefined): string {
  return hidden === undefined ? 'anull' : `volume=0:enable='${hidden}'`;
}
