import { chmodSync, existsSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { silentLogger } from '../../../src/lib/logger';
import type { AudioClip, VideoClip } from '../../../src/media/embedded/clip';
import { nalUnits, typeOfNal } from '../../../src/media/embedded/produce/annexb';
import { Producer, type ProducerOptions, type VideoTarget } from '../../../src/media/embedded/produce';
import { vp8Size } from '../../../src/media/embedded/produce/ivf';
import { colourAt, difference, ffmpeg, pixels, quartersPng, scratch } from './tools';

// ffmpeg does the work: on a machine that is busy it takes its time.
jest.setTimeout(60_000);

const folder = scratch();
const open: Producer[] = [];
let folders = 0;
let png: Buffer;

function producer(options: Partial<ProducerOptions> = {}): Producer {
  const made = new Producer({ cacheDir: folder.at(`cache-${folders++}`), log: silentLogger, ...options });
  open.push(made);

  return made;
}

/** A program that stands in for ffmpeg where its failure is the subject: a shell script. */
function program(name: string, script: string): string {
  const file = folder.at(name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);

  return file;
}

/** The real ffmpeg, with a line in a file for each run. */
function counted(name: string): { ffmpeg: string; runs: () => number } {
  const log = folder.at(`${name}.log`);
  const ffmpegPath = program(name, `echo run >> '${log}'; exec ffmpeg "$@"`);

  return {
    ffmpeg: ffmpegPath,
    runs: () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0),
  };
}

async function decoded(clip: VideoClip): Promise<Buffer[]> {
  if (clip.codec === 'h264') {
    const bytes = Buffer.concat(clip.frames.map(({ data }) => data));

    return pixels({ format: 'h264', bytes }, clip.width, clip.height);
  }
  const header = Buffer.alloc(32);
  header.write('DKIF\0\0\x20\0VP80', 'latin1');
  header.writeUInt16LE(clip.width, 12);
  header.writeUInt16LE(clip.height, 14);
  header.writeUInt32LE(90_000, 16);
  header.writeUInt32LE(1, 20);
  const frames = clip.frames.map(({ data, at }) => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(data.length, 0);
    head.writeUInt32LE(at, 4);

    return Buffer.concat([head, data]);
  });

  return pixels({ format: 'ivf', bytes: Buffer.concat([header, ...frames]) }, clip.width, clip.height);
}

const vga = { width: 640, height: 480 };

beforeAll(async () => {
  png = await quartersPng();
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

afterAll(() => folder.remove());

describe('a picture', () => {
  it.each(['vp8', 'h264'] as const)('becomes a clip of %s that shows it from the first frame on', async (codec) => {
    const clip = await producer().picture(png, { codec, ...vga });
    const shown = await decoded(clip);
    const [given] = await pixels({ format: 'png_pipe', bytes: png }, 640, 480);

    expect(clip).toMatchObject({ codec, ...vga, duration: 180_000 });
    expect(clip.frames.map(({ key }) => key)).toEqual([true, ...new Array<boolean>(9).fill(false)]);
    expect(clip.frames.map(({ at }) => at)).toEqual(clip.frames.map((_, index) => index * 18_000));
    expect(shown).toHaveLength(10);
    for (const frame of shown) expect(difference(frame, given as Buffer)).toBeLessThan(4);
    expect(clip.frames.slice(1).reduce((sum, { data }) => sum + data.length, 0)).toBeLessThan(4_000);
  });

  it('is fitted in whole, with black beside it', async () => {
    for (const codec of ['vp8', 'h264'] as const) {
      const [frame] = await decoded(await producer().picture(png, { codec, width: 1280, height: 480 }));
      const at = (x: number, y: number): number[] =>
        colourAt(frame as Buffer, 1280, x, y).map((value) => Math.round(value / 128));

      expect(at(100, 240)).toEqual([0, 0, 0]);
      expect(at(480, 120)).toEqual([2, 0, 0]);
      expect(at(800, 120)).toEqual([0, 2, 0]);
      expect(at(480, 360)).toEqual([0, 0, 2]);
      expect(at(800, 360)).toEqual([2, 2, 2]);
      expect(at(1200, 240)).toEqual([0, 0, 0]);
    }
  });

  it('is constrained baseline H.264 whose parameter sets stand before the key frame, at the level of its size', async () => {
    const clip = await producer().picture(png, { codec: 'h264', ...vga });
    const units = nalUnits(clip.frames[0]?.data ?? new Uint8Array(0)).filter((unit) => typeOfNal(unit) !== 6);

    expect(units.map(typeOfNal)).toEqual([7, 8, 5]);
    expect([...(units[0] ?? [])].slice(1, 4)).toEqual([0x42, 0xc0, 22]);
    for (const { data } of clip.frames.slice(1)) expect(nalUnits(data).map(typeOfNal)).toEqual([1]);
  });

  it.each(['vp8', 'h264'] as const)('gives a key frame of %s that becomes a PNG again', async (codec) => {
    const made = producer();
    const clip = await made.picture(png, { codec, ...vga });
    const again = await made.still(clip.frames[0]?.data ?? new Uint8Array(0), codec);
    const [before] = await pixels({ format: 'png_pipe', bytes: png }, 640, 480);
    const [after] = await pixels({ format: 'png_pipe', bytes: again }, 640, 480);

    expect(difference(after as Buffer, before as Buffer)).toBeLessThan(4);
  });

  it('may be of odd sizes: the clip is of even ones', async () => {
    for (const codec of ['vp8', 'h264'] as const) {
      const clip = await producer().picture(png, { codec, width: 321, height: 241 });

      expect(clip).toMatchObject({ width: 320, height: 240 });
      if (codec === 'vp8')
        expect(vp8Size(clip.frames[0]?.data ?? new Uint8Array(0))).toEqual({ width: 320, height: 240 });
    }
  });

  it('that is none is told', async () => {
    const made = producer();

    await expect(made.picture(Buffer.from('no picture'), { codec: 'vp8', ...vga })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    await expect(made.picture(Buffer.alloc(0), { codec: 'h264', ...vga })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
    await expect(made.still(Buffer.from([1, 2, 3]), 'vp8')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(made.still(Buffer.from([0, 0, 1, 0x65, 9]), 'h264')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(made.picture(png, { codec: 'vp8', width: 99_999, height: 10 })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  });
});

describe('a file', () => {
  const video = folder.at('video.mp4');
  const tone = folder.at('tone.wav');

  beforeAll(async () => {
    const sources = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=3', '-f', 'lavfi', '-i', 'sine=f=440:d=3'];
    await ffmpeg([...sources, '-c:v', 'libx264', '-c:a', 'aac', '-shortest', video]);
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=f=1000:r=44100:d=1.51', '-filter:a', 'volume=8', tone]);
  });

  it.each(['vp8', 'h264'] as const)(
    'of video becomes a clip of %s with a key frame every two seconds',
    async (codec) => {
      const target: VideoTarget = { codec, width: 320, height: 240 };
      const clip = await producer().video(video, target);
      const keys = clip.frames.flatMap(({ key }, index) => (key ? [index] : []));
      const shown = await decoded(clip);
      const given = await pixels({ file: video }, 320, 180);

      expect(clip.frames).toHaveLength(45);
      expect(keys).toEqual([0, 30]);
      expect(clip.duration).toBe(270_000);
      // The picture of 320x180 stands in the middle of 320x240; picture 30 at 15 a second is picture 50 at 25 a second.
      const middle = shown[30]?.subarray(320 * 30 * 3, 320 * 210 * 3) as Buffer;
      expect(difference(middle, given[50] as Buffer)).toBeLessThan(12);
      expect(difference(middle, given[0] as Buffer)).toBeGreaterThan(15);
    },
  );

  it('of sound becomes samples at 8 kHz that hold the same tone', async () => {
    const { samples } = (await producer().audio(tone, 'pcm')) as AudioClip & { codec: 'pcm' };
    const crossings = samples.reduce(
      (sum, value, at) => sum + (at > 0 && value >= 0 !== (samples[at - 1] ?? 0) >= 0 ? 1 : 0),
      0,
    );

    expect(samples.length).toBe(1.51 * 8_000);
    expect(Math.abs(crossings / 2 / 1.51 - 1_000)).toBeLessThan(3);
    expect(Math.max(...samples)).toBeGreaterThan(8_000);
  });

  it.each([
    ['g722', 76],
    ['opus', 76],
  ] as const)('of sound becomes packets of 20 ms of %s', async (codec, count) => {
    const { packets } = (await producer().audio(tone, codec)) as { packets: readonly Uint8Array[] };

    expect(packets).toHaveLength(count);
    if (codec === 'g722') expect(new Set(packets.map(({ length }) => length))).toEqual(new Set([160]));
    // RFC 6716 section 3.1: the two lowest bits 0 are one frame; configurations with 20 ms.
    else expect(packets.every((packet) => ((packet[0] ?? 1) & 3) === 0)).toBe(true);
  });

  it('that is missing, or is none, is told', async () => {
    const made = producer();
    const text = folder.at('text.wav');
    writeFileSync(text, 'no sound');

    await expect(made.audio(folder.at('none.wav'), 'pcm')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(made.audio(folder.dir, 'pcm')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(made.audio(text, 'pcm')).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(made.video(tone, { codec: 'vp8', ...vga })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    await expect(made.video(folder.at('none.mp4'), { codec: 'vp8', ...vga })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });

  it('that leads elsewhere is not followed', async () => {
    const list = folder.at('list.m3u8');
    writeFileSync(list, '#EXTM3U\n#EXTINF:3,\nhttp://192.0.2.1/a.ts\n#EXT-X-ENDLIST\n');

    await expect(producer().video(list, { codec: 'vp8', ...vga })).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });
});

describe('what was made', () => {
  const target: VideoTarget = { codec: 'vp8', ...vga };

  it('is made once for all who ask at the same time and later, and again for another size', async () => {
    const { ffmpeg: path, runs } = counted('once');
    const made = producer({ ffmpeg: path });
    const clips = await Promise.all(Array.from({ length: 5 }, () => made.picture(Buffer.from(png), target)));

    expect(new Set(clips).size).toBe(1);
    expect(await made.picture(png, target)).toBe(clips[0]);
    expect(runs()).toBe(1);
    await made.picture(png, { ...target, width: 320, height: 240 });
    expect(runs()).toBe(2);
  });

  it('is found on disk by the next process, and made again when it is damaged there', async () => {
    const { ffmpeg: path, runs } = counted('disk');
    const cacheDir = folder.at('kept');
    const first = producer({ ffmpeg: path, cacheDir });
    const clip = await first.picture(png, target);
    await first.close();
    const [name] = readdirSync(cacheDir);
    const second = producer({ ffmpeg: path, cacheDir });

    expect(readdirSync(cacheDir)).toHaveLength(1);
    expect((await second.picture(png, target)).frames[0]).toEqual({
      ...clip.frames[0],
      data: new Uint8Array(clip.frames[0]?.data ?? []),
    });
    expect(runs()).toBe(1);

    const file = `${cacheDir}/${name}`;
    writeFileSync(file, readFileSync(file).subarray(0, 500));
    const third = producer({ ffmpeg: path, cacheDir });
    expect((await third.picture(png, target)).frames).toHaveLength(10);
    expect(runs()).toBe(2);
    await third.close();
    expect(readFileSync(file).length).toBeGreaterThan(500);
  });

  it('is bounded on disk, and nothing temporary is left', async () => {
    const cacheDir = folder.at('bounded');
    const made = producer({ cacheDir, mostDisk: 30_000 });
    for (let size = 160; size <= 400; size += 16) await made.picture(png, { codec: 'h264', width: size, height: size });
    await made.close();
    const files = readdirSync(cacheDir);
    const total = files.reduce((sum, file) => sum + readFileSync(`${cacheDir}/${file}`).length, 0);

    expect(files.length).toBeGreaterThan(1);
    expect(total).toBeLessThanOrEqual(30_000);
    expect(files.every((file) => file.endsWith('.clip'))).toBe(true);
  });

  it('is given also where nothing can be kept', async () => {
    const inTheWay = folder.at('in-the-way');
    writeFileSync(inTheWay, '');
    const made = producer({ cacheDir: inTheWay });

    expect((await made.picture(png, target)).frames).toHaveLength(10);
  });
});

describe('ffmpeg', () => {
  const target: VideoTarget = { codec: 'vp8', ...vga };

  it('that is missing is told in words for the operator', async () => {
    const made = producer({ ffmpeg: folder.at('missing') });

    await expect(made.picture(png, target)).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: expect.stringMatching(/missing cannot be started \(ENOENT\).*apt-get install ffmpeg/) as string,
    });
  });

  it('that is killed, or takes too long, is told; the next run goes on', async () => {
    const killed = producer({ ffmpeg: program('killed', 'kill -9 $$') });
    const slow = producer({ ffmpeg: program('slow', 'exec sleep 60'), limits: { quick: 50, long: 50 } });

    await expect(killed.picture(png, target)).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: expect.stringContaining('SIGKILL') as string,
    });
    await expect(slow.picture(png, target)).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
      message: expect.stringContaining('0.05 s') as string,
    });
    await expect(slow.still(Buffer.from([0, 0, 1, 0x65, 9]), 'h264')).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
    });
  });

  it('runs no more often at once than it may', async () => {
    const log = folder.at('bounds.log');
    const path = program('bounds', `echo + >> '${log}'; ffmpeg "$@"; r=$?; echo - >> '${log}'; exit $r`);
    const made = producer({ ffmpeg: path, atOnce: { quick: 2, long: 1 } });
    await Promise.all([100, 120, 140, 160, 180, 200].map((width) => made.picture(png, { ...target, width })));
    const running = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .reduce<number[]>((counts, sign) => [...counts, (counts.at(-1) ?? 0) + (sign === '+' ? 1 : -1)], []);

    expect(Math.max(...running)).toBe(2);
    expect(running).toHaveLength(12);
  });

  it('makes what somebody waits for before what is made ahead, of which it keeps one place free', async () => {
    const log = folder.at('ahead.log');
    const gate = folder.at('gate');
    // Each run names the width that it makes, and waits until the gate is there.
    const path = program(
      'ahead',
      `for word; do case "$word" in scale=*) w=\${word#scale=}; echo "\${w%%:*}" >> '${log}';; esac; done
       while [ ! -e '${gate}' ]; do sleep 0.02; done; exec ffmpeg "$@"`,
    );
    const made = producer({ ffmpeg: path, atOnce: { quick: 2, long: 1 } });
    const order: number[] = [];
    const make = (width: number, ahead: boolean): Promise<unknown> =>
      made.picture(png, { ...target, width }, { ahead }).then(() => order.push(width));
    // Each looks on the disk first, which takes one longer than the other: the first is alone until it runs.
    const ahead = [make(100, true)];
    await appears(log);
    ahead.push(...[120, 140, 160].map((width) => make(width, true)));
    const wanted = [make(200, false), make(160, false), make(220, false)];
    await until(log, () => readFileSync(log, 'utf8').trim().split('\n').length === 2);
    writeFileSync(gate, '');
    await Promise.all([...ahead, ...wanted]);
    const started = readFileSync(log, 'utf8').trim().split('\n').map(Number);

    expect([started[0], ...started.slice(1, 4).sort(), ...started.slice(4).sort()]).toEqual([
      100, 160, 200, 220, 120, 140,
    ]);
    expect(order).toHaveLength(7);
  });

  it('is killed at the close, those who wait are told, and closing twice is harmless', async () => {
    const pidFile = folder.at('pid');
    const path = program('pid.sh', `echo $$ > '${pidFile}.new'; mv '${pidFile}.new' '${pidFile}'; exec sleep 60`);
    const made = producer({ ffmpeg: path, atOnce: { quick: 1, long: 1 } });
    const runs = [100, 200].map((width) => made.picture(png, { ...target, width }));
    const ends = Promise.allSettled(runs);
    await appears(pidFile);
    await Promise.all([made.close(), made.close()]);

    expect(await ends).toMatchObject([{ reason: { code: 'MEDIA_GONE' } }, { reason: { code: 'MEDIA_GONE' } }]);
    expect(() => process.kill(Number(readFileSync(pidFile, 'utf8')), 0)).toThrow('ESRCH');
    await expect(made.picture(png, target)).rejects.toMatchObject({ code: 'MEDIA_GONE' });
    await expect(made.still(Buffer.from([0]), 'h264')).rejects.toMatchObject({ code: 'MEDIA_GONE' });
  });
});

/** Resolves when the file is there. */
function appears(file: string): Promise<void> {
  return until(folder.dir, () => existsSync(file));
}

/** Resolves when it is so; looked at whenever something in the folder, or the file, has changed. */
function until(place: string, isSo: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!isSo()) return;
      watcher.close();
      resolve();
    };
    const watcher = watch(place, look);
    look();
  });
}
