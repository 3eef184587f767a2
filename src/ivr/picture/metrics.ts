import { fontWidths } from './font-widths';
import { tabledRanges, TABLE_UNITS } from './fonts';

export type Weight = keyof typeof fontWidths;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Characters that stand on or join others and take no room of their own. */
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Where no table knows better a character takes a whole em, as those of Chinese, Japanese and Korean do. */
const EM = 1;

/** What people see as characters, in order. */
export function charactersOf(text: string): string[] {
  return [...graphemes.segment(text)].map(({ segment }) => segment);
}

/** The width of a text on one line in ems of its font; never less than what is drawn. */
export function widthOf(text: string, weight: Weight = 'regular'): number {
  let width = 0;
  for (const point of text) width += pointWidth(point, weight);

  return width;
}

function pointWidth(point: string, weight: Weight): number {
  const code = point.codePointAt(0) ?? 0;
  let index = 0;
  for (const [from, to] of tabledRanges) {
    if (code >= from && code <= to) return tabled(index + code - from, weight);
    index += to - from + 1;
  }

  return ZERO.test(point) ? 0 : EM;
}

function tabled(index: number, weight: Weight): number {
  return parseInt(fontWidths[weight].slice(index * 2, index * 2 + 2), 36) / TABLE_UNITS;
}
