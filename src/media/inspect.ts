import { execFile } from 'node:child_process';
import { Type, type Static } from '@sinclair/typebox';
import { SightlineError } from '../lib/errors';
import { checkOf } from '../lib/schema';
import { notStarted } from './embedded/produce/ffmpeg';
import type { MediaKind, RecordedPart } from './port';

const Stream = Type.Object({
  codec_type: Type.String(),
  codec_name: Type.Optional(Type.String()),
  width: Type.Optional(Type.Number()),
  height: Type.Optional(Type.Number()),
  tags: Type.Optional(Type.Object({ title: Type.Optional(Type.String()) })),
});
const Probed = Type.Object({
  streams: Type.Array(Stream),
  format: Type.Object({
    duration: Type.Optional(Type.String()),
    tags: Type.Optional(Type.Object({ creation_time: Type.Optional(Type.String()) })),
  }),
});

const isProbed = checkOf(Probed);

export interface MediaStream {
  kind: MediaKind;
  codec: string;
  /** Of video. */
  width?: number;
  height?: number;
  title?: string;
}

export interface MediaFile {
  /** Milliseconds; 0 where the file does not tell. */
  duration: number;
  /** Milliseconds since the epoch; undefined where the file does not tell. */
  createdAt?: number;
  /** Sound and pictures, in the order of the file. */
  streams: MediaStream[];
}

/**
 * What is in a media file; undefined when it is missing, or nothing in it can be read.
 * @throws MEDIA_UNAVAILABLE when ffprobe is missing or does not answer within 20 s.
 */
export async function inspect(file: string, ffprobe = 'ffprobe'): Promise<MediaFile | undefined> {
  const args = [
    '-v',
    'error',
    '-protocol_whitelist',
    'file',
    '-show_streams',
    '-show_format',
    '-of',
    'json',
    `file:${file}`,
  ];
  const probed = parsed(await output(ffprobe, args));
  if (!probed) return undefined;
  const createdAt = Date.parse(probed.format.tags?.creation_time ?? '');
  const streams = probed.streams.flatMap(({ codec_type: kind, codec_name: codec, width, height, tags }) =>
    codec !== undefined && (kind === 'audio' || kind === 'video')
      ? [{ kind, codec, width, height, title: tags?.title } as const]
      : [],
  );

  return {
    duration: Math.round(Number(probed.format.duration ?? 0) * 1000) || 0,
    createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
    streams,
  };
}

/**
 * A part of a recording as its file alone tells it, for recordings whose end nobody wrote down: what the embedded engine writes names the
 * sides in the file. Undefined when there is nothing in it that can be played.
 * @throws MEDIA_UNAVAILABLE as `inspect`.
 */
export async function recoverPart(file: string, ffprobe?: string): Promise<RecordedPart | undefined> {
  const found = await inspect(file, ffprobe);
  if (!found || found.streams.length === 0) return undefined;
  const tracks = found.streams.map(({ kind, codec, title }) => ({ kind, codec: portName(codec), side: sideOf(title) }));

  return { file, startedAt: found.createdAt ?? 0, duration: found.duration, tracks };
}

/** The embedded engine's title of a track: side and kind, e.g. `1.video`. */
function sideOf(title: string | undefined): number | undefined {
  const side = /^(\d+)\.(audio|video)$/.exec(title ?? '')?.[1];

  return side === undefined ? undefined : Number(side);
}

const portNames: Readonly<Record<string, string>> = { pcm_mulaw: 'pcmu', pcm_alaw: 'pcma', adpcm_g722: 'g722' };

/** ffmpeg's name of a codec as the port has it. */
function portName(codec: string): string {
  return portNames[codec] ?? codec;
}

function parsed(json: string): Static<typeof Probed> | undefined {
  try {
    const probed: unknown = JSON.parse(json);

    return isProbed(probed) ? probed : undefined;
  } catch {
    return undefined;
  }
}

/** Standard output; empty when the program could not read the file. */
function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: 20_000, killSignal: 'SIGKILL', maxBuffer: 4 * 1024 * 1024 }, (error, stdout) => {
      if (!error) return resolve(stdout);
      if (typeof error.code === 'string') return reject(notStarted(error, program));
      if (error.killed || error.signal)
        return reject(new SightlineError('MEDIA_UNAVAILABLE', `${program} was ended before it answered.`));
      resolve('');
    });
  });
}
