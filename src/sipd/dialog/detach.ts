/**
 * A copy of the text that shares nothing with it. Engines make a slice of a long string a window on it, so that a tag
 * kept for hours would keep the whole message that it came in.
 */
export function detach(text: string): string {
  return text.length < 13 ? text : Buffer.from(text, 'utf8').toString('utf8');
}
