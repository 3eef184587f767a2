import fc from 'fast-check';
import { Resvg } from '@resvg/resvg-js';
import type { PageMessage, ServerMessage } from '../../../src/ivr/messages';
import { ITEM_KEYS, type Page } from '../../../src/ivr/model';
import { MORE_KEY, PREVIOUS_KEY, partsOf, renderPage } from '../../../src/ivr/paging';
import { DEFAULT_COLOURS } from '../../../src/ivr/picture/colours';
import { FONT_FAMILIES, FONT_FILES } from '../../../src/ivr/picture/fonts';
import { fontWidths } from '../../../src/ivr/picture/font-widths';
import { layOut } from '../../../src/ivr/picture/layout';
import { widthOf } from '../../../src/ivr/picture/metrics';
import type { Scene, Shape } from '../../../src/ivr/picture/scene';
import { pagingOf, pictureSize, SMALLEST_TEXT, type Size } from '../../../src/ivr/picture/sizes';
import { joined, linesOf, wrap } from '../../../src/ivr/picture/wrap';
import { pushMessage, queueMessage, textMessages } from '../../../src/ivr/views';
import { widthTable } from '../../../scripts/write-font-widths';
import { both, page } from './menus';

const sizes: Size[] = [
  { width: 320, height: 240 },
  { width: 352, height: 288 },
  { width: 640, height: 360 },
  { width: 640, height: 480 },
  { width: 1280, height: 720 },
];
const anySize = fc.constantFrom(...sizes);
const words = fc.constantFrom(
  ...['Tickets', 'and', 'Fahrkartenrückerstattungsantragsformular', 'für', 'wir', 'WWWWWWWWWWWW', 'a', '0:45'],
  ...['列车与站台', '失物招领', '，', 'Ωμέγα', 'Привет', '駅', '👩‍🚒', '<b>&amp;'],
);
const anyText = (most: number) => fc.array(words, { minLength: 1, maxLength: most }).map((list) => list.join(' '));
const anyLabel = anyText(6).map((text) => [...text].slice(0, 80).join('').trim());

const anyPage: fc.Arbitrary<Page> = fc
  .record({
    title: anyText(4).map((text) => [...text].slice(0, 100).join('')),
    text: fc.option(fc.array(anyText(30), { minLength: 1, maxLength: 6 }), { nil: undefined }),
    image: fc.boolean(),
    back: fc.boolean(),
    labels: fc.array(anyLabel, { maxLength: ITEM_KEYS.length }),
    questions: fc.array(anyLabel, { maxLength: 8 }),
  })
  .map(({ title, text, image, back, labels, questions }) =>
    page('any', {
      back,
      title: both(title),
      ...(text && { text: both(text.join('\n')) }),
      ...(image && { image: 'https://example.org/map.png' }),
      items: labels.map((label, i) => ({ key: ITEM_KEYS[i] ?? '0', label: both(label), action: { type: 'home' } })),
      ...(questions.length > 0 && {
        form: {
          fields: questions.map((label, i) => ({ name: `f${i}`, label: both(label), type: 'text', required: false })),
          submit: both('Send'),
          action: { type: 'home' },
        },
      }),
    }),
  );

function scene(message: ServerMessage, size: Size, images: readonly string[] = []): Scene {
  return layOut(message, { size, locale: 'en', colours: DEFAULT_COLOURS, images: new Set(images) });
}

function parts(entry: Page, size: Size): PageMessage[] {
  const paging = pagingOf(size);

  return partsOf(entry, 'en', paging).map((_, part) => renderPage(entry, { locale: 'en', part, back: true, paging }));
}

type Text = Extract<Shape, { kind: 'text' }>;
const textsOf = ({ shapes }: Scene): Text[] => shapes.filter((shape): shape is Text => shape.kind === 'text');

function edges(shape: Shape): [left: number, top: number, right: number, bottom: number] {
  if (shape.kind === 'circle') {
    const { x, y, radius } = shape;

    return [x - radius, y - radius, x + radius, y + radius];
  }
  if (shape.kind !== 'text') return [shape.x, shape.y, shape.x + shape.width, shape.y + shape.height];
  const width = widthOf(shape.text, shape.weight) * shape.size;
  const left = shape.x - width * { start: 0, middle: 0.5, end: 1 }[shape.anchor];

  return [left, shape.y - shape.size * 0.76, left + width, shape.y + shape.size * 0.24];
}

function expectInside(picture: Scene): void {
  for (const shape of picture.shapes) {
    const [left, top, right, bottom] = edges(shape);
    expect({ shape, inside: left >= -0.01 && top >= -0.01 }).toEqual({ shape, inside: true });
    expect({ shape, inside: right <= picture.width + 0.01 && bottom <= picture.height + 0.01 }).toEqual({
      shape,
      inside: true,
    });
  }
}

const squeezed = (text: string) => text.replace(/\s+/g, '');

describe('pages as pictures', () => {
  test('nothing is outside the picture or too small to be read, whatever the page', () => {
    fc.assert(
      fc.property(anyPage, anySize, fc.boolean(), (entry, size, hasImage) => {
        for (const part of parts(entry, size)) {
          const picture = scene(part, size, hasImage ? ['logo', 'https://example.org/map.png'] : []);
          expectInside(picture);
          const pixels = textsOf(picture).map((text) => (text.size * size.height) / picture.height);
          expect(Math.min(...pixels)).toBeGreaterThanOrEqual(SMALLEST_TEXT);
        }
      }),
      { numRuns: 150 },
    );
  });

  test('each item is on one picture, its key drawn once and its label whole', () => {
    fc.assert(
      fc.property(anyPage, anySize, (entry, size) => {
        const pages = parts(entry, size);
        const own = pages.map(({ items }) => items.filter(({ key }) => key !== MORE_KEY && key !== PREVIOUS_KEY));
        expect(own.flat().map(({ key }) => key)).toEqual(entry.items.map(({ key }) => key));
        for (const [i, part] of pages.entries()) {
          const drawn = textsOf(scene(part, size));
          const keys = drawn.filter(({ weight, anchor }) => weight === 'bold' && anchor === 'middle');
          for (const { key } of own[i] ?? []) expect(keys.filter(({ text }) => text === key)).toHaveLength(1);
          const all = squeezed(drawn.map(({ text }) => text).join(''));
          for (const { label } of own[i] ?? []) expect(all).toContain(squeezed(label));
        }
      }),
      { numRuns: 100 },
    );
  });

  test('all parts joined say all of the text and ask all of the questions', () => {
    fc.assert(
      fc.property(anyPage, anySize, (entry, size) => {
        const pages = parts(entry, size);
        const drawn = pages.map((part) =>
          squeezed(
            textsOf(scene(part, size))
              .map(({ text }) => text)
              .join(''),
          ),
        );
        for (const [i, part] of pages.entries()) expect(drawn[i]).toContain(squeezed(part.text ?? ''));
        expect(squeezed(pages.map(({ text }) => text ?? '').join(''))).toBe(squeezed(entry.text?.en ?? ''));
        const asked = pages.flatMap(({ form }) => form?.fields.map(({ name }) => name) ?? []);
        expect(asked).toEqual(entry.form?.fields.map(({ name }) => name) ?? []);
      }),
      { numRuns: 100 },
    );
  });

  test('a page that was not divided for this picture still stays inside', () => {
    const long = page('long', { text: both('The quick brown fox jumps over the lazy dog. '.repeat(60)) });
    for (const size of sizes) expectInside(scene(renderPage(long, { locale: 'en', part: 0, back: true }), size));
  });

  test('six short items with a line of text fit on one picture of 640x480', () => {
    const items = ITEM_KEYS.slice(0, 6).map((key) => ({
      key,
      label: both('Tickets and fares'),
      action: { type: 'home' } as const,
    }));
    const menu = page('menu', { title: both('How can we help?'), text: both('Press a number.'), items, back: false });
    expect(partsOf(menu, 'en', 'video')).toHaveLength(1);
    expect(partsOf(menu, 'en', 'video-small').length).toBeLessThanOrEqual(2);
    expect(partsOf(menu, 'en', 'voice')).toHaveLength(1);
  });
});

describe('other pictures', () => {
  const facts = { label: both('Station help'), estimate: [130, 290], actions: ['leave', 'home'] } as const;
  const messages: ServerMessage[] = [
    queueMessage({ ...facts, position: 2, waiting: 5 }, 'en'),
    queueMessage(
      { ...facts, position: 987, waiting: 99_999, label: both('A queue with a very long name indeed') },
      'de',
    ),
    { type: 'connected', agent: { name: 'Anna Weber' }, video: true },
    { type: 'connected', agent: { name: 'Maximiliane von und zu Hohenstein-Waldeck-Pyrmont' }, video: true },
    { type: 'end', reason: 'queue-full' },
    { type: 'end', reason: '' },
    pushMessage({ ref: 'a', kind: 'text', text: 'Tickets '.repeat(120), title: 'Read this' }),
    pushMessage({ ref: 'b', kind: 'link', url: `https://example.org/${'x'.repeat(300)}` }),
    ...textMessages('Anna', '找到后我们会立即致电。'.repeat(60)),
    {
      type: 'survey',
      id: 's',
      title: 'How was it?',
      form: { fields: [{ name: 'a', label: 'Good?', type: 'text', required: true }], submit: 'Send' },
    },
  ];

  test.each(sizes)('all stay inside %o', (size) => {
    for (const message of messages) expectInside(scene(message, size));
  });

  test('the place, the estimate and the way to the menu are on the page of the queue', () => {
    const texts = textsOf(scene(messages[0] as ServerMessage, { width: 640, height: 480 })).map(({ text }) => text);
    expect(texts).toEqual(
      expect.arrayContaining(['Station help', 'Place 2 of 5', 'about 2 to 5 minutes', '*', 'Menu']),
    );
  });
});

describe('sizes', () => {
  test.each([
    [undefined, 640, 480],
    [{ width: 320, height: 240 }, 320, 240],
    [{ width: 352, height: 288 }, 352, 288],
    [{ width: 176, height: 144 }, 294, 240],
    [{ width: 1920, height: 1080 }, 1280, 720],
    [{ width: 480, height: 640 }, 480, 392],
    [{ width: 2000, height: 500 }, 888, 500],
  ])('a peer that takes %o is drawn for in %i x %i', (limit, width, height) => {
    expect(pictureSize(limit)).toEqual({ width, height });
  });
});

describe('lines', () => {
  test('are never wider than their room, and joined they are the text', () => {
    fc.assert(
      fc.property(anyText(40), fc.double({ min: 3, max: 40, noNaN: true }), (text, room) => {
        for (const line of wrap(text, room)) expect(line.length === 0 || widthOf(line) <= room + 1e-9).toBe(true);
        expect(joined(linesOf(text, room)).replace(/\s+/g, ' ')).toBe(text.trim().replace(/\s+/g, ' '));
      }),
    );
  });

  test('break between words, between Chinese characters, and not before a full stop', () => {
    expect(wrap('one two three', 5)).toEqual(['one two', 'three']);
    expect(wrap('列车与站台。', 5)).toEqual(['列车与站', '台。']);
    expect(wrap('a\n\nb', 5)).toEqual(['a', '', 'b']);
  });
});

describe('widths of the fonts', () => {
  test('are those of the files', () => {
    expect(fontWidths.regular).toBe(widthTable(FONT_FILES.regular));
    expect(fontWidths.bold).toBe(widthTable(FONT_FILES.bold));
  });

  test.each(['How can we help? 0:45', 'Fahrkartenrückerstattung', '列车与站台，您需要什么', 'Ωμέγα Привет'])(
    '%s is drawn no wider than it was measured',
    (text) => {
      const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4000 200"><text y="100" font-size="100" font-family="${FONT_FAMILIES}">${text}</text></svg>`;
      const font = { loadSystemFonts: false, fontFiles: Object.values(FONT_FILES) };
      const box = new Resvg(svg, { font }).getBBox();
      expect(box?.width).toBeGreaterThan(0);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(widthOf(text) * 100 + 1);
    },
  );
});
