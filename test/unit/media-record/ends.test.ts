import { spawn, type ChildProcess } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { buildSync } from 'esbuild';
import { recoverPart } from '../../../src/media/inspect';
import type { RecordedPart } from '../../../src/media/port';
import { compose } from '../../../src/media/rendition';
import { ffmpeg, probe, scratch } from '../media-produce/tools';
import { audioPackets, encodedVideo, streamOf, tone, videoPackets } from './streams';

// ffmpeg does the work: on a machine that is busy it takes its time.
jest.setTimeout(60_000);

/** Ends of a recording that nobody asked for, seen from outside of the process that writes it. */

const folder = scratch();
const child = folder.at('child.js');
const packetFile = folder.at('packets.json');
const running = new Set<ChildProcess>();

beforeAll(async () => {
  const source = path.join(__dirname, 'recorder-child.ts');
  buildSync({
    entryPoints: [source],
    outfile: child,
    bundle: true,
    platform: 'node',
    external: ['pino'],
    logLevel: 'error',
  });
  const streams = [
    { side: 0, kind: 'audio', packets: audioPackets(tone('pcmu', 440, 3), 160, streamOf(0, 1)) },
    { side: 0, kind: 'video', packets: videoPackets('vp8', await encodedVideo('vp8', 3), streamOf(96, 2)) },
    { side: 1, kind: 'audio', packets: audioPackets(tone('pcma', 1_000, 3), 160, streamOf(8, 3)) },
    { side: 1, kind: 'video', packets: videoPackets('h264', await encodedVideo('h264', 3), streamOf(97, 4)) },
  ];
  const listed = streams
    .flatMap(({ side, kind, packets }) =>
      packets.map(({ at, packet }) => ({ at, side, kind, packet: packet.toString('base64') })),
    )
    .sort((a, b) => a.at - b.at);
  writeFileSync(packetFile, JSON.stringify(listed));
});

afterEach(() => {
  for (const each of running) each.kill('SIGKILL');
});

afterAll(() => folder.remove());

/** Starts the recorder; `onLine` is called for each line that it writes. Resolves with all lines when it has ended. */
function recorder(
  base: string,
  onLine: (line: string, process: ChildProcess) => void,
  wrapper: string[] = [],
): Promise<string[]> {
  return new Promise((resolve) => {
    const [program = process.execPath, ...args] = [...wrapper, process.execPath, child, base, packetFile, '3'];
    const started = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    running.add(started);
    const lines: string[] = [];
    createInterface({ input: started.stdout }).on('line', (line) => {
      lines.push(line);
      onLine(line, started);
    });
    started.on('close', () => {
      running.delete(started);
      resolve(lines);
    });
  });
}

/** Decodes everything: rejects when ffmpeg has something to say about it. Seconds of the shortest track. */
async function playsFor(file: string): Promise<number> {
  expect((await ffmpeg(['-i', file, '-map', '0', '-f', 'null', '-'])).length).toBe(0);
  const { packets } = (await probe(file, '-show_packets', '-show_entries', 'packet=pts_time,stream_index')) as {
    packets: { pts_time: string; stream_index: number }[];
  };
  const ends = [0, 1, 2, 3].map((stream) =>
    Math.max(
      0,
      ...packets.filter(({ stream_index }) => stream_index === stream).map(({ pts_time }) => Number(pts_time)),
    ),
  );

  return Math.min(...ends);
}

describe('a process that is killed while it records', () => {
  it('leaves a file that plays up to the last second, with its length, and becomes a film', async () => {
    const base = folder.at('killed');
    const lines = await recorder(base, (line, process) => line === '7' && process.kill('SIGKILL'));
    const part = (await recoverPart(`${base}.mkv`)) as RecordedPart;
    const length = await playsFor(part.file);

    expect(lines).toContain('7');
    // What is gathered for a cluster, a second at the most, goes with the process.
    expect(length).toBeGreaterThan(5);
    expect(part.startedAt).toBe(1_700_000_000_000);
    expect(Math.abs(part.duration / 1000 - length)).toBeLessThan(1.1);
    expect(part.tracks.map(({ codec, side }) => `${side} ${codec}`)).toEqual(['0 pcmu', '0 vp8', '1 pcma', '1 h264']);
    const film = folder.at('killed.mp4');
    await compose([part], film);
    const { format } = (await probe(film, '-show_format')) as { format: { duration: string } };
    expect(Math.abs(Number(format.duration) - part.duration / 1000)).toBeLessThan(0.2);
  });
});

describe('a disk that becomes full', () => {
  it('ends the recording and nothing else; what was written plays', async () => {
    const base = folder.at('full');
    const most = 700_000;
    const lines = await recorder(base, () => undefined, ['prlimit', `--fsize=${most}`, '--']);
    const { failure, parts } = JSON.parse(lines.at(-1) ?? '{}') as { failure: string; parts: RecordedPart[] };

    expect(failure).toMatch(/the disk is full/);
    expect(parts).toHaveLength(1);
    const part = parts[0] as RecordedPart;
    expect(statSync(part.file).size).toBeLessThanOrEqual(most);
    const length = await playsFor(part.file);
    expect(length).toBeGreaterThan(1);
    expect(Math.abs(part.duration / 1000 - length)).toBeLessThan(1.1);
    expect((await recoverPart(part.file))?.tracks).toEqual(part.tracks);
  });
});
