/** What stands between the words that a program is given. */
export const WORD_END = '\x1d';
/** Between the rows of a message. */
export const ROW_END = '\x1e';
/** Between the fields of a record. */
export const FIELD_END = '\x1f';

const separators = new RegExp(`[${WORD_END}${ROW_END}${FIELD_END}]`, 'g');
/** Above all separators and below the surrogates a character is one that may stand anywhere. */
const LAST_SEPARATOR = FIELD_END.charCodeAt(0);
const FIRST_SURROGATE = 0xd800;

/**
 * The text as the store takes it: with spaces in the place of the characters that stand between words, rows and fields, which
 * nobody types, and without halves of pairs of surrogates, which are no characters: JSON in Redis would refuse them, and with them all
 * that they stand in.
 */
export function storedText(text: string): string {
  // Every argument of every verb comes by here, and most are short: looking at each character costs less than asking two functions.
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code <= LAST_SEPARATOR || code >= FIRST_SURROGATE) return text.toWellFormed().replace(separators, ' ');
  }

  return text;
}
