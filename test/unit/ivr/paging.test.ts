import fc from 'fast-check';
import { bodyBytes, CONTENT_TYPE, encodeServerMessage, parseServerMessage } from '../../../src/ivr/codec';
import { MAX_BODY_BYTES, MAX_SEQ, type PageMessage } from '../../../src/ivr/messages';
import { ITEM_KEYS, LIMITS, type Field, type Page } from '../../../src/ivr/model';
import { MORE_KEY, PREVIOUS_KEY, partId, partsOf, renderPage } from '../../../src/ivr/paging';
import { clip, cutAt } from '../../../src/ivr/text';
import type { FieldFault } from '../../../src/ivr/form';
import { both, item, page } from './menus';

function allParts(entry: Page, rest: { values?: Record<string, string>; faults?: PageFaults } = {}): PageMessage[] {
  return partsOf(entry, 'en').map((_part, part) => renderPage(entry, { locale: 'en', part, back: true, ...rest }));
}

type PageFaults = Record<string, FieldFault>;

const ownItems = (message: PageMessage) => message.items.filter(({ key }) => key !== MORE_KEY && key !== PREVIOUS_KEY);
const joinedText = (messages: PageMessage[]) => messages.map((message) => message.text ?? '').join('');

describe('a page that fits', () => {
  const small = page('small', {
    title: both('Hi', 'Hallo'),
    text: both('x', 'y'),
    items: [item('1', 'One', { type: 'home' })],
  });

  test('is one message without navigation', () => {
    expect(renderPage(small, { locale: 'de', part: 0, back: true })).toEqual({
      type: 'page',
      id: 'small',
      title: 'Hallo',
      text: 'y',
      items: [{ key: '1', label: 'One' }],
      back: true,
    });
  });

  test('shows a way back only when there is one and the page allows it', () => {
    expect(renderPage(small, { locale: 'en', part: 0, back: false }).back).toBeUndefined();
    expect(renderPage({ ...small, back: false }, { locale: 'en', part: 0, back: true }).back).toBeUndefined();
  });

  test('a part that does not exist shows the last', () => {
    expect(renderPage(small, { locale: 'en', part: 9, back: false }).id).toBe('small');
  });
});

describe('a page that does not fit', () => {
  const words = 'The quick brown fox jumps over the lazy dog. '.repeat(80);
  const long = page('long', { text: both(words), items: [item('1', 'One', { type: 'home' })] });

  test('is split between words, with keys between the parts and the same page named', () => {
    const parts = allParts(long);
    expect(parts.length).toBeGreaterThan(3);
    expect(joinedText(parts)).toBe(words);
    for (const part of parts.slice(0, -1)) expect(part.text).toMatch(/ $/);
    expect(parts[0]?.items.map(({ key }) => key)).toEqual([MORE_KEY]);
    expect(parts[1]?.items).toEqual([
      { key: MORE_KEY, label: 'More' },
      { key: PREVIOUS_KEY, label: 'Previous' },
    ]);
    expect(parts.at(-1)?.items.map(({ key }) => key)).toEqual(['1', PREVIOUS_KEY]);
    expect(parts.map(({ id }) => id).slice(0, 2)).toEqual(['long', 'long~2']);
    expect(parts[1]?.part).toEqual([2, parts.length]);
  });

  test('is split after a line where one ends in the second half', () => {
    const lines = `${'word '.repeat(150)}\n${'word '.repeat(150)}`;
    expect(allParts(page('lines', { text: both(lines) }))[0]?.text).toMatch(/\n$/);
  });

  test('a script without spaces is split between characters', () => {
    const parts = allParts(page('zh', { text: both('請在此處排隊'.repeat(200)) }));
    expect(joinedText(parts)).toBe('請在此處排隊'.repeat(200));
    for (const part of parts) expect(part.text).not.toContain('\ufffd');
  });

  test('what people see as one character stays whole', () => {
    const family = '👩‍👩‍👧‍👦';
    for (const part of allParts(page('family', { text: both(family.repeat(200)) }))) {
      expect((part.text ?? '').length % family.length).toBe(0);
    }
  });

  test('a single character larger than a part is still sent', () => {
    const zalgo = `a${'\u0301'.repeat(2000)}`;
    expect(joinedText(allParts(page('zalgo', { text: both(zalgo) })))).toBe(zalgo);
  });

  test('the picture is shown once', () => {
    const parts = allParts({ ...long, image: 'https://example.org/p.png' });
    expect(parts.map(({ image }) => image !== undefined)).toEqual(parts.map((_part, index) => index === 0));
  });

  test('a choice with many options is spread over parts, and only the whole is required', () => {
    const options = Array.from({ length: 120 }, (_, i) => ({ value: `st${i}`, label: both(`Station number ${i}`) }));
    const field: Field = { name: 'from', label: both('From'), type: 'choice', required: true, options };
    const parts = allParts(page('form', { form: { fields: [field], submit: both('Go'), action: { type: 'home' } } }));
    expect(parts.flatMap((part) => part.form?.fields[0]?.options ?? []).map(({ value }) => value)).toEqual(
      options.map(({ value }) => value),
    );
    expect(parts.every((part) => part.form?.fields[0]?.required === false)).toBe(true);
    expect(parts.map((part) => part.form?.submit)).toEqual([...parts.slice(1).map(() => 'Next'), 'Go']);
  });
});

test('texts as long as a dialplan may have them are shown whole, in any script', () => {
  const title = '請在此處排隊'.repeat(17).slice(0, 100);
  const labels = Array.from({ length: 10 }, (_, i) => `${i}${'路線與票價'.repeat(16)}`.slice(0, 80));
  const items = labels.map((text, i) => ({
    ...item(String(i), text, { type: 'home' }),
    icon: `https://e.org/${'i'.repeat(100)}`,
  }));
  const parts = allParts(page('long', { title: both(title), items }));
  expect(parts.every((part) => part.title === title)).toBe(true);
  expect(parts.flatMap(ownItems).map(({ label: shown }) => shown)).toEqual(labels);
});

test('labels and titles beyond the limits are clipped, icons and pictures beyond them left out', () => {
  const huge = 'Ü'.repeat(3000);
  const [part] = allParts(
    page('huge', {
      title: both(huge),
      image: `https://example.org/${'x'.repeat(500)}`,
      items: [{ ...item('1', huge, { type: 'home' }), icon: `https://example.org/${'x'.repeat(500)}` }],
    }),
  );
  expect(part?.title).toMatch(/^Ü+…$/);
  expect(part?.items[0]?.label).toMatch(/^Ü+…$/);
  expect(part?.items[0]).not.toHaveProperty('icon');
  expect(part).not.toHaveProperty('image');
});

const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 3000 }),
  fc.lorem({ maxCount: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 1500 }),
);
const label = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 120 }), fc.string({ unit: 'binary', maxLength: 120 }));
const field = fc.record({
  label: label.map((text) => both(text)),
  required: fc.boolean(),
  options: fc.array(label, { minLength: 1, maxLength: 60 }),
  choice: fc.boolean(),
});

function formOf(fields: { label: Field['label']; required: boolean; options: string[]; choice: boolean }[]): Field[] {
  return fields.map(({ label: text, required, options, choice }, index) => ({
    name: `f${index}`.padEnd(LIMITS.fieldName, 'f'),
    label: text,
    required,
    type: choice ? 'choice' : 'text',
    ...(choice && {
      options: options.map((option, i) => ({ value: `${i}`.padEnd(LIMITS.optionValue, 'v'), label: both(option) })),
    }),
  }));
}

const pages: fc.Arbitrary<Page> = fc
  .record({
    title: words,
    text: fc.option(words),
    image: fc.option(fc.nat(LIMITS.image - 30)),
    labels: fc.array(label, { maxLength: ITEM_KEYS.length }),
    icon: fc.option(fc.nat(LIMITS.icon - 30)),
    fields: fc.option(fc.array(field, { minLength: 1, maxLength: 12 })),
    submit: label,
  })
  .map(({ title, text, image, labels, icon, fields, submit }) =>
    page('p'.repeat(LIMITS.id), {
      title: both(title),
      ...(text !== null && { text: both(text) }),
      ...(image !== null && { image: `https://example.org/${'i'.repeat(image)}` }),
      items: labels.map((text, index) => ({
        ...item(ITEM_KEYS[index] as string, text, { type: 'home' }),
        ...(icon !== null && { icon: `https://example.org/${'i'.repeat(icon)}` }),
      })),
      ...(fields && { form: { fields: formOf(fields), submit: both(submit), action: { type: 'home' } } }),
    }),
  );

test('every part fits, is readable, and nothing is lost, whatever the page', () => {
  fc.assert(
    fc.property(pages, fc.integer({ min: 0, max: MAX_SEQ }), (entry, seq) => {
      const names = entry.form?.fields.map(({ name }) => name) ?? [];
      const faults = Object.fromEntries(names.map((name) => [name, 'date'])) as PageFaults;
      const values = Object.fromEntries(names.map((name) => [name, 'w'.repeat(150)]));
      const parts = allParts(entry, { faults, values });
      for (const part of parts) {
        const body = encodeServerMessage(part, seq);
        expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BODY_BYTES);
        expect(parseServerMessage(CONTENT_TYPE, Buffer.from(body))).toEqual({ v: 1, seq, ...part });
        for (const shown of part.form?.fields ?? []) expect(shown.error).toBeDefined();
      }
      expect(joinedText(parts)).toBe(entry.text?.en ?? '');
      expect(parts.flatMap(ownItems).map(({ key }) => key)).toEqual(entry.items.map(({ key }) => key));
      expect(new Set(parts.flatMap((part) => part.form?.fields ?? []).map(({ name }) => name))).toEqual(new Set(names));
      for (const { name, options } of entry.form?.fields ?? []) {
        const shown = parts.flatMap((part) => part.form?.fields ?? []).filter((candidate) => candidate.name === name);
        expect(shown.flatMap((candidate) => candidate.options ?? []).map(({ value }) => value)).toEqual(
          options?.map(({ value }) => value) ?? [],
        );
      }
      parts.forEach((part, index) => {
        expect(part.id).toBe(partId(entry.id, index));
        expect(part.items.some(({ key }) => key === MORE_KEY)).toBe(index < parts.length - 1);
        expect(part.items.some(({ key }) => key === PREVIOUS_KEY)).toBe(index > 0);
      });
    }),
    { numRuns: 200 },
  );
});

test('what was entered before is shown where there is room', () => {
  const form = {
    fields: [{ name: 'a', label: both('A'), type: 'text', required: false } as const],
    submit: both('Send'),
    action: { type: 'home' } as const,
  };
  const shown = (a: string) => allParts(page('f', { form }), { values: { a } })[0];
  expect(shown('before')?.form?.fields[0]?.value).toBe('before');
  expect(shown('x'.repeat(1180))?.form?.fields[0]).not.toHaveProperty('value');
  expect(bodyBytes(shown('x'.repeat(1000)) as PageMessage)).toBeLessThanOrEqual(MAX_BODY_BYTES);
});

describe('cutting text', () => {
  test('a short text is not cut', () => expect(cutAt('abc', 3)).toBe(3));
  test('nothing fits', () => expect(cutAt('ü', 1)).toBe(0));
  test('clip keeps within its limit and marks the cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 3, max: 60 }), (text, limit) => {
        const clipped = clip(text, limit);
        expect(Buffer.byteLength(JSON.stringify(clipped)) - 2).toBeLessThanOrEqual(limit);
        expect(clipped === text || clipped.endsWith('…')).toBe(true);
      }),
    );
  });
});
