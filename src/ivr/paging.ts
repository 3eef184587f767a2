import { bodyBytes, jsonBytes } from './codec';
import type { Paging } from './face';
import { faceWordsFor } from './face-words';
import { FIELD_FAULTS, type FieldFaults, type FormValues } from './form';
import { MAX_BODY_BYTES, type FieldMessage, type PageMessage } from './messages';
import { LIMITS, localized, type Field, type FieldOption, type Item, type LocalText, type Page } from './model';
import { MORE_KEY, PREVIOUS_KEY } from './keys';
import { pictureParts } from './picture/pages';
import { LARGE, SMALL } from './picture/sizes';
import { clip, cutAt, cutAtCodePoint } from './text';
import { wordsFor, type Words } from './words';

export { MORE_KEY, PREVIOUS_KEY } from './keys';

/** A field as one part shows it: all of it, or a choice field with some of its options. */
export interface PartField {
  readonly field: Field;
  readonly options?: readonly FieldOption[];
  /** The field's options go on in another part, so that none may be chosen here. */
  readonly divided: boolean;
}

/** As much of a page as one INFO body or one picture holds. */
export interface PagePart {
  readonly text?: string;
  readonly image?: string;
  readonly fields: readonly PartField[];
  readonly items: readonly Item[];
}

/** What a drawing of a page depends on besides the page. */
export interface PageView {
  readonly locale: string;
  /** The index of the part, from 0; one too high shows the last. */
  readonly part: number;
  /** Whether there is a page to go back to. */
  readonly back: boolean;
  /** By which laws the page is divided. Default `screen`. */
  readonly paging?: Paging | undefined;
  readonly values?: FormValues;
  readonly faults?: FieldFaults;
}

/** How long the texts around the content may be; icons that are longer are left out. */
type Widths = Pick<Record<keyof typeof LIMITS, number>, 'title' | 'label' | 'icon'>;

/** For the page on which a single item or option would not fit beside the longest texts that are allowed. */
const TIGHT: Widths = { title: 80, label: 100, icon: 100 };

/** How the parts of a page are drawn. */
interface Style {
  readonly locale: string;
  readonly words: Words;
  readonly widths: Widths;
}

interface PageLayout {
  readonly parts: readonly PagePart[];
  readonly style: Style;
}

const cache = new WeakMap<Page, Map<string, PageLayout>>();

/**
 * The parts that a page is shown in. On a screen it is one when it fits into 1,200 bytes, else as many as it takes; in a video as many
 * as can be read; for the ear one. Text comes first, then the fields of the form, then the items; nothing is dropped, and the texts of
 * all parts joined are the whole text.
 */
export function partsOf(page: Page, locale: string, paging: Paging = 'screen'): readonly PagePart[] {
  return layoutOf(page, locale, paging).parts;
}

function layoutOf(page: Page, locale: string, paging: Paging): PageLayout {
  let kept = cache.get(page);
  if (!kept) cache.set(page, (kept = new Map()));
  const key = `${paging} ${locale}`;
  let layout = kept.get(key);
  if (!layout)
    kept.set(key, (layout = paging === 'screen' ? layOutToFit(page, locale) : freeLayout(page, locale, paging)));

  return layout;
}

/** For faces whose messages are not sent as bodies, so that their bytes do not count. */
function freeLayout(page: Page, locale: string, paging: Exclude<Paging, 'screen'>): PageLayout {
  const style = { locale, words: wordsFor(locale), widths: LIMITS };
  if (paging === 'voice') return { parts: [wholePage(page, locale)], style };
  const parts = pictureParts(page, locale, faceWordsFor(locale), paging === 'video' ? LARGE : SMALL);

  return { parts: parts.map((part) => ({ ...part, fields: part.fields.map(wholeField) })), style };
}

function wholePage(page: Page, locale: string): PagePart {
  const text = page.text && localized(page.text, locale);

  return {
    ...(text && { text }),
    ...(page.image !== undefined && jsonBytes(page.image) <= LIMITS.image && { image: page.image }),
    fields: (page.form?.fields ?? []).map(wholeField),
    items: page.items,
  };
}

/** The id a part is sent under: that of the page for the first, `id~2` for the second. */
export function partId(page: string, part: number): string {
  return part === 0 ? page : `${page}~${part + 1}`;
}

/** The message that shows one part of a page; for a screen, at most 1,200 bytes under any sequence number. */
export function renderPage(page: Page, view: PageView): PageMessage {
  const { parts, style } = layoutOf(page, view.locale, view.paging ?? 'screen');
  const index = Math.min(Math.max(view.part, 0), parts.length - 1);
  const part = parts[index] as PagePart;
  const frame: Frame = {
    id: partId(page.id, index),
    back: view.back && page.back,
    ...(parts.length > 1 && { part: [index + 1, parts.length] }),
    more: index < parts.length - 1,
    previous: index > 0,
    moreFields: parts.slice(index + 1).some((later) => later.fields.length > 0),
  };
  const faults = (name: string) => {
    const fault = ownValue(view.faults, name);

    return fault && style.words[fault];
  };

  return withValues(draw(page, part, style, frame, faults), view.values);
}

/** What stands around the content of a part. */
interface Frame {
  readonly id: string;
  readonly back: boolean;
  readonly part?: [number, number];
  readonly more: boolean;
  readonly previous: boolean;
  readonly moreFields: boolean;
}

function draw(
  page: Page,
  part: PagePart,
  style: Style,
  frame: Frame,
  errorOf: (name: string) => string | undefined,
): PageMessage {
  const { words } = style;
  const submit = page.form && !frame.moreFields ? labelIn(style, page.form.submit) : words.next;

  return {
    type: 'page',
    id: frame.id,
    title: clip(localized(page.title, style.locale), style.widths.title),
    ...(part.text !== undefined && { text: part.text }),
    ...(part.image !== undefined && { image: part.image }),
    items: [...part.items.map((item) => drawItem(item, style)), ...navigation(frame, words)],
    ...(part.fields.length > 0 && {
      form: { fields: part.fields.map((entry) => drawField(entry, style, errorOf)), submit },
    }),
    ...(frame.back && { back: true }),
    ...(frame.part && { part: frame.part }),
  };
}

function navigation(frame: Frame, words: Words): PageMessage['items'] {
  return [
    ...(frame.more ? [{ key: MORE_KEY, label: words.more }] : []),
    ...(frame.previous ? [{ key: PREVIOUS_KEY, label: words.previous }] : []),
  ];
}

function labelIn({ locale, widths }: Style, label: LocalText): string {
  return clip(localized(label, locale), widths.label);
}

function drawItem(item: Item, style: Style): PageMessage['items'][number] {
  const icon = item.icon !== undefined && jsonBytes(item.icon) <= style.widths.icon ? { icon: item.icon } : {};

  return { key: item.key, label: labelIn(style, item.label), ...icon };
}

function drawField(entry: PartField, style: Style, errorOf: (name: string) => string | undefined): FieldMessage {
  const { field, options, divided } = entry;
  const error = errorOf(field.name);

  return {
    name: field.name,
    label: labelIn(style, field.label),
    type: field.type,
    required: field.required && !divided,
    ...(options && {
      options: options.map(({ value, label }) => ({ value, label: labelIn(style, label) })),
    }),
    ...(error !== undefined && { error }),
  };
}

/** Shows what was entered before, as far as there is room: the terminal keeps what a person typed, so this is only a help. */
function withValues(message: PageMessage, values: FormValues | undefined): PageMessage {
  if (!message.form || !values) return message;
  let room = MAX_BODY_BYTES - bodyBytes(message);
  const fields = message.form.fields.map((field) => {
    const value = ownValue(values, field.name);
    if (value === undefined) return field;
    if (field.options && !field.options.some((option) => option.value === value)) return field;
    const cost = Buffer.byteLength(JSON.stringify({ value })) - 1;
    if (cost > room) return field;
    room -= cost;

    return { ...field, value };
  });

  return { ...message, form: { ...message.form, fields } };
}

function ownValue<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}

function layOutToFit(page: Page, locale: string): PageLayout {
  const words = wordsFor(locale);
  const wide = layOut(page, { locale, words, widths: LIMITS });

  return wide.fits ? wide : layOut(page, { locale, words, widths: TIGHT });
}

function layOut(page: Page, style: Style): PageLayout & { fits: boolean } {
  const whole = wholePage(page, style.locale);
  const alone: Frame = { id: page.id, back: true, more: false, previous: false, moreFields: false };
  const size = sizer(page, style);
  if (size(whole, alone) <= MAX_BODY_BYTES) return { parts: [whole], style, fits: true };
  const sizeOf = (part: PagePart) => size(part, crowded(page.id));
  const parts = new Layout(sizeOf).fill(whole);

  return { parts, style, fits: parts.every((part) => sizeOf(part) <= MAX_BODY_BYTES) };
}

/** The largest frame that a part of a page can have. */
function crowded(id: string): Frame {
  return { id: partId(id, 998), back: true, part: [999, 999], more: true, previous: true, moreFields: false };
}

/** Measures a part as it will be at its largest: each field with the longest error there is in this language. */
function sizer(page: Page, style: Style): (part: PagePart, frame: Frame) => number {
  const faults = FIELD_FAULTS.map((fault) => style.words[fault]);
  const longest = faults.reduce((a, b) => (jsonBytes(b) > jsonBytes(a) ? b : a));
  // Either label may stand on the button, depending on which part turns out to be the last of the form.
  const size = (part: PagePart, frame: Frame) => bodyBytes(draw(page, part, style, frame, () => longest));

  return (part, frame) =>
    part.fields.length === 0
      ? size(part, frame)
      : Math.max(size(part, frame), size(part, { ...frame, moreFields: true }));
}

function wholeField(field: Field): PartField {
  return { field, ...(field.options && { options: field.options }), divided: false };
}

/** Fills parts one after another; each takes what fits. */
class Layout {
  private readonly done: PagePart[] = [];
  private current: PagePart = { fields: [], items: [] };

  constructor(private readonly sizeOf: (part: PagePart) => number) {}

  fill(whole: PagePart): readonly PagePart[] {
    if (whole.image !== undefined) this.current = { ...this.current, image: whole.image };
    if (whole.text !== undefined) this.addText(whole.text);
    for (const field of whole.fields) this.addField(field);
    for (const item of whole.items) this.add((part) => ({ ...part, items: [...part.items, item] }));
    if (!this.isEmpty()) this.flush();

    return this.done;
  }

  private addText(text: string): void {
    for (let rest = text; rest !== '';) {
      const room = MAX_BODY_BYTES - this.sizeOf({ ...this.current, text: '' });
      let cut = cutAt(rest, room);
      if (cut === 0 && this.isEmpty()) cut = cutAtCodePoint(rest, room);
      if (cut > 0) this.current = { ...this.current, text: rest.slice(0, cut) };
      rest = rest.slice(cut);
      if (rest !== '') this.flush();
    }
  }

  private addField(entry: PartField): void {
    const withField = (part: PagePart): PagePart => ({ ...part, fields: [...part.fields, entry] });
    if (this.fits(withField(this.current))) this.current = withField(this.current);
    else if (entry.options && !this.fits(withField(blank()))) this.addDivided(entry, entry.options);
    else this.add(withField);
  }

  /** A choice field with more options than a part holds: the same field in several parts, each with some of its options. */
  private addDivided(entry: PartField, options: readonly FieldOption[]): void {
    if (!this.isEmpty()) this.flush();
    for (const option of options) {
      const grow = (part: PagePart): PagePart => {
        const before = part.fields.at(-1)?.options ?? [];

        return { ...part, fields: [{ field: entry.field, options: [...before, option], divided: true }] };
      };
      this.add(grow);
    }
  }

  /** Grows the part at hand, or begins another where it is full. */
  private add(grow: (part: PagePart) => PagePart): void {
    if (!this.isEmpty() && !this.fits(grow(this.current))) this.flush();
    this.current = grow(this.current);
  }

  private fits(part: PagePart): boolean {
    return this.sizeOf(part) <= MAX_BODY_BYTES;
  }

  private isEmpty(): boolean {
    const { text, image, fields, items } = this.current;

    return text === undefined && image === undefined && fields.length === 0 && items.length === 0;
  }

  private flush(): void {
    this.done.push(this.current);
    this.current = blank();
  }
}

function blank(): PagePart {
  return { fields: [], items: [] };
}
