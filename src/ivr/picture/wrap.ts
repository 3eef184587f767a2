import { charactersOf, type Weight, widthOf } from './metrics';

/** Signs that must not stand at the beginning of a line, in scripts that break between any two characters. */
const NOT_FIRST = /^[、。，．：；！？）」』】〉》〕…ー々％!?,.:;)\]}%]/u;
/** Characters beside which a line may end without a space. */
const BREAKS_ANYWHERE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u;

/** A line and what stood between it and the next one: a break of the text's own, a space, or nothing. */
export interface Line {
  readonly text: string;
  readonly end: '\n' | ' ' | '';
}

/**
 * Breaks a text into lines of at most `room` ems: between words, between Chinese characters, and inside a word only where it is wider
 * than a line. Line breaks of the text are kept; nothing is left out but the spaces at the breaks.
 */
export function wrap(text: string, room: number, weight: Weight = 'regular'): string[] {
  return linesOf(text, room, weight).map((line) => line.text);
}

/** As `wrap`, with what is needed to join lines to a text again. */
export function linesOf(text: string, room: number, weight: Weight = 'regular'): Line[] {
  return text
    .replace(/\s+$/u, '')
    .split('\n')
    .flatMap((paragraph) => wrapParagraph(paragraph.trim(), room, weight));
}

/** The text that these lines are, to be broken anew. */
export function joined(lines: readonly Line[]): string {
  return lines.map(({ text, end }, i) => (i < lines.length - 1 ? text + end : text)).join('');
}

function wrapParagraph(paragraph: string, room: number, weight: Weight): Line[] {
  const lines: Line[] = [];
  let [line, used] = ['', 0];
  for (const piece of piecesOf(paragraph)) {
    const width = widthOf(piece, weight);
    if (used + width <= room) {
      line += piece;
      used += width;
      continue;
    }
    if (line.trim() !== '') lines.push({ text: line.trim(), end: piece.startsWith(' ') ? ' ' : '' });
    const [full, rest] = divided(piece.trimStart(), room, weight);
    lines.push(...full.map((text): Line => ({ text, end: '' })));
    [line, used] = [rest, widthOf(rest, weight)];
  }
  const last = line.trim();
  if (last !== '' || lines.length === 0) return [...lines, { text: last, end: '\n' }];

  return lines.map((one, i) => (i === lines.length - 1 ? { ...one, end: '\n' } : one));
}

/** What must stay together on a line, each with the space before it. */
function piecesOf(paragraph: string): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of charactersOf(paragraph)) {
    const isSpace = character.trim() === '';
    const opens = isSpace ? piece.trim() !== '' : mayBreak(piece, character);
    if (opens && piece !== '') {
      pieces.push(piece);
      piece = '';
    }
    piece += isSpace ? ' ' : character;
  }

  return piece === '' ? pieces : [...pieces, piece];
}

function mayBreak(before: string, character: string): boolean {
  const last = before.at(-1) ?? ' ';
  if (/\s/u.test(last) || NOT_FIRST.test(character)) return false;

  return BREAKS_ANYWHERE.test(character) || BREAKS_ANYWHERE.test(last);
}

/** A piece that is wider than a line, in full lines and what is left. */
function divided(piece: string, room: number, weight: Weight): [string[], string] {
  const full: string[] = [];
  let line = '';
  for (const character of charactersOf(piece)) {
    if (line !== '' && widthOf(line + character, weight) > room) {
      full.push(line);
      line = '';
    }
    line += character;
  }

  return [full, line];
}

/** At most `most` lines; where there is more, the last one ends in an ellipsis. */
export function wrapAtMost(text: string, room: number, most: number, weight: Weight = 'regular'): string[] {
  const lines = wrap(text, room, weight);
  if (lines.length <= most) return lines;
  let last = charactersOf(lines[most - 1] ?? '');
  while (last.length > 0 && widthOf(`${last.join('')}…`, weight) > room) last = last.slice(0, -1);

  return [...lines.slice(0, most - 1), `${last.join('').trimEnd()}…`];
}
