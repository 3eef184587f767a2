import type { PageMessage } from '../messages';
import { MORE_KEY, PREVIOUS_KEY } from '../keys';
import { arrangeToFit, type Arranged, type Body } from './body';
import type { Hint, Sheet } from './sheet';

/** A page of the menu: what can be read, what can be chosen by which key, and at the foot how to go on and back. */
export function drawPage(sheet: Sheet, message: PageMessage): void {
  const { frame } = sheet;
  const { metrics, width } = frame;
  const top = sheet.head(message.title);
  const foot = sheet.foot(hintsOf(sheet, message), message.part && message.part.join('/'));
  const bottom = foot - metrics.gap;
  const body = bodyOf(sheet, message);
  const arranged = arrangeToFit(body, width, bottom - top, metrics);
  const free = bottom - top - arranged.height;
  let y = drawText(sheet, arranged, top);
  if (body.image !== undefined && frame.images.has(body.image)) {
    const area = { x: metrics.margin, y, width: width - metrics.margin * 2, height: free - metrics.gap };
    sheet.image(body.image, area);
    y += free;
  }
  y = drawQuestions(sheet, arranged, y);
  drawRows(sheet, arranged, y);
}

function bodyOf({ frame }: Sheet, { text, image, form, items }: PageMessage): Body {
  const labels = form?.fields.map((field) => field.label) ?? [];

  return {
    ...(text !== undefined && { text }),
    ...(image !== undefined && frame.images.has(image) && { image }),
    ...(labels.length > 0 && { questions: { note: `${frame.words.agentAsks}:`, labels } }),
    items: items.filter(({ key }) => key !== MORE_KEY && key !== PREVIOUS_KEY),
  };
}

/** What `*` and `#` do on this page. */
function hintsOf({ frame }: Sheet, { items, form, back }: PageMessage): Hint[] {
  const { words } = frame;
  const labelOf = (key: string): string | undefined => items.find((item) => item.key === key)?.label;
  const star = labelOf(PREVIOUS_KEY) ?? (back ? words.back : undefined);
  const hash = labelOf(MORE_KEY) ?? (form ? words.goOn : undefined);

  return [
    ...(star === undefined ? [] : [{ key: PREVIOUS_KEY, label: star }]),
    ...(hash === undefined ? [] : [{ key: MORE_KEY, label: hash }]),
  ];
}

function drawText(sheet: Sheet, { text, scale }: Arranged, top: number): number {
  const { metrics } = sheet.frame;
  const line = metrics.textLine * scale;
  for (const [i, words] of text.entries()) {
    sheet.line(words, { x: metrics.margin, y: top + (i + 0.5) * line, size: metrics.text * scale });
  }

  return text.length > 0 ? top + text.length * line + metrics.gap * 1.5 : top;
}

function drawQuestions(sheet: Sheet, { note, questions, scale }: Arranged, top: number): number {
  if (questions.length === 0) return top;
  const { metrics, palette } = sheet.frame;
  const [line, size] = [metrics.textLine * scale, metrics.text * scale];
  let y = top;
  for (const words of note) {
    sheet.line(words, { x: metrics.margin, y: y + line / 2, size, fill: palette.muted });
    y += line;
  }
  for (const label of questions) {
    y += metrics.gap;
    sheet.circle(metrics.margin + size * 0.35, y + line / 2, size * 0.2, palette.accent);
    for (const words of label) {
      sheet.line(words, { x: metrics.margin + size * 1.2, y: y + line / 2, size });
      y += line;
    }
  }

  return y + metrics.gap * 1.5;
}

function drawRows(sheet: Sheet, { rows, scale }: Arranged, top: number): void {
  const { metrics, width } = sheet.frame;
  const { margin, gap } = metrics;
  const [key, pad] = [metrics.key * scale, metrics.rowPad * scale];
  let y = top;
  for (const row of rows) {
    sheet.card({ x: margin, y, width: width - margin * 2, height: row.height }, key * 0.3);
    const size = key * 0.9;
    sheet.key(row.key, { x: margin + (key - size) / 2 + pad * 0.4, y: y + row.height / 2, size });
    const first = y + row.height / 2 - ((row.label.length - 1) / 2) * metrics.labelLine * scale;
    for (const [i, words] of row.label.entries()) {
      const at = { x: margin + key + metrics.rowPad * 2, y: first + i * metrics.labelLine * scale };
      sheet.line(words, { ...at, size: metrics.label * scale });
    }
    y += row.height + gap;
  }
}
