import type { FaceWords } from '../face-words';
import { localized, type Field, type Item, type Page } from '../model';
import { arrange, type Body } from './body';
import { headOf } from './sheet';
import type { Metrics } from './sizes';
import { joined, linesOf } from './wrap';

/** As much of a page as one picture holds. */
export interface PicturePart {
  readonly text?: string;
  readonly image?: string;
  readonly fields: readonly Field[];
  readonly items: readonly Item[];
}

/** Divides one page into pictures in which all of its text can be read, whatever their proportions. Nothing is left out. */
export function pictureParts(page: Page, locale: string, words: FaceWords, metrics: Metrics): readonly PicturePart[] {
  const text = page.text && localized(page.text, locale);
  const whole: PicturePart = {
    ...(text && { text }),
    ...(page.image !== undefined && { image: page.image }),
    fields: page.form?.fields ?? [],
    items: page.items,
  };
  const sheet = new Sheets(page, locale, words, metrics);

  return sheet.holds(whole, page.back || whole.fields.length > 0) ? [whole] : sheet.divide(whole);
}

export function bodyOf(part: PicturePart, locale: string, words: FaceWords): Body {
  const labels = part.fields.map((field) => localized(field.label, locale));

  return {
    ...(part.text !== undefined && { text: part.text }),
    ...(part.image !== undefined && { image: part.image }),
    ...(labels.length > 0 && { questions: { note: `${words.agentAsks}:`, labels } }),
    items: part.items.map((item) => ({ key: item.key, label: localized(item.label, locale) })),
  };
}

/** Room between the foot, or the edge where there is none, and what stands above it. */
export function bottomOf(metrics: Metrics, hasFoot: boolean): number {
  return metrics.height - (hasFoot ? metrics.footer : metrics.margin * 0.7) - metrics.gap;
}

const EMPTY: PicturePart = { fields: [], items: [] };

/** Fills pictures one after another; each takes what fits. */
class Sheets {
  private readonly head: number;
  private done: PicturePart[] = [];
  private current = EMPTY;

  constructor(
    page: Page,
    private readonly locale: string,
    private readonly words: FaceWords,
    private readonly metrics: Metrics,
  ) {
    this.head = headOf(localized(page.title, locale), metrics, metrics.narrowest).height;
  }

  holds(part: PicturePart, hasFoot = true): boolean {
    const { metrics } = this;
    const { height } = arrange(bodyOf(part, this.locale, this.words), metrics.narrowest, metrics, 1);
    const image = part.image === undefined ? 0 : metrics.height * metrics.imageShare + metrics.gap;

    return height + image <= bottomOf(metrics, hasFoot) - this.head;
  }

  divide(whole: PicturePart): readonly PicturePart[] {
    if (whole.text !== undefined) this.addText(whole.text);
    if (whole.image !== undefined) this.add((part) => ({ ...part, image: whole.image }));
    for (const field of whole.fields) this.add((part) => ({ ...part, fields: [...part.fields, field] }));
    for (const item of whole.items) this.add((part) => ({ ...part, items: [...part.items, item] }));
    this.flush();

    return this.done;
  }

  private addText(text: string): void {
    const { metrics } = this;
    const lines = linesOf(text, (metrics.narrowest - metrics.margin * 2) / metrics.text);
    const room = Math.max(1, Math.floor((bottomOf(metrics, true) - this.head) / metrics.textLine));
    for (let rest = lines; rest.length > 0; rest = rest.slice(room)) {
      if (this.current !== EMPTY) this.flush();
      this.current = { ...this.current, text: joined(rest.slice(0, room)) };
    }
  }

  /** Grows the picture at hand, or begins another where it is full. */
  private add(grow: (part: PicturePart) => PicturePart): void {
    if (this.current !== EMPTY && !this.holds(grow(this.current))) this.flush();
    this.current = grow(this.current);
  }

  private flush(): void {
    if (this.current !== EMPTY) this.done.push(this.current);
    this.current = EMPTY;
  }
}
