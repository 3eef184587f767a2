import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inspect, recoverPart } from '../../../src/media/inspect';
import type { RecordedPart } from '../../../src/media/port';
import { compose } from '../../../src/media/rendition';
import { renditionPlan } from '../../../src/media/rendition-plan';
import { colourAt, ffmpeg, pixels, probe, scratch } from '../media-produce/tools';
import { h264, onlyPart, openRig, pcma, pcmu, vp8 } from './rig';
import { audioPackets, encodedVideo, streamOf, tone, videoPackets } from './streams';

// ffmpeg does the work: on a machine that is busy it takes its time.
jest.setTimeout(60_000);

const folder = scratch();
const begin = 1_700_000_000_000;
let names = 0;
let blue: Buffer;
let red: Buffer;

const solid = (colour: string): string => `,drawbox=color=${colour}:t=fill`;
const target = (): string => folder.at(`out-${names++}.mp4`);

beforeAll(async () => {
  blue = await encodedVideo('vp8', 3, '320x240', solid('blue'));
  red = await encodedVideo('h264', 3, '320x240', solid('red'));
});

afterAll(() => folder.remove());

interface Presence {
  sound?: number;
  picture?: number;
}

/** A part that lasts from `at`; a side's sound and picture begin so many milliseconds after it. */
async function recorded(at: number, first: Presence, second: Presence): Promise<RecordedPart> {
  const rig = await openRig(
    [
      { audio: pcmu, video: vp8 },
      { audio: pcma, video: h264 },
    ],
    { base: folder.at(`part-${names++}`), startedAt: begin + at },
  );
  const streams: Parameters<typeof rig.play> = [];
  const add = (from: number | undefined, stream: (typeof streams)[number]): void => {
    if (from !== undefined) streams.push({ ...stream, from });
  };
  add(first.sound, { side: 0, kind: 'audio', packets: audioPackets(tone('pcmu', 400, 3), 160, streamOf(0, 1)) });
  add(first.picture, { side: 0, kind: 'video', packets: videoPackets('vp8', blue, streamOf(96, 2)) });
  add(second.sound, { side: 1, kind: 'audio', packets: audioPackets(tone('pcma', 1_000, 3), 160, streamOf(8, 3)) });
  add(second.picture, { side: 1, kind: 'video', packets: videoPackets('h264', red, streamOf(97, 4)) });
  rig.play(...streams);

  return onlyPart(rig.writer);
}

interface Film {
  width: number;
  height: number;
  /** Colours of the middle of a cell (column) at a time in seconds, each value 0, 1 or 2. */
  colour: (column: number, seconds: number) => number[];
}

async function film(file: string, columns: number): Promise<Film> {
  const { streams } = (await probe(file, '-show_streams', '-select_streams', 'v')) as {
    streams: { width: number; height: number }[];
  };
  const { width, height } = streams[0] as { width: number; height: number };
  const frames = await pixels({ file }, width, height);
  const colour = (column: number, seconds: number): number[] => {
    const frame = frames[Math.round(seconds * 25)] as Buffer;

    return colourAt(frame, width, Math.round(((column + 0.5) * width) / columns), height / 2).map((value) =>
      Math.round(value / 128),
    );
  };

  return { width, height, colour };
}

const black = [0, 0, 0];
const isBlue = [0, 0, 2];
const isRed = [2, 0, 0];

/** Strength of a tone in a stretch of the sound, about 1 for a full one (Goertzel). */
async function strength(file: string, hertz: number, from: number, to: number): Promise<number> {
  const bytes = await ffmpeg(['-i', file, '-map', '0:a', '-ac', '1', '-ar', '8000', '-f', 's16le', 'pipe:1']);
  const samples = new Int16Array(new Uint8Array(bytes).buffer).subarray(from * 8_000, to * 8_000);
  let [real, imaginary] = [0, 0];
  samples.forEach((value, at) => {
    real += value * Math.cos((2 * Math.PI * hertz * at) / 8_000);
    imaginary += value * Math.sin((2 * Math.PI * hertz * at) / 8_000);
  });

  return (2 * Math.hypot(real, imaginary)) / samples.length / 12_000;
}

describe('a rendition', () => {
  it('shows both sides beside each other and mixes their sound, all at its time', async () => {
    const part = await recorded(0, { sound: 0, picture: 0 }, { sound: 1_000, picture: 1_500 });
    const file = target();
    const progress: number[] = [];
    expect(await compose([part], file, { onProgress: (done) => progress.push(done) })).toEqual({ skipped: [] });
    const { streams, format } = (await probe(file, '-show_streams', '-show_format')) as {
      streams: { codec_name: string; pix_fmt?: string }[];
      format: { duration: string; format_name: string };
    };
    const { width, height, colour } = await film(file, 2);

    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['h264', 'aac']);
    expect(streams[0]?.pix_fmt).toBe('yuv420p');
    expect(format.format_name).toContain('mp4');
    expect(Math.abs(Number(format.duration) - 4.5)).toBeLessThan(0.1);
    expect([width, height]).toEqual([1280, 480]);
    expect([colour(0, 0.2), colour(1, 0.2)]).toEqual([isBlue, black]);
    expect([colour(0, 1.4), colour(1, 1.4)]).toEqual([isBlue, black]);
    expect([colour(0, 1.6), colour(1, 1.6)]).toEqual([isBlue, isRed]);
    expect(colour(1, 4.3)).toEqual(isRed);
    expect(await strength(file, 400, 0.2, 2.8)).toBeGreaterThan(0.8);
    expect(await strength(file, 1_000, 0.2, 0.9)).toBeLessThan(0.05);
    expect(await strength(file, 1_000, 1.2, 3.8)).toBeGreaterThan(0.8);
    expect(await strength(file, 400, 3.2, 4)).toBeLessThan(0.05);
    expect(progress.at(-1)).toBe(1);
    expect(Math.max(...progress)).toBeLessThanOrEqual(1);
    // The index stands before the media, so that a browser begins at once.
    const bytes = readFileSync(file);
    expect(bytes.indexOf('moov')).toBeLessThan(bytes.indexOf('mdat'));
    expect(readdirSync(folder.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('is black and silent while the recording was masked, whatever the files hold', async () => {
    const part = await recorded(0, { sound: 0, picture: 0 }, { sound: 0, picture: 0 });
    const file = target();
    await compose([part], file, {
      masked: [
        { from: begin + 500, to: begin + 1_000 },
        { from: begin + 2_000, to: Infinity },
      ],
    });
    const { colour } = await film(file, 2);

    for (const seconds of [0.6, 0.9, 2.1, 2.8]) {
      expect([colour(0, seconds), colour(1, seconds)]).toEqual([black, black]);
    }
    for (const seconds of [0.3, 1.2, 1.8]) expect([colour(0, seconds), colour(1, seconds)]).toEqual([isBlue, isRed]);
    expect(await strength(file, 400, 0.1, 0.4)).toBeGreaterThan(0.8);
    expect(await strength(file, 400, 0.6, 0.9)).toBeLessThan(0.05);
    expect(await strength(file, 1_000, 1.1, 1.9)).toBeGreaterThan(0.8);
    expect(await strength(file, 1_000, 2.1, 2.9)).toBeLessThan(0.05);
  });

  it('puts parts one after another at their times, with what is between them left empty', async () => {
    const parts = [
      await recorded(5_000, {}, { sound: 0, picture: 0 }),
      await recorded(0, { sound: 0, picture: 0 }, {}),
    ];
    const file = target();
    await compose(parts, file);
    const { colour } = await film(file, 2);

    expect([colour(0, 1), colour(1, 1)]).toEqual([isBlue, black]);
    expect([colour(0, 4), colour(1, 4)]).toEqual([black, black]);
    expect([colour(0, 6), colour(1, 6)]).toEqual([black, isRed]);
    expect(await strength(file, 400, 0.2, 2.8)).toBeGreaterThan(0.8);
    expect(await strength(file, 1_000, 5.2, 7.8)).toBeGreaterThan(0.8);
    expect(await strength(file, 1_000, 3.2, 4.8)).toBeLessThan(0.02);
  });

  it('has the sound of a part at its time whose first packets overlap, as FreeSWITCH writes them', async () => {
    const sound = folder.at(`overlaps-${names++}.mkv`);
    const early = "setts=ts='if(lt(N,6),300+N*3,300+N*23.22)'";
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=400:r=44100:d=2', '-c:a', 'aac', '-bsf:a', early, sound]);
    const part = (at: number): RecordedPart => ({
      ...{ file: sound, startedAt: begin + at, duration: 2_300 },
      tracks: [{ kind: 'audio', codec: 'aac', side: 0 }],
    });
    const file = target();
    await compose([part(0), part(6_000)], file);
    const heard = [];
    // In moments: where times are mended the phase jumps.
    for (const from of [1, 4, 7.5]) heard.push((await strength(file, 400, from, from + 0.02)) > 0.1);
    expect(heard).toEqual([true, false, true]);
  });

  it('of one side fills the picture, and of sound alone is a film without picture', async () => {
    const alone = target();
    await compose([await recorded(0, { picture: 0 }, {})], alone);
    const heard = target();
    await compose([await recorded(0, { sound: 0 }, { sound: 0 })], heard);

    expect(await film(alone, 1)).toMatchObject({ width: 640, height: 480 });
    expect((await inspect(alone))?.streams.map(({ codec }) => codec)).toEqual(['h264']);
    expect((await inspect(heard))?.streams.map(({ codec }) => codec)).toEqual(['aac']);
    expect(await strength(heard, 400, 0.2, 2.8)).toBeGreaterThan(0.8);
    expect(await strength(heard, 1_000, 0.2, 2.8)).toBeGreaterThan(0.8);
  });

  it.each(['vp8', 'h264'] as const)('goes on where a peer changes the size of its picture: %s', async (codec) => {
    const rig = await openRig([{ audio: pcmu }, { video: codec === 'vp8' ? vp8 : h264 }], {
      base: folder.at(`part-${names++}`),
    });
    const sizes = ['320x240', '160x120', '240x320', '640x360'];
    const colours = ['red', 'lime', 'blue', 'white'];
    const streams = await Promise.all(
      sizes.map(async (size, index) => {
        const stream = {
          ...streamOf(codec === 'vp8' ? 96 : 97, 4),
          sequence: index * 1_000,
          timestamp: index * 90_000,
        };
        const encoded = await encodedVideo(codec, 1, size, solid(colours[index] ?? ''));

        return { side: 1, kind: 'video' as const, packets: videoPackets(codec, encoded, stream), from: index * 1_000 };
      }),
    );
    rig.play({ side: 0, kind: 'audio', packets: audioPackets(tone('pcmu', 400, 4), 160, streamOf(0, 1)) }, ...streams);
    const file = target();
    await compose([await onlyPart(rig.writer)], file);
    const { format } = (await probe(file, '-show_format')) as { format: { duration: string } };
    const { colour } = await film(file, 1);

    expect(Math.abs(Number(format.duration) - 4)).toBeLessThan(0.1);
    expect([0.5, 1.5, 2.5, 3.5].map((seconds) => colour(0, seconds))).toEqual([isRed, [0, 2, 0], isBlue, [2, 2, 2]]);
    expect(await strength(file, 400, 0.2, 3.8)).toBeGreaterThan(0.8);
  });

  it('takes files of other engines, where both sides are mixed', async () => {
    const file = folder.at('mixed.mp4');
    const sources = ['-f', 'lavfi', '-i', 'color=lime:s=640x480:d=2', '-f', 'lavfi', '-i', 'sine=f=400:d=2'];
    await ffmpeg([...sources, '-pix_fmt', 'yuv420p', '-shortest', file]);
    const tracks = [
      { kind: 'video' as const, codec: 'h264', side: undefined },
      { kind: 'audio' as const, codec: 'aac', side: undefined },
    ];
    const out = target();
    await compose([{ file, startedAt: begin, duration: 2_000, tracks }], out);

    expect((await film(out, 1)).colour(0, 1)).toEqual([0, 2, 0]);
    expect(await inspect(out)).toMatchObject({ streams: [{ width: 640, height: 480 }, { kind: 'audio' }] });
  });

  it('is made of a file that was cut off in the middle, as far as it goes', async () => {
    const whole = await recorded(0, { sound: 0, picture: 0 }, { sound: 0, picture: 0 });
    const cut = folder.at('cut.mkv');
    const bytes = readFileSync(whole.file);
    writeFileSync(cut, bytes.subarray(0, Math.round(bytes.length * 0.6)));
    const part = (await recoverPart(cut)) as RecordedPart;
    const out = target();
    await compose([part], out);
    const { colour } = await film(out, 2);

    expect(part).toMatchObject({ startedAt: begin, tracks: whole.tracks });
    expect([colour(0, 0.5), colour(1, 0.5)]).toEqual([isBlue, isRed]);
  });
});

describe('a rendition that cannot be made', () => {
  let part: RecordedPart;

  beforeAll(async () => {
    part = await recorded(0, { sound: 0, picture: 0 }, { sound: 0, picture: 0 });
  });

  const program = (name: string, script: string): string => {
    const file = folder.at(name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);

    return file;
  };
  const missing = (): RecordedPart => ({ ...part, file: folder.at('missing.mkv') });

  it('for want of parts is told; parts that are missing beside others are left out', async () => {
    const noise = folder.at('noise.mkv');
    writeFileSync(noise, 'no film');
    const out = target();

    await expect(compose([missing(), { ...part, file: noise }], out)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(compose([], out)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(existsSync(out)).toBe(false);
    expect(await compose([missing(), part], out)).toEqual({ skipped: [missing().file] });
    expect(await recoverPart(noise)).toBeUndefined();
    expect(await recoverPart(missing().file)).toBeUndefined();
  });

  it('leaves what was there before, and nothing else', async () => {
    const out = target();
    writeFileSync(out, 'before');
    const stop = new AbortController();
    const run = compose([part], out, { ffmpeg: program('sleeper', 'exec sleep 60'), signal: stop.signal });
    stop.abort();
    const late = compose([part], out, { ffmpeg: program('sleeper', 'exec sleep 60'), timeLimit: 20 });
    const killed = compose([part], out, { ffmpeg: program('killed', 'kill -9 $$') });
    const failed = compose([part], out, { ffmpeg: program('failed', 'echo "No way to do it" >&2; exit 1') });

    const ends = await Promise.allSettled([run, late, killed, failed]);

    expect(
      ends.map((end) => (end.status === 'rejected' ? (end.reason as { code: string; message: string }) : end)),
    ).toMatchObject([
      { code: 'MEDIA_GONE' },
      { code: 'MEDIA_UNAVAILABLE', message: expect.stringContaining('longer') as string },
      { code: 'MEDIA_UNAVAILABLE', message: expect.stringContaining('SIGKILL') as string },
      { code: 'MEDIA_UNAVAILABLE', message: expect.stringContaining('No way') as string },
    ]);
    expect(readFileSync(out, 'utf8')).toBe('before');
    expect(readdirSync(folder.dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('for want of the programs or of room is told in words for the operator', async () => {
    const away = folder.at('away');
    const full = program('full', 'shift $(($# - 1)); ln -sf /dev/full "${1#file:}"; exec cat /dev/zero > /dev/full');

    await expect(compose([part], target(), { ffmpeg: away })).rejects.toMatchObject({ code: 'MEDIA_UNAVAILABLE' });
    await expect(compose([part], target(), { ffprobe: away })).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: expect.stringContaining('apt-get install ffmpeg') as string,
    });
    await expect(compose([part], target(), { ffmpeg: full })).rejects.toMatchObject({ code: 'STORAGE_FULL' });
    await expect(compose([part], path.join(folder.dir, 'none', 'x.mp4'))).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
    });
  });
});

describe('the plan of a rendition', () => {
  it('has a place for each of four sides, and bounds what is large', () => {
    const tracks = [0, 1, 2, 3].map((side) => ({ kind: 'video' as const, codec: 'vp8', side }));
    const streams = tracks.map(() => ({ kind: 'video' as const, codec: 'vp8', width: 1920, height: 1080 }));
    const plan = renditionPlan([
      { part: { file: '/a.mkv', startedAt: 5, duration: 1_000, tracks }, found: { duration: 900, streams } },
    ]);
    const filters = plan?.args[(plan?.args.indexOf('-filter_complex') ?? 0) + 1] ?? '';

    expect(plan?.duration).toBe(1_000);
    expect(filters).toContain('color=black:size=1920x1440');
    expect([...filters.matchAll(/overlay=(\d+:\d+)/g)].map(([, place]) => place)).toEqual([
      '0:0',
      '960:0',
      '0:720',
      '960:720',
    ]);
  });

  it('gives each stream an input of its own, so that none is held in memory while another is silent', () => {
    const tracks = [0, 1].flatMap((side) => [
      { kind: 'audio' as const, codec: 'pcmu', side },
      { kind: 'video' as const, codec: 'vp8', side },
    ]);
    const streams = tracks.map(({ kind, codec }) => ({ kind, codec, width: 640, height: 480 }));
    const part = { file: '/a.mkv', startedAt: 5, duration: 1_000, tracks };
    const args = renditionPlan([{ part, found: { duration: 900, streams } }])?.args ?? [];
    const filters = args[args.indexOf('-filter_complex') + 1] ?? '';

    expect(args.filter((arg) => arg === 'file:/a.mkv')).toHaveLength(4);
    expect([...filters.matchAll(/\[(\d:[av]:\d)\]/g)].map(([, stream]) => stream)).toEqual([
      '0:v:0',
      '1:v:1',
      '2:a:0',
      '3:a:1',
    ]);
  });

  it('is none where nothing is', () => {
    expect(renditionPlan([])).toBeUndefined();
    const part = { file: '/a.mkv', startedAt: 5, duration: 1_000, tracks: [] };
    expect(renditionPlan([{ part, found: { duration: 900, streams: [] } }])).toBeUndefined();
  });
});
