import type { FaceWords } from '../face-words';
import type { Palette } from './colours';
import { type Weight, widthOf } from './metrics';
import type { Anchor, ImageAlign, Shape } from './scene';
import type { Metrics } from './sizes';
import { wrap, wrapAtMost } from './wrap';

/** A title that takes more than two lines is drawn smaller before it is cut. */
const TITLE_SCALES = [1, 0.87, 0.75];

interface Head {
  readonly lines: readonly string[];
  readonly size: number;
  readonly line: number;
  readonly top: number;
  readonly height: number;
}

/** What every layout is made with. */
export interface Frame {
  readonly width: number;
  readonly metrics: Metrics;
  readonly palette: Palette;
  readonly words: FaceWords;
  /** Names of the images that could be loaded: `logo`, or the address that a message gives. */
  readonly images: ReadonlySet<string>;
}

/** A key and what it does, at the foot of a picture. */
export interface Hint {
  readonly key: string;
  readonly label: string;
}

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Shapes in the making. */
export class Sheet {
  readonly shapes: Shape[] = [];

  constructor(readonly frame: Frame) {}

  /** One line; `y` is the middle of its height. */
  line(
    text: string,
    at: { x: number; y: number; size: number; weight?: Weight; fill?: string; anchor?: Anchor },
  ): void {
    const { palette } = this.frame;
    const { x, y, size, weight = 'regular', fill = palette.text, anchor = 'start' } = at;
    // Capitals of the font are 0.73 em high: half of that below the middle is the base line.
    this.shapes.push({ kind: 'text', x, y: y + size * 0.36, text, size, weight, fill, anchor });
  }

  card(area: Area, radius: number, fill = this.frame.palette.card, line?: string): void {
    this.shapes.push({ kind: 'rect', ...area, radius, fill, ...(line !== undefined && { line }) });
  }

  /** A key as it stands on a telephone, with its left edge and middle given. */
  key(key: string, at: { x: number; y: number; size: number }): void {
    const { palette } = this.frame;
    const { x, y, size } = at;
    this.card({ x, y: y - size / 2, width: size, height: size }, size * 0.24, palette.accent);
    const text = {
      x: x + size / 2,
      y,
      size: size * 0.66,
      weight: 'bold',
      fill: palette.onAccent,
      anchor: 'middle',
    } as const;
    // A star hangs high in its line.
    this.line(key, key === '*' ? { ...text, y: y + size * 0.13, size: size * 0.85 } : text);
  }

  circle(x: number, y: number, radius: number, fill: string, line?: string): void {
    this.shapes.push({ kind: 'circle', x, y, radius, fill, ...(line !== undefined && { line }) });
  }

  image(name: string, area: Area, align: ImageAlign = 'middle'): boolean {
    if (!this.frame.images.has(name)) return false;
    this.shapes.push({ kind: 'image', name, align, ...area });

    return true;
  }

  /** Title, logo and a bar below them; gives where the rest begins. */
  head(title: string): number {
    const { metrics, palette, width } = this.frame;
    const { lines, size, line, top, height } = headOf(title, metrics, width);
    for (const [i, text] of lines.entries()) {
      const y = top + (i + 0.5) * line;
      this.line(text, { x: metrics.margin, y, size, weight: 'bold' });
    }
    const logo = logoSize(metrics);
    this.image('logo', { x: width - metrics.margin - logo.width, y: top, ...logo }, 'right');
    const bar = { x: metrics.margin, y: height - metrics.bar * 2.6, width: metrics.title * 2.2, height: metrics.bar };
    this.card(bar, metrics.bar / 2, palette.accent);

    return height;
  }

  /** The keys at the foot and, on the right, which part this is; gives where the foot begins. */
  foot(hints: readonly Hint[], right?: string): number {
    const { metrics, palette, width } = this.frame;
    if (hints.length === 0 && right === undefined) return metrics.height - metrics.margin * 0.7;
    const top = metrics.height - metrics.footer;
    this.card({ x: 0, y: top, width, height: metrics.footer }, 0, palette.bottom);
    this.card({ x: 0, y: top, width, height: 1.5 }, 0, palette.line);
    const y = top + metrics.footer / 2;
    const size = metrics.hint;
    let end = width - metrics.margin;
    if (right !== undefined) {
      this.line(right, { x: end, y, size, fill: palette.muted, anchor: 'end' });
      end -= widthOf(right) * size + metrics.gap * 2;
    }
    this.hints(hints, y, end);

    return top;
  }

  private hints(hints: readonly Hint[], y: number, end: number): void {
    const { metrics } = this.frame;
    const key = metrics.hint * 1.55;
    const share = (end - metrics.margin) / Math.max(1, hints.length);
    let x = metrics.margin;
    for (const hint of hints) {
      this.key(hint.key, { x, y, size: key });
      const room = Math.max(1, (share - key - metrics.gap * 4.2) / metrics.hint);
      const [label = ''] = wrapAtMost(hint.label, room, 1);
      this.line(label, { x: x + key + metrics.gap * 1.2, y, size: metrics.hint });
      x += key + metrics.gap * 4 + widthOf(label) * metrics.hint;
    }
  }
}

/** The lines of a title, their size, and the room that the head takes with them. */
export function headOf(title: string, metrics: Metrics, width: number): Head {
  const roomIn = (whole: number): number => whole - metrics.margin * 2.5 - logoSize(metrics).width;
  // Chosen for the narrowest picture, so that no wider one has a taller head than its page was divided for.
  const isWhole = (scale: number): boolean =>
    wrap(title, roomIn(metrics.narrowest) / (metrics.title * scale), 'bold').length <= 2;
  const scale = TITLE_SCALES.find(isWhole) ?? TITLE_SCALES.at(-1) ?? 1;
  const [size, line, top] = [metrics.title * scale, metrics.titleLine * scale, metrics.margin * 0.62];
  const lines = wrapAtMost(title, roomIn(width) / size, 2, 'bold');

  return { lines, size, line, top, height: top + lines.length * line + metrics.bar * 3.6 };
}

function logoSize({ titleLine }: Metrics): { width: number; height: number } {
  return { width: titleLine * 2.4, height: titleLine };
}
