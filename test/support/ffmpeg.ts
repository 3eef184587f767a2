import { spawn } from 'node:child_process';

/** Runs ffmpeg on what is fed to it and resolves with what it writes to its standard output. @throws Error with its last lines. */
export function ffmpeg(args: readonly string[], input: Buffer = Buffer.alloc(0)): Promise<Buffer> {
  return collect('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...args], input);
}

/** Runs a program to its end. @throws Error with what it said. */
export function collect(command: string, args: readonly string[], input: Buffer = Buffer.alloc(0)): Promise<Buffer> {
  const child = spawn(command, args, { stdio: 'pipe' });
  const out: Buffer[] = [];
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => out.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  // One that ends before it has read everything is judged by its exit code.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);

  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${command} cannot be started: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve(Buffer.concat(out));
      else reject(new Error(`${command} ${args.join(' ')} ended with ${code}: ${Buffer.concat(said).toString()}`));
    });
  });
}

export interface ProbedStream {
  codec_type: string;
  codec_name: string;
  width?: number;
  height?: number;
}

export interface Probe {
  streams: ProbedStream[];
  /** Seconds. */
  duration: number;
}

export async function probe(file: string): Promise<Probe> {
  const args = ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', file];
  const { streams, format } = JSON.parse((await collect('ffprobe', args)).toString()) as {
    streams: ProbedStream[];
    format: { duration?: string };
  };

  return { streams, duration: Number(format.duration ?? NaN) };
}
