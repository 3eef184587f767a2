import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ffmpeg } from '../support/ffmpeg';

/** Looks at films and pictures, and listens to them, by ffmpeg. */

export class Scratch {
  private constructor(private readonly dir: string) {}

  static async make(): Promise<Scratch> {
    return new Scratch(await mkdtemp(path.join(os.tmpdir(), 'sightline-scratch-')));
  }

  at(name: string): string {
    return path.join(this.dir, name);
  }

  remove(): Promise<void> {
    return rm(this.dir, { recursive: true, force: true });
  }
}

/** One picture of a film, at a time in seconds, as RGB of this size. */
export function pictureAt(file: string, seconds: number, width: number, height: number): Promise<Buffer> {
  const out = ['-frames:v', '1', '-vf', `scale=${width}:${height}`, '-pix_fmt', 'rgb24', '-f', 'rawvideo', 'pipe:1'];

  return ffmpeg(['-ss', String(Math.max(0, seconds)), '-i', file, ...out]);
}

/** How far apart the darkest and the brightest points of one half are, from 0 (one flat colour) to 255. */
export function colourSpread(picture: Buffer, width: number, height: number, side: 'left' | 'right'): number {
  let [low, high] = [255, 0];
  // Some points from the edge: pictures are fitted into their halves.
  for (let y = 8; y < height - 8; y += 4) {
    const from = side === 'left' ? 8 : width / 2 + 8;
    for (let x = from; x < from + width / 2 - 16; x += 4) {
      for (let colour = 0; colour < 3; colour++) {
        const value = picture[(y * width + x) * 3 + colour] ?? 0;
        [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
    }
  }

  return high - low;
}

/** Strength of a tone between two times in seconds, 1 for a full one: the mean of tenths of a second, since a lost packet shifts its phase. */
export async function loudness(file: string, hertz: number, from: number, to: number): Promise<number> {
  const cut = ['-ss', String(from), '-t', String(to - from), '-i', file];
  const bytes = await ffmpeg([...cut, '-map', '0:a', '-ac', '1', '-ar', '8000', '-f', 's16le', 'pipe:1']);
  const samples = new Int16Array(new Uint8Array(bytes).buffer, 0, Math.floor(bytes.length / 2));
  const pieces = Array.from({ length: Math.floor(samples.length / 800) }, (_, index) =>
    samples.subarray(800 * index, 800 * (index + 1)),
  );

  return pieces.reduce((sum, piece) => sum + toneIn(piece, hertz), 0) / pieces.length;
}

/** Goertzel, at 8 kHz. */
function toneIn(samples: Int16Array, hertz: number): number {
  let [real, imaginary] = [0, 0];
  samples.forEach((value, at) => {
    real += value * Math.cos((2 * Math.PI * hertz * at) / 8000);
    imaginary += value * Math.sin((2 * Math.PI * hertz * at) / 8000);
  });

  return (2 * Math.hypot(real, imaginary)) / samples.length / 32_768;
}
