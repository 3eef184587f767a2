import { readFileSync, writeFileSync } from 'node:fs';
import { FONT_FILES, tabledRanges, TABLE_UNITS } from '../src/ivr/picture/fonts';
import { inProject } from '../src/lib/paths';

/**
 * Writes src/ivr/picture/font-widths.ts from the fonts that pictures are drawn with, so that lines can be broken without reading them.
 * Run: npm run build && node dist/scripts/write-font-widths.js
 */

/** The advance width of characters by the tables hmtx and cmap (format 4) of a TrueType font, in ems. */
export function widthReader(font: Buffer): (code: number) => number {
  const tables = new Map<string, number>();
  for (let i = 0; i < font.readUInt16BE(4); i++) {
    const entry = 12 + i * 16;
    tables.set(font.toString('latin1', entry, entry + 4), font.readUInt32BE(entry + 8));
  }
  const at = (name: string): number => tables.get(name) ?? 0;
  const unitsPerEm = font.readUInt16BE(at('head') + 18);
  const metrics = font.readUInt16BE(at('hhea') + 34);
  const glyphOf = cmapFormat4(font, at('cmap'));

  return (code) => font.readUInt16BE(at('hmtx') + Math.min(glyphOf(code), metrics - 1) * 4) / unitsPerEm;
}

function cmapFormat4(font: Buffer, cmap: number): (code: number) => number {
  const subtables = Array.from(
    { length: font.readUInt16BE(cmap + 2) },
    (_, i) => cmap + font.readUInt32BE(cmap + 8 + i * 8),
  );
  const table = subtables.find((offset) => font.readUInt16BE(offset) === 4);
  if (table === undefined) throw new Error('The font has no character map of format 4');
  const count = font.readUInt16BE(table + 6) / 2;
  const [ends, starts] = [table + 14, table + 16 + count * 2];
  const [deltas, ranges] = [starts + count * 2, starts + count * 4];

  return (code) => {
    const segment = Array.from({ length: count }).findIndex((_, i) => code <= font.readUInt16BE(ends + i * 2));
    if (segment < 0 || font.readUInt16BE(starts + segment * 2) > code) return 0;
    const delta = font.readUInt16BE(deltas + segment * 2);
    const range = font.readUInt16BE(ranges + segment * 2);
    if (range === 0) return (code + delta) & 0xffff;
    const glyph = font.readUInt16BE(
      ranges + segment * 2 + range + (code - font.readUInt16BE(starts + segment * 2)) * 2,
    );

    return glyph === 0 ? 0 : (glyph + delta) & 0xffff;
  };
}

/** Two digits of base 36 for each character: its width in thousandths of an em, rounded up. */
export function widthTable(file: string): string {
  const widthOf = widthReader(readFileSync(file));
  const codes = tabledRanges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));

  return codes
    .map((code) =>
      Math.ceil(widthOf(code) * TABLE_UNITS)
        .toString(36)
        .padStart(2, '0'),
    )
    .join('');
}

function source(): string {
  const lines = (table: string): string => (table.match(/.{1,110}/g) ?? []).map((line) => `    '${line}'`).join(' +\n');

  return [
    '/** Advance widths of DejaVu Sans; made by scripts/write-font-widths.ts, which says how, and not edited by hand. */',
    'export const fontWidths = {',
    `  regular:\n${lines(widthTable(FONT_FILES.regular))},`,
    `  bold:\n${lines(widthTable(FONT_FILES.bold))},`,
    '} as const;\n',
  ].join('\n');
}

if (require.main === module) writeFileSync(inProject('src', 'ivr', 'picture', 'font-widths.ts'), source());
