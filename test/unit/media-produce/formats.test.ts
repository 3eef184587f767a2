import fc from 'fast-check';
import {
  accessUnits,
  isKeyPicture,
  nalUnits,
  toByteStream,
  typeOfNal,
} from '../../../src/media/embedded/produce/annexb';
import { h264Level, pictureArguments } from '../../../src/media/embedded/produce/arguments';
import { readClip, writeClip } from '../../../src/media/embedded/produce/clip-file';
import { isVp8Key, ivfOfOne, parseIvf, vp8Size } from '../../../src/media/embedded/produce/ivf';
import { oggPackets } from '../../../src/media/embedded/produce/ogg';
import { readAudioClip, readVideoClip } from '../../../src/media/embedded/produce/read-clip';
import { ffmpeg } from './tools';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('Annex B', () => {
  it('finds units behind start codes of three and of four bytes', () => {
    const units = nalUnits(bytes(0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 0, 1, 0x65, 0x80));

    expect(units.map((unit) => [...unit])).toEqual([
      [0x67, 1, 2],
      [0x68, 3],
      [0x65, 0x80],
    ]);
    expect(units.map(typeOfNal)).toEqual([7, 8, 5]);
  });

  it('finds nothing where there is no start code', () => {
    expect(nalUnits(bytes())).toEqual([]);
    expect(nalUnits(bytes(1))).toEqual([]);
    expect(nalUnits(bytes(0, 0, 1))).toEqual([]);
    expect(nalUnits(bytes(9, 0, 1, 5))).toEqual([]);
  });

  it('reads back the units that it wrote', () => {
    // A unit ends with a byte that is not 0 and has no start code in itself: emulation prevention sees to that.
    const unit = fc
      .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 40 })
      .map((values) => Uint8Array.from(values));
    fc.assert(
      fc.property(fc.array(unit), (units) => {
        expect(nalUnits(toByteStream(units)).map((found) => [...found])).toEqual(units.map((given) => [...given]));
      }),
    );
  });

  it('puts slices of one picture together, and parameter sets to the picture behind them', () => {
    const [sps, pps, idr, idrRest] = [bytes(0x67, 1), bytes(0x68, 1), bytes(0x65, 0x88), bytes(0x65, 0x44)];
    const [slice, sliceRest] = [bytes(0x41, 0x9a), bytes(0x41, 0x22)];
    const pictures = accessUnits(toByteStream([sps, pps, idr, idrRest, slice, sliceRest, slice, sps, pps, idr]));

    expect(pictures.map((units) => units.map(typeOfNal))).toEqual([[7, 8, 5, 5], [1, 1], [1], [7, 8, 5]]);
    expect(pictures.map(isKeyPicture)).toEqual([true, false, false, true]);
  });
});

describe('IVF', () => {
  it('reads back the one frame that it wrote', () => {
    const file = parseIvf(ivfOfOne(bytes(1, 2, 3), { width: 640, height: 480 }));

    expect(file).toMatchObject({ codec: 'VP80', width: 640, height: 480, timeBase: 1 });
    expect(file.frames).toEqual([{ data: bytes(1, 2, 3), at: 0 }]);
  });

  it('leaves out a frame that was cut off, and says what is no IVF', () => {
    expect(parseIvf(ivfOfOne(bytes(1, 2, 3), { width: 2, height: 2 }).subarray(0, 46)).frames).toEqual([]);
    expect(() => parseIvf(bytes(1, 2, 3))).toThrow(RangeError);
    expect(() => parseIvf(new Uint8Array(64))).toThrow(RangeError);
  });

  it('reads what ffmpeg writes, in a time base of its own', async () => {
    const video = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=10:d=1', '-c:v', 'libvpx', '-f', 'ivf', 'pipe:1'];
    const clip = readVideoClip(await ffmpeg(video), { codec: 'vp8', width: 320, height: 240 }, 10);

    expect(clip.frames.map(({ at }) => at)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((index) => index * 9_000));
    expect(clip.duration).toBe(90_000);
    expect(vp8Size(clip.frames[0]?.data ?? bytes())).toEqual({ width: 320, height: 240 });
    expect(clip.frames.filter(({ data }) => isVp8Key(data))).toHaveLength(1);
  });

  it('tells no size of what is no key frame', () => {
    expect(vp8Size(bytes())).toBeUndefined();
    expect(vp8Size(bytes(1, 0, 0, 0x9d, 1, 0x2a, 64, 0, 48, 0))).toBeUndefined();
    expect(vp8Size(bytes(0, 0, 0, 0, 1, 0x2a, 64, 0, 48, 0))).toBeUndefined();
  });
});

describe('Ogg', () => {
  it('reads packets that span segments and pages', () => {
    const page = (lacing: number[], body: number[]): number[] => [
      ...[...'OggS'].map((letter) => letter.charCodeAt(0)),
      ...new Array<number>(22).fill(0),
      lacing.length,
      ...lacing,
      ...body,
    ];
    const fill = (value: number, count: number): number[] => new Array<number>(count).fill(value);
    const file = [...page([2, 255, 3, 255], [7, 7, ...fill(8, 258), ...fill(9, 255)]), ...page([0, 1], [6])];

    expect(oggPackets(Uint8Array.from(file)).map((packet) => [packet[0], packet.length])).toEqual([
      [7, 2],
      [8, 258],
      [9, 255],
      [6, 1],
    ]);
  });

  it('leaves out what was cut off, and says what is no Ogg', () => {
    expect(oggPackets(bytes())).toEqual([]);
    expect(() => oggPackets(new Uint8Array(40))).toThrow(RangeError);
  });
});

describe('what ffmpeg is told', () => {
  it.each([
    [176, 144, 5, '1.0'],
    [320, 240, 5, '1.1'],
    [320, 240, 15, '1.2'],
    [352, 288, 30, '1.3'],
    [640, 480, 5, '2.2'],
    [640, 480, 15, '2.2'],
    [640, 480, 30, '3.0'],
    [1280, 720, 15, '3.1'],
    [1920, 1080, 15, '4.0'],
  ])('%ix%i at %i pictures a second is level %s', (width, height, rate, level) => {
    expect(h264Level(width, height, rate)).toBe(level);
  });

  it('reads no addresses of the network', () => {
    const args = pictureArguments({ codec: 'vp8', width: 640, height: 480 });

    expect(args[args.indexOf('-protocol_whitelist') + 1]).toBe('file,pipe');
  });
});

describe('a clip on disk', () => {
  const clips = [
    {
      codec: 'h264' as const,
      width: 640,
      height: 480,
      duration: 36_000,
      frames: [
        { data: bytes(0, 0, 0, 1, 0x65), at: 0, key: true },
        { data: bytes(0, 0, 0, 1, 0x41), at: 18_000, key: false },
      ],
    },
    { codec: 'pcm' as const, samples: Int16Array.from([1, -2, 32_767, -32_768]) },
    { codec: 'opus' as const, packets: [bytes(1, 2), bytes(), bytes(3)] },
  ];

  it.each(clips)('is read back as it was written: $codec', (clip) => {
    expect(readClip(writeClip(clip))).toEqual(clip);
  });

  it('is refused when one bit has changed, or the end is missing', () => {
    const file = writeClip(clips[0] as (typeof clips)[number]);
    for (let at = 0; at < file.length; at++) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      expect(readClip(damaged)).toBeUndefined();
      expect(readClip(file.subarray(0, at))).toBeUndefined();
    }
  });
});

describe('sound', () => {
  it('is cut into packets of 20 ms, and nothing is no sound', () => {
    expect(readAudioClip(new Uint8Array(330), 'g722')).toMatchObject({ packets: [{ length: 160 }, { length: 160 }] });
    expect(readAudioClip(Buffer.from([1, 0, 255, 255, 9]), 'pcm')).toEqual({
      codec: 'pcm',
      samples: Int16Array.from([1, -1]),
    });
    for (const codec of ['pcm', 'g722', 'opus'] as const) {
      expect(() => readAudioClip(new Uint8Array(0), codec)).toThrow(RangeError);
    }
  });
});
