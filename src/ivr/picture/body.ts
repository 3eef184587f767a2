import type { Metrics } from './sizes';
import { wrap, wrapAtMost } from './wrap';

/** What a page has between its head and its foot. */
export interface Body {
  readonly text?: string;
  readonly image?: string;
  /** Questions that an agent will ask, and the words that say so. */
  readonly questions?: { readonly note: string; readonly labels: readonly string[] };
  readonly items: readonly { readonly key: string; readonly label: string }[];
}

/** A body broken into lines: `scale` is the size of its text against that of the metrics. */
export interface Arranged {
  readonly scale: number;
  readonly text: readonly string[];
  readonly note: readonly string[];
  readonly questions: readonly (readonly string[])[];
  readonly rows: readonly { readonly key: string; readonly label: readonly string[]; readonly height: number }[];
  /** Without the image, which takes what is left. */
  readonly height: number;
}

/** How many lines a label may take: more than any label that a dialplan allows needs. */
const MOST_LABEL_LINES = 6;

export function arrange(body: Body, width: number, metrics: Metrics, scale: number): Arranged {
  const room = width - metrics.margin * 2;
  const text = body.text ? wrap(body.text, room / (metrics.text * scale)) : [];
  const { note, labels } = body.questions ?? { note: '', labels: [] };
  const noteLines = note === '' ? [] : wrap(note, room / (metrics.text * scale));
  const questionRoom = (room - metrics.text * scale * 1.2) / (metrics.text * scale);
  const questions = labels.map((label) => wrapAtMost(label, questionRoom, MOST_LABEL_LINES));
  const labelRoom = (room - metrics.key * scale - metrics.rowPad * 4) / (metrics.label * scale);
  const rows = body.items.map(({ key, label }) => {
    const lines = wrapAtMost(label, labelRoom, MOST_LABEL_LINES);

    return { key, label: lines, height: rowHeight(lines.length, metrics, scale) };
  });
  const arranged = { scale, text, note: noteLines, questions, rows };

  return { ...arranged, height: heightOf(arranged, metrics) };
}

function rowHeight(lines: number, metrics: Metrics, scale: number): number {
  return Math.max(metrics.key + metrics.rowPad * 0.9, lines * metrics.labelLine + metrics.rowPad) * scale;
}

function heightOf({ scale, text, note, questions, rows }: Omit<Arranged, 'height'>, metrics: Metrics): number {
  const lines = text.length + note.length + questions.flat().length;
  const blocks = [text.length, note.length + questions.length, rows.length].filter((count) => count > 0).length;
  const rowsHeight = rows.reduce((sum, row) => sum + row.height, 0) + Math.max(0, rows.length - 1) * metrics.gap;
  const between = (questions.length + Math.max(0, blocks - 1) * 1.5) * metrics.gap;

  return lines * metrics.textLine * scale + rowsHeight + between;
}

/** From the boldest to the smallest; below 1 only for bodies that were not divided for this picture. */
const SCALES = [1.4, 1.3, 1.2, 1.1, 1.05, 1, 0.92, 0.85, 0.78, 0.7, 0.62, 0.55];

/** The body in the largest text that fits and breaks no label that could stay on its line. What does not fit at all loses lines of its text, which is the least that is lost. */
export function arrangeToFit(body: Body, width: number, height: number, metrics: Metrics): Arranged {
  const free = body.image === undefined ? height : height - metrics.height * metrics.imageShare;
  const scales = body.image === undefined ? SCALES : SCALES.filter((scale) => scale <= 1.1);
  const fewest = labelLines(arrange(body, width, metrics, 1));
  for (const scale of scales) {
    const arranged = arrange(body, width, metrics, scale);
    if (arranged.height <= free && labelLines(arranged) <= fewest) return arranged;
  }

  return cut(arrange(body, width, metrics, SCALES.at(-1) ?? 1), height, metrics);
}

function labelLines({ rows }: Arranged): number {
  return rows.reduce((sum, { label }) => sum + label.length, 0);
}

function cut(arranged: Arranged, height: number, metrics: Metrics): Arranged {
  const line = metrics.textLine * arranged.scale;
  const over = Math.ceil((arranged.height - height) / line);
  if (over <= 0) return arranged;
  const text = arranged.text.slice(0, Math.max(0, arranged.text.length - over));
  const short = { ...arranged, text };

  return { ...short, height: heightOf(short, metrics) };
}
