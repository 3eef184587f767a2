import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Probed } from './take-in';

/** Codec names of ffmpeg in the words of the media engines. */
const codecs: Record<string, string> = { pcm_mulaw: 'pcmu', pcm_alaw: 'pcma', adpcm_g722: 'g722' };

/**
 * Reads what a media file holds by ffprobe, packet by packet: one that was cut off tells its length nowhere else.
 * @throws Error when ffprobe is missing, or can read nothing of the file.
 */
export async function probeFile(file: string): Promise<Probed> {
  const entries = 'packet=stream_index,pts_time,duration_time:stream=index,codec_type,codec_name';
  const args = ['-v', 'error', '-of', 'compact=p=1:nk=0', '-show_entries', entries, file];
  const child = spawn('ffprobe', args, { stdio: ['ignore', 'pipe', 'ignore'] });
  const gone = once(child, 'close');
  const seen = { end: 0, tracks: [] as Probed['tracks'] };
  for await (const line of createInterface({ input: child.stdout })) read(line, seen);
  await gone;
  if (seen.tracks.length === 0) throw new Error(`ffprobe finds nothing in it (exit code ${child.exitCode})`);

  return { duration: Math.round(seen.end * 1000), tracks: seen.tracks };
}

function read(line: string, seen: { end: number; tracks: Probed['tracks'] }): void {
  const [kind, ...pairs] = line.split('|');
  const fields = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
  const number = (name: string): number => Number(fields.get(name)) || 0;
  const type = fields.get('codec_type');
  const codec = fields.get('codec_name') ?? 'unknown';
  if (kind === 'packet') seen.end = Math.max(seen.end, number('pts_time') + number('duration_time'));
  else if (type === 'audio' || type === 'video') seen.tracks.push({ kind: type, codec: codecs[codec] ?? codec });
}
