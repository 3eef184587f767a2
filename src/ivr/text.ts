import { jsonBytes } from './codec';

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/**
 * Where to cut a text so that its head takes at most `room` bytes inside JSON: after a line, else after a word, else (a long word, or
 * a script that sets no spaces) between two characters as people see them. 0 when nothing fits.
 */
export function cutAt(text: string, room: number): number {
  let used = 0;
  let [line, word, end] = [0, 0, 0];
  for (const { segment, index } of graphemes.segment(text)) {
    used += jsonBytes(segment);
    if (used > room) return bestCut(line, word, end);
    end = index + segment.length;
    if (segment.endsWith('\n')) line = end;
    if (/\s$/u.test(segment)) word = end;
  }

  return text.length;
}

/** A cut that leaves the head shorter than half of what would fit wastes a page, so the next finer boundary is taken. */
function bestCut(line: number, word: number, end: number): number {
  if (line >= end / 2) return line;

  return word >= end / 2 ? word : end;
}

/** Where to cut between code points: for the rare character that is larger than a whole page. At least one goes into the head. */
export function cutAtCodePoint(text: string, room: number): number {
  let used = 0;
  let end = 0;
  for (const point of text) {
    used += jsonBytes(point);
    if (used > room && end > 0) break;
    end += point.length;
  }

  return end;
}

/** The text, or as much of it as `limit` bytes inside JSON hold, with an ellipsis where the rest was. */
export function clip(text: string, limit: number): string {
  if (jsonBytes(text) <= limit) return text;
  const room = limit - jsonBytes('…');

  return `${text.slice(0, cutAt(text, room)).trimEnd()}…`;
}
