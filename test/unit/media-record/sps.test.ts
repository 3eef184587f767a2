import { spsSize } from '../../../src/media/embedded/record/sps';
import { nalUnits, typeOfNal } from '../../../src/media/embedded/produce/annexb';
import { ffmpeg } from '../media-produce/tools';

// ffmpeg does the work: on a machine that is busy it takes its time.
jest.setTimeout(60_000);

async function parameterSet(size: string, ...encoder: string[]): Promise<Uint8Array> {
  const source = ['-f', 'lavfi', '-i', `testsrc2=s=${size}:d=0.1`, '-frames:v', '1'];
  const stream = await ffmpeg([...source, '-c:v', 'libx264', ...encoder, '-f', 'h264', 'pipe:1']);

  return nalUnits(stream).find((unit) => typeOfNal(unit) === 7) ?? new Uint8Array(0);
}

describe('the size of the picture in a parameter set', () => {
  it.each([
    ['320x240', ['-pix_fmt', 'yuv420p', '-profile:v', 'baseline']],
    ['640x360', ['-pix_fmt', 'yuv420p', '-profile:v', 'baseline']],
    ['1920x1080', ['-pix_fmt', 'yuv420p', '-profile:v', 'high']],
    ['1280x720', ['-pix_fmt', 'yuv420p', '-profile:v', 'main']],
    ['1920x1080', ['-pix_fmt', 'yuv420p', '-flags', '+ildct+ilme']],
    ['322x242', ['-pix_fmt', 'yuv444p']],
    ['322x242', ['-pix_fmt', 'yuv422p']],
    ['322x242', ['-pix_fmt', 'yuv420p', '-x264-params', 'cqm=jvt']],
    ['176x144', ['-pix_fmt', 'yuv420p', '-x264-params', 'sar=12/11:fullrange=on']],
  ])('%s with %j', async (size, encoder) => {
    const [width, height] = size.split('x').map(Number);

    expect(spsSize(await parameterSet(size, ...encoder))).toEqual({ width, height });
  });

  it('is not read from what is cut off or is none', async () => {
    const whole = await parameterSet('320x240', '-pix_fmt', 'yuv420p');

    expect(spsSize(whole.subarray(0, 5))).toBeUndefined();
    expect(spsSize(new Uint8Array(0))).toBeUndefined();
    expect(spsSize(new Uint8Array(40))).toBeUndefined();
    expect(() => spsSize(new Uint8Array(40).fill(255))).not.toThrow();
  });
});
