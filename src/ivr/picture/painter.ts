import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { renderAsync } from '@resvg/resvg-js';
import { SightlineError } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import type { ServerMessage } from '../messages';
import type { Colours } from './colours';
import { FONT_FAMILIES, FONT_FILES } from './fonts';
import { imagesOf, layOut } from './layout';
import { pngOf } from './png';
import { type LoadedImage, svgOf } from './scene';
import type { Size } from './sizes';

export interface Painting {
  readonly size: Size;
  readonly locale: string;
  readonly colours: Colours;
  /** Absolute path of the site's logo. */
  readonly logo?: string | undefined;
  /** The file that an address in a message stands for; undefined for what the site does not have. */
  fileOf(address: string): string | undefined;
}

/** Larger files are no pictures for a screen. */
const MOST_IMAGE_BYTES = 4 * 1024 * 1024;
/** Pictures that are kept: some 20 kB each. */
const MOST_KEPT = 300;
const HAN = /[^\u0000-\u04ff\u2000-\u206f]/u;

const imageTypes: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.svg': 'image/svg+xml',
};

/** Draws messages as PNGs, outside of the event loop. What was drawn is kept; whoever wants the same waits for the one drawing. */
export class Painter {
  private readonly kept = new Map<string, Promise<Buffer>>();

  constructor(private readonly log: Logger) {}

  /** Fonts that are missing; without them the texts of their scripts are not drawn. */
  static missingFonts(): string[] {
    return Object.values(FONT_FILES).filter((file) => !existsSync(file));
  }

  /** The PNG of a message. @throws SightlineError MEDIA_UNAVAILABLE when it cannot be drawn; BAD_REQUEST for a push of a picture that is not there. */
  async paint(message: ServerMessage, painting: Painting): Promise<Buffer> {
    const images = await this.load(message, painting);
    if (message.type === 'push' && message.kind === 'image' && !images.has(message.url ?? '')) {
      throw new SightlineError('BAD_REQUEST', `The picture ${message.url ?? ''} is not one of the site's`);
    }
    const scene = layOut(message, { ...painting, images: new Set(images.keys()) });
    const svg = svgOf(scene, FONT_FAMILIES, images);
    const key = createHash('sha256').update(`${painting.size.width} ${svg}`).digest('base64');
    const kept = this.kept.get(key);
    if (kept) return kept;
    const png = render(svg, painting.size);
    this.keep(key, png);

    return png;
  }

  private keep(key: string, png: Promise<Buffer>): void {
    this.kept.set(key, png);
    png.catch(() => this.kept.delete(key));
    const [oldest] = this.kept.keys();
    if (this.kept.size > MOST_KEPT && oldest !== undefined) this.kept.delete(oldest);
  }

  private async load(message: ServerMessage, painting: Painting): Promise<Map<string, LoadedImage>> {
    const wanted = imagesOf(message).map((address) => [address, painting.fileOf(address)] as const);
    const images = new Map<string, LoadedImage>();
    for (const [name, file] of [...wanted, ['logo', painting.logo] as const]) {
      const href = file === undefined ? undefined : await this.dataOf(file);
      if (href !== undefined) images.set(name, { href });
    }

    return images;
  }

  /** The file as a data URL; undefined, and told in the log, when it is no picture that can be drawn. */
  private async dataOf(file: string): Promise<string | undefined> {
    const type = imageTypes[path.extname(file).toLowerCase()];
    try {
      if (type === undefined) throw new Error('it is neither PNG, JPEG, GIF nor SVG');
      const { size } = await stat(file);
      if (size > MOST_IMAGE_BYTES) throw new Error(`it has ${size} bytes`);

      return `data:${type};base64,${(await readFile(file)).toString('base64')}`;
    } catch (error) {
      this.log.warn({ file, reason: (error as Error).message }, 'a picture of the site cannot be drawn');

      return undefined;
    }
  }
}

async function render(svg: string, { width }: Size): Promise<Buffer> {
  const { regular, bold, han } = FONT_FILES;
  const fontFiles = [regular, bold, ...(HAN.test(svg) ? [han] : [])].filter((file) => existsSync(file));
  try {
    const font = { loadSystemFonts: false, fontFiles, defaultFontFamily: 'DejaVu Sans' };
    const image = await renderAsync(svg, { font, fitTo: { mode: 'width', value: width }, logLevel: 'off' });

    return await pngOf(image.pixels, image.width, image.height);
  } catch (cause) {
    throw new SightlineError('MEDIA_UNAVAILABLE', 'A picture could not be drawn', { cause });
  }
}
