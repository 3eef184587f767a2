import { fontWidths } from './font-widths';
import { tabledRanges, TABLE_UNITS } from './fonts';

export type Weight = keyof typeof fontWidths;

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
/** Characters that stand on or join others and take no room of their own. */
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** Where no table knows better a character takes a whole em, as those of Chinese, Japanese and Korean do. */
const EM = 1;

/** Texts in which no sign joins another: Latin, Greek, Cyrillic, Chinese, Japanese. They need no dictionary to be taken apart. */
const SIMPLE =
  /^[\n\x20-\u02ff\u0370-\u0482\u048a-\u04ff\u2010-\u2027\u3000-\u3029\u3041-\u3096\u30a0-\u9fff\uff00-\uffef]*$/u;

/** What people see as characters, in order. */
export function charactersOf(text: string): string[] {
  if (SIMPLE.test(text)) return [...text];

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
  const known = widths[weight][code];
  if (known !== undefined && known >= 0) return known;

  return ZERO.test(point) ? 0 : EM;
}

const widths: Readonly<Record<Weight, Float64Array>> = { regular: tableOf('regular'), bold: tableOf('bold') };

/** Widths by code point; -1 where there is none. */
function tableOf(weight: Weight): Float64Array {
  const last = Math.max(...tabledRanges.map(([, to]) => to));
  const table = new Float64Array(last + 1).fill(-1);
  let index = 0;
  for (const [from, to] of tabledRanges) {
    for (let code = from; code <= to; code++) {
      table[code] = parseInt(fontWidths[weight].slice(index * 2, index * 2 + 2), 36) / TABLE_UNITS;
      index++;
    }
  }

  return table;
}
