/** What stands between the words that a program is given. */
export const WORD_END = '\x1d';
/** Between the rows of a message. */
export const ROW_END = '\x1e';
/** Between the fields of a record. */
export const FIELD_END = '\x1f';

const separators = new RegExp(`[${WORD_END}${ROW_END}${FIELD_END}]`, 'g');

/** The text with spaces in the place of the characters that stand between words, rows and fields; nobody types them. */
export function withoutSeparators(text: string): string {
  return text.search(separators) < 0 ? text : text.replace(separators, ' ');
}
