import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A folder of its own for one test file, and how to take it away. */
export function scratch(): { dir: string; at: (name: string) => string; remove: () => void } {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sightline-produce-'));

  return { dir, at: (name) => path.join(dir, name), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** ffmpeg with these arguments, its output; input on standard input. */
export function ffmpeg(args: readonly string[], input?: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn('ffmpeg', ['-hide_banner', '-v', 'error', '-y', ...args]);
    const output: Buffer[] = [];
    let words = '';
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve(Buffer.concat(output)) : reject(new Error(words))));
  });
}

/** A picture of four coloured quarters: red, green, blue, white. */
export const quarters =
  'color=red:s=320x240:d=1[a];color=lime:s=320x240:d=1[b];color=blue:s=320x240:d=1[c];color=white:s=320x240:d=1[d];' +
  '[a][b]hstack[t];[c][d]hstack[u];[t][u]vstack';

export function quartersPng(): Promise<Buffer> {
  return ffmpeg(['-filter_complex', quarters, '-frames:v', '1', '-c:v', 'png', '-f', 'image2pipe', 'pipe:1']);
}

/** Frames of a file or of bytes in the given format, as RGB of this size. */
export async function pixels(
  source: { format: string; bytes: Uint8Array } | { file: string },
  width: number,
  height: number,
): Promise<Buffer[]> {
  const from = 'file' in source ? ['-i', source.file] : ['-f', source.format, '-i', 'pipe:0'];
  const scale = ['-vf', `scale=${width}:${height}`, '-fps_mode', 'passthrough'];
  const output = await ffmpeg(
    [...from, ...scale, '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'],
    'file' in source ? undefined : source.bytes,
  );
  const size = width * height * 3;

  return Array.from({ length: output.length / size }, (_, index) => output.subarray(index * size, (index + 1) * size));
}

/** The colour at a point, as three values from 0 to 255. */
export function colourAt(frame: Buffer, width: number, x: number, y: number): number[] {
  const at = (y * width + x) * 3;

  return [...frame.subarray(at, at + 3)];
}

/** Mean difference of two pictures, from 0 to 255. */
export function difference(a: Buffer, b: Buffer): number {
  expect(a).toHaveLength(b.length);
  let sum = 0;
  for (let at = 0; at < a.length; at++) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));

  return sum / a.length;
}

export async function probe(file: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-of', 'json', ...args, file]);

  return JSON.parse(stdout) as Record<string, unknown>;
}
