import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ServerMessage } from '../../../src/ivr/messages';
import { renderPage } from '../../../src/ivr/paging';
import { DEFAULT_COLOURS } from '../../../src/ivr/picture/colours';
import { Painter, type Painting } from '../../../src/ivr/picture/painter';
import { pngOf } from '../../../src/ivr/picture/png';
import { pagingOf, type Size } from '../../../src/ivr/picture/sizes';
import { pushMessage, queueMessage } from '../../../src/ivr/views';
import { silentLogger } from '../../../src/lib/logger';
import { ffmpeg } from '../../support/ffmpeg';
import { readPicture } from '../../support/ocr';
import { item, page } from './menus';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sightline-pictures-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const painter = new Painter(silentLogger);
const painting = (size: Size, locale = 'en'): Painting => ({
  size,
  locale,
  colours: DEFAULT_COLOURS,
  fileOf: () => undefined,
});

async function read(message: ServerMessage, { size, locale }: Painting, languages = 'eng'): Promise<string> {
  const file = path.join(folder, `${message.type}-${locale}-${size.width}.png`);
  await writeFile(file, await painter.paint(message, painting(size, locale)));

  return readPicture(file, languages);
}

const leave = { type: 'end', reason: 'done' } as const;
const menu = page('start', {
  title: { en: 'How can we help?', de: 'Wie können wir helfen?' },
  items: [
    item('1', 'Trains and platforms', leave),
    item('2', 'Lost property', leave),
    { ...item('0', 'Talk to a person', leave), label: { en: 'Talk to a person', de: 'Mit einem Menschen sprechen' } },
  ],
});
const sizes: Size[] = [
  { width: 320, height: 240 },
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
];

describe('painted pictures', () => {
  test.each(sizes)('a menu can be read at %o', async (size) => {
    const text = await read(
      renderPage(menu, { locale: 'en', part: 0, back: true, paging: pagingOf(size) }),
      painting(size),
    );
    for (const words of ['How can we help?', 'Trains and platforms', 'Lost property', 'Talk to a person', 'Back']) {
      expect(text).toContain(words);
    }
  });

  test('a German menu can be read at 320x240', async () => {
    const size = { width: 320, height: 240 };
    const message = renderPage(menu, { locale: 'de', part: 0, back: true, paging: 'video-small' });
    const text = await read(message, painting(size, 'de'), 'deu');
    expect(text).toContain('Wie können wir helfen?');
    expect(text).toMatch(/Mit einem Menschen/);
  });

  test.each(sizes)('the place in the queue can be read at %o', async (size) => {
    const facts = {
      label: { en: 'Station help' },
      position: 2,
      waiting: 5,
      estimate: [130, 290],
      actions: ['home'],
    } as const;
    const text = await read(queueMessage(facts, 'en'), painting(size));
    expect(text).toContain('Station help');
    expect(text).toContain('Place 2 of 5');
    expect(text).toContain('about 2 to 5 minutes');
  });

  test('has the size that was asked for', async () => {
    for (const size of sizes) {
      const png = await painter.paint({ type: 'end', reason: 'done' }, painting(size));
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([size.width, size.height]);
    }
  });

  test('has the pixels that were drawn', async () => {
    const pixels = Buffer.from([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 10, 20, 30, 255]);
    const png = await pngOf(pixels, 2, 2);
    const raw = await ffmpeg(['-f', 'png_pipe', '-i', '-', '-f', 'rawvideo', '-pix_fmt', 'rgba', '-'], png);
    expect([...raw]).toEqual([...pixels]);
  });

  test('text that would break XML is drawn as it is', async () => {
    const message: ServerMessage = { type: 'text', from: '<script>&"\'', text: 'a\u0000b \ud800 ]]> &amp; \u{1f600}' };
    const png = await painter.paint(message, painting({ width: 640, height: 480 }));
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });
});

describe('the painter', () => {
  const size = { width: 320, height: 240 };

  test('draws the same once, also when it is asked for twice at the same time', async () => {
    const message: ServerMessage = { type: 'end', reason: 'kept' };
    const [first, second] = await Promise.all([
      painter.paint(message, painting(size)),
      painter.paint(message, painting(size)),
    ]);
    expect(second).toBe(first);
    expect(await painter.paint(message, painting(size))).toBe(first);
    expect(await painter.paint(message, painting({ width: 640, height: 480 }))).not.toBe(first);
  });

  test('draws images and the logo of the site, and pages without an image that is missing', async () => {
    const file = path.join(folder, 'map.svg');
    await writeFile(
      file,
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="9" fill="red"/></svg>',
    );
    const message = renderPage(page('map', { image: 'https://example.org/map.svg' }), {
      locale: 'en',
      part: 0,
      back: false,
    });
    const without = await painter.paint(message, painting(size));
    const missing = await painter.paint(message, { ...painting(size), fileOf: () => path.join(folder, 'none.png') });
    const whole = await painter.paint(message, { ...painting(size), fileOf: () => file });
    const withLogo = await painter.paint(message, { ...painting(size), logo: file });
    expect(missing.equals(without)).toBe(true);
    expect(whole.equals(without)).toBe(false);
    expect(withLogo.equals(without)).toBe(false);
  });

  test('refuses a push of a picture that the site does not have, or that is none', async () => {
    const push = pushMessage({ ref: 'a', kind: 'image', url: 'https://example.org/map.png' });
    await expect(painter.paint(push, painting(size))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    const file = path.join(folder, 'map.txt');
    await writeFile(file, 'text');
    await expect(painter.paint(push, { ...painting(size), fileOf: () => file })).rejects.toMatchObject({
      code: 'BAD_REQUEST',
    });
  });

  test('tells of fonts that are missing; here are all', () => {
    expect(Painter.missingFonts()).toEqual([]);
  });
});
