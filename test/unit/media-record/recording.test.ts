import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { silentLogger } from '../../../src/lib/logger';
import { accessUnits, nalUnits, toByteStream, typeOfNal } from '../../../src/media/embedded/produce/annexb';
import { makeRtp, packetizeH264 } from '../../../src/media/embedded/rtp';
import { Producer } from '../../../src/media/embedded/produce';
import type { RecordedSide, RecordingOptions } from '../../../src/media/embedded/record';
import type { MediaKind } from '../../../src/media/port';
import { difference, ffmpeg, pixels, probe, scratch } from '../media-produce/tools';
import { h264, onlyPart, openRig, pcma, pcmu, vp8, type Rig } from './rig';
import { audioPackets, encodedVideo, streamOf, tone, videoPackets, type Sent } from './streams';

// ffmpeg does the work: on a machine that is busy it takes its time.
jest.setTimeout(60_000);

const folder = scratch();
let names = 0;

const record = (sides: RecordedSide[], options: Partial<RecordingOptions> = {}): Promise<Rig> =>
  openRig(sides, { base: folder.at(`recording-${names++}`), ...options });
const video: Record<'vp8' | 'h264', Buffer> = { vp8: Buffer.alloc(0), h264: Buffer.alloc(0) };

beforeAll(async () => {
  video.vp8 = await encodedVideo('vp8', 3);
  video.h264 = await encodedVideo('h264', 3);
});

afterAll(() => folder.remove());

interface ProbedStream {
  index: number;
  codec_name: string;
  codec_type: string;
  width?: number;
  height?: number;
  sample_rate?: string;
  tags?: Record<string, string>;
}

async function streamsOf(file: string): Promise<ProbedStream[]> {
  return (await probe(file, '-show_streams'))['streams'] as ProbedStream[];
}

/** Times in seconds of the packets of one stream of a file. */
async function timesOf(file: string, stream: number): Promise<number[]> {
  const { packets } = (await probe(
    file,
    '-show_packets',
    '-select_streams',
    String(stream),
    '-show_entries',
    'packet=pts_time',
  )) as {
    packets: { pts_time: string }[];
  };

  return packets.map(({ pts_time }) => Number(pts_time));
}

/** Decoded samples of the n-th sound of a file, at 8 kHz. */
async function samplesOf(file: string, audio: number): Promise<Int16Array> {
  const args = ['-i', file, '-map', `0:a:${audio}`, '-ac', '1', '-ar', '8000', '-f', 's16le', 'pipe:1'];
  const bytes = await ffmpeg(args);

  return new Int16Array(new Uint8Array(bytes).buffer);
}

function pitch(samples: Int16Array): number {
  const crossings = samples.reduce(
    (sum, value, at) => sum + (at > 0 && value >= 0 !== (samples[at - 1] ?? 0) >= 0 ? 1 : 0),
    0,
  );

  return ((crossings / 2) * 8_000) / samples.length;
}

async function expectSamePictures(file: string, stream: string, encoded: Buffer, format: string): Promise<void> {
  const single = folder.at(`single-${names++}.mkv`);
  await ffmpeg(['-i', file, '-map', stream, '-c', 'copy', single]);
  const [kept, given] = await Promise.all([
    pixels({ file: single }, 320, 240),
    pixels({ format, bytes: encoded }, 320, 240),
  ]);
  expect(kept).toHaveLength(given.length);
  given.forEach((frame, index) => expect(kept[index]?.equals(frame)).toBe(true));
}

const sides = (): Parameters<Rig['play']> => [
  { side: 0, kind: 'audio', packets: audioPackets(tone('pcmu', 440, 3), 160, streamOf(0, 1)) },
  { side: 0, kind: 'video', packets: videoPackets('vp8', video.vp8, streamOf(96, 2)) },
  { side: 1, kind: 'audio', packets: audioPackets(tone('pcma', 1_000, 3), 160, streamOf(8, 3)) },
  { side: 1, kind: 'video', packets: videoPackets('h264', video.h264, streamOf(97, 4)) },
];

describe('a recording of two people', () => {
  it('keeps both sounds and both pictures as they came', async () => {
    const { writer, play, clock, failures } = await record([
      { audio: pcmu, video: vp8 },
      { audio: pcma, video: h264 },
    ]);
    const startedAt = clock.now();
    play(...sides());
    clock.advance(50);
    const part = await onlyPart(writer);

    expect(part).toMatchObject({ startedAt, file: expect.stringMatching(/\.mkv$/) as string });
    expect(part.tracks).toEqual([
      { kind: 'audio', codec: 'pcmu', side: 0 },
      { kind: 'video', codec: 'vp8', side: 0 },
      { kind: 'audio', codec: 'pcma', side: 1 },
      { kind: 'video', codec: 'h264', side: 1 },
    ]);
    expect(failures).toEqual([]);
    expect(Math.abs(part.duration - 3_000)).toBeLessThan(100);
    const streams = await streamsOf(part.file);
    expect(streams.map(({ codec_name }) => codec_name)).toEqual(['pcm_mulaw', 'vp8', 'pcm_alaw', 'h264']);
    expect(streams[1]).toMatchObject({ width: 320, height: 240, tags: { title: '0.video' } });
    expect(streams[3]).toMatchObject({ width: 320, height: 240, tags: { title: '1.video' } });
    const { format } = (await probe(part.file, '-show_format')) as { format: { duration: string } };
    expect(Number(format.duration) * 1000).toBeCloseTo(part.duration, -1);
    await expectSamePictures(part.file, '0:1', video.vp8, 'ivf');
    await expectSamePictures(part.file, '0:3', video.h264, 'h264');
    expect(await timesOf(part.file, 1)).toEqual(Array.from({ length: 60 }, (_, index) => index / 20));
    for (const [track, hertz] of [
      [0, 440],
      [1, 1_000],
    ] as const) {
      const samples = await samplesOf(part.file, track);
      expect(samples).toHaveLength(24_000);
      expect(Math.abs(pitch(samples) - hertz)).toBeLessThan(3);
    }
  });

  it('is found by seeking', async () => {
    const { writer, play } = await record([
      { audio: pcmu, video: vp8 },
      { audio: pcma, video: h264 },
    ]);
    play(...sides());
    const part = await onlyPart(writer);
    const at = await ffmpeg([
      '-ss',
      '2',
      '-i',
      part.file,
      '-map',
      '0:1',
      '-frames:v',
      '1',
      '-f',
      'rawvideo',
      '-pix_fmt',
      'rgb24',
      'pipe:1',
    ]);
    const given = await pixels({ format: 'ivf', bytes: video.vp8 }, 320, 240);

    expect(difference(at, given[40] as Buffer)).toBeLessThan(1);
  });

  it('is the same when packets cross, come twice and come late', async () => {
    const { writer, play } = await record([{ audio: pcmu, video: vp8 }, { video: h264 }]);
    const mixed = (packets: Sent[]): Sent[] =>
      packets.flatMap(({ at, packet }, index) => {
        const late = { at: index > 0 ? at + (index % 4) * 15 : at, packet };

        return index % 5 === 0 ? [late, { ...late, at: late.at + 30 }] : [late];
      });
    const [sound, first, , second] = sides();
    for (const each of [sound, first, second]) if (each) each.packets = mixed([...each.packets]);
    play(sound as never, first as never, second as never);
    const part = await onlyPart(writer);

    await expectSamePictures(part.file, '0:v:0', video.vp8, 'ivf');
    await expectSamePictures(part.file, '0:v:1', video.h264, 'h264');
    expect(await samplesOf(part.file, 0)).toHaveLength(24_000);
  });

  it('has a gap where packets were lost, and asks for a key frame', async () => {
    const { writer, play, keysWanted } = await record([{ audio: pcmu, video: vp8 }]);
    const [sound, pictures] = sides();
    for (const each of [sound, pictures])
      if (each) each.packets = each.packets.filter(({ at }) => at < 1_000 || at >= 1_500);
    play(sound as never, pictures as never);
    const part = await onlyPart(writer);

    for (const stream of [0, 1]) {
      const times = await timesOf(part.file, stream);
      expect(times.filter((time) => time >= 1 && time < 1.5)).toEqual([]);
      expect(Math.max(...times)).toBeGreaterThan(2.9);
    }
    expect(keysWanted).toEqual([0]);
  });
});

describe('a track', () => {
  it('of video begins with a key frame, which is asked for, and stands at its time in the file', async () => {
    const { writer, play, keysWanted } = await record([{ audio: pcmu, video: h264 }]);
    const [sound, , , pictures] = sides();
    // Joined in the middle: the first key frame is picture 20, and all begins a second and a half after the start.
    const joined = (pictures?.packets ?? []).filter(({ at }) => at >= 300);
    play(sound as never, { side: 0, kind: 'video', packets: joined, from: 1_500 });
    const part = await onlyPart(writer);
    const times = await timesOf(part.file, 1);

    expect(keysWanted[0]).toBe(0);
    expect(times[0]).toBe(2.5);
    expect(times).toHaveLength(40);
    expect((await timesOf(part.file, 0))[0]).toBe(0);
    expect((await pixels({ file: part.file }, 320, 240)).length).toBeGreaterThan(0);
  });

  it('that never comes is not in the file; where nothing comes there is no file', async () => {
    const first = await record([{ audio: pcmu, video: vp8 }, { audio: pcma }]);
    first.play(sides()[0] as never);
    expect((await onlyPart(first.writer)).tracks).toEqual([{ kind: 'audio', codec: 'pcmu', side: 0 }]);

    const base = folder.at('nothing');
    const second = await record([{ audio: pcmu, video: vp8 }], { base });
    expect(existsSync(`${base}.mkv`)).toBe(true);
    expect(await second.writer.stop()).toEqual([]);
    expect(existsSync(`${base}.mkv`)).toBe(false);
  });

  it.each([
    ['g722', 9, 160, 'adpcm_g722', '16000'],
    ['opus', 111, 960, 'opus', '48000'],
  ] as const)('of %s is kept as it came', async (codec, payloadType, ticks, name, rate) => {
    const wav = folder.at('tone.wav');
    await ffmpeg(['-f', 'lavfi', '-i', 'sine=f=440:r=48000:d=2', wav]);
    const producer = new Producer({ cacheDir: folder.at('cache'), log: silentLogger });
    const clip = await producer.audio(wav, codec);
    await producer.close();
    const packets = 'packets' in clip ? clip.packets : [];
    const { writer, play } = await record([{ audio: { codec, payloadType } }]);
    play({ side: 0, kind: 'audio', packets: audioPackets(packets, ticks, streamOf(payloadType, 1)) });
    const part = await onlyPart(writer);
    const samples = await samplesOf(part.file, 0);

    expect((await streamsOf(part.file))[0]).toMatchObject({ codec_name: name, sample_rate: rate });
    expect(Math.abs(samples.length - 16_000)).toBeLessThan(400);
    expect(Math.abs(pitch(samples.subarray(4_000, 12_000)) - 440)).toBeLessThan(5);
  });

  it('holds nothing of other payload types, of noise, and of codecs that cannot be kept', async () => {
    const { writer, play } = await record([{ audio: pcmu, video: { codec: 'h265', payloadType: 99 } }]);
    const packets = audioPackets(tone('pcmu', 440, 1), 160, streamOf(0, 1));
    const keys = audioPackets(tone('pcmu', 440, 1), 160, streamOf(101, 1));
    play(
      { side: 0, kind: 'audio', packets: keys },
      { side: 0, kind: 'video', packets: audioPackets([new Uint8Array(9)], 1, streamOf(99, 5)) },
    );
    for (const noise of [Buffer.alloc(0), Buffer.alloc(12), Buffer.alloc(40, 0xff), Buffer.from([0x80, 0])])
      writer.rtp(0, 'audio', noise, 0);
    writer.rtp(7, 'audio', Buffer.alloc(40), 0);
    play({ side: 0, kind: 'audio', packets, from: 1_000 });
    const part = await onlyPart(writer);

    expect(part.tracks).toEqual([{ kind: 'audio', codec: 'pcmu', side: 0 }]);
    expect(await timesOf(part.file, 0)).toHaveLength(50);
  });

  it('is followed by another one when the peer changes its codec', async () => {
    const { writer, play } = await record([{ audio: pcmu, video: vp8 }]);
    const [sound, first, , second] = sides();
    play(sound as never, first as never);
    writer.describe(0, { audio: pcmu, video: h264 });
    play({ ...(second as { side: number; kind: MediaKind; packets: Sent[] }), side: 0, from: 3_000 });
    const part = await onlyPart(writer);

    expect(part.tracks.map(({ codec, side }) => `${side} ${codec}`)).toEqual(['0 pcmu', '0 vp8', '0 h264']);
    expect((await timesOf(part.file, 2))[0]).toBe(3);
    await expectSamePictures(part.file, '0:2', video.h264, 'h264');
  });

  it.each(['alone', 'together'])(
    'of H.264 begins also where its parameter sets come once, %s, as if a picture',
    async (how) => {
      const { writer, play } = await record([{ video: h264 }]);
      const pictures = accessUnits(video.h264).map((units) =>
        units.filter((unit) => ![6, 7, 8].includes(typeOfNal(unit))),
      );
      const sets = nalUnits(video.h264).filter((unit) => [7, 8].includes(typeOfNal(unit)));
      const [sps, pps] = sets.slice(0, 2).map((unit) => Buffer.from(unit));
      const size = (unit?: Buffer): Buffer => Buffer.from([0, unit?.length ?? 0]);
      const first =
        how === 'alone'
          ? [sps, pps]
          : [Buffer.concat([Buffer.from([24]), size(sps), sps ?? [], size(pps), pps ?? []] as Buffer[])];
      let sequence = 0;
      const packet = (payload: Uint8Array, at: number, marker: boolean): Sent => ({
        at,
        packet: makeRtp({ payloadType: 97, ssrc: 4, sequence: sequence++, timestamp: at * 90, marker }, payload),
      });
      const packets = [
        ...first.map((set) => packet(set as Buffer, 0, true)),
        ...pictures.flatMap((units, index) => {
          const payloads = packetizeH264(toByteStream(units), 1_100, 1);

          return payloads.map((payload, part) => packet(payload, index * 50, part === payloads.length - 1));
        }),
      ];
      play({ side: 0, kind: 'video', packets });
      const part = await onlyPart(writer);

      expect((await streamsOf(part.file))[0]).toMatchObject({ codec_name: 'h264', width: 320, height: 240 });
      await expectSamePictures(part.file, '0:0', video.h264, 'h264');
    },
  );

  it('is made for each of the codecs that a peer changes between as it likes', async () => {
    const { writer, play } = await record([{ audio: [pcmu, pcma, { codec: 'pcma', payloadType: 118 }] }]);
    const packets = (['pcmu', 'pcma', 'pcma'] as const).flatMap((law, index) =>
      audioPackets(tone(law, 440, 1), 160, {
        ...streamOf([0, 8, 118][index] ?? 0, 1),
        sequence: index * 50,
        timestamp: index * 8_000,
      }).map(({ at, packet }) => ({ at: at + index * 1_000, packet })),
    );
    play({ side: 0, kind: 'audio', packets });
    writer.describe(0, { audio: pcma });
    const part = await onlyPart(writer);

    expect(part.tracks).toEqual([
      { kind: 'audio', codec: 'pcmu', side: 0 },
      { kind: 'audio', codec: 'pcma', side: 0 },
    ]);
    expect(await timesOf(part.file, 0)).toEqual(Array.from({ length: 50 }, (_, index) => index / 50));
    expect(await timesOf(part.file, 1)).toEqual(Array.from({ length: 100 }, (_, index) => (50 + index) / 50));
  });

  it('goes on with a new source of the same peer at its next key frame', async () => {
    const { writer, play } = await record([{ video: vp8 }]);
    const [, first] = sides();
    const other = videoPackets('vp8', video.vp8, { ...streamOf(96, 77), timestamp: 123, sequence: 40_000 });
    play(first as never);
    play({ side: 0, kind: 'video', packets: other, from: 4_000 });
    const times = await timesOf((await onlyPart(writer)).file, 0);

    expect(times).toHaveLength(120);
    expect(times[60]).toBe(4);
  });
});

describe('a mask', () => {
  it('keeps nothing that is said or shown; time goes on, and video returns with a key frame', async () => {
    const { writer, clock, play, keysWanted } = await record([{ audio: pcmu, video: vp8 }]);
    const [sound, pictures] = sides();
    const between = (from: number, to: number): Parameters<Rig['play']> =>
      [sound, pictures].map((each) => ({
        ...(each as Parameters<Rig['play']>[0]),
        packets: (each?.packets ?? []).filter(({ at }) => at >= from && at < to),
      }));
    play(...between(0, 800));
    writer.mask(true);
    writer.mask(true);
    play(...between(800, 1_600));
    clock.advance(10);
    writer.mask(false);
    play(...between(1_600, 3_000));
    const part = await onlyPart(writer);
    const [heard, seen] = [await timesOf(part.file, 0), await timesOf(part.file, 1)];

    expect(heard.filter((time) => time >= 0.8 && time < 1.6)).toEqual([]);
    expect(Math.min(...heard.filter((time) => time > 0.8))).toBeCloseTo(1.62, 1);
    expect(seen.filter((time) => time >= 0.8 && time < 2)).toEqual([]);
    expect(seen.filter((time) => time >= 2)).toHaveLength(20);
    expect(keysWanted).toContain(0);
    expect(Math.abs(part.duration - 3_000)).toBeLessThan(60);
  });

  it('may be on from the beginning to the end', async () => {
    const { writer, play } = await record([{ audio: pcmu }]);
    writer.mask(true);
    play(sides()[0] as never);

    expect(await writer.stop()).toEqual([]);
  });
});

describe('the end', () => {
  it('gives the same twice, and what comes later is not kept', async () => {
    const { writer, play } = await record([{ audio: pcmu }]);
    play(sides()[0] as never);
    const [first, second] = await Promise.all([writer.stop(), writer.stop()]);
    const bytes = readFileSync(first?.[0]?.file ?? '');
    play({ ...(sides()[0] as Parameters<Rig['play']>[0]), from: 3_000 });
    writer.mask(true);

    expect(second).toBe(first);
    expect(readFileSync(first?.[0]?.file ?? '')).toEqual(bytes);
  });

  it('is told at the beginning when the disk is full or the folder is missing', async () => {
    symlinkSync('/dev/full', folder.at('full.mkv'));

    await expect(record([{ audio: pcmu }], { base: folder.at('full') })).rejects.toMatchObject({
      code: 'STORAGE_FULL',
    });
    await expect(record([{ audio: pcmu }], { base: folder.at('none/x') })).rejects.toMatchObject({
      code: 'MEDIA_UNAVAILABLE',
    });
  });
});
