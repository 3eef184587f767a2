/** Text that was decoded as latin1, read as the UTF-8 that it is (RFC 3261 section 7). */
export function decodeUtf8(latin1: string): string {
  return /[\x80-\xff]/.test(latin1) ? Buffer.from(latin1, 'latin1').toString('utf8') : latin1;
}
