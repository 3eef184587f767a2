import { randomFillSync } from 'node:crypto';

/** Random bytes that nobody has had yet: asking the system for a few at a time costs more than all that is done with them. */
const pool = Buffer.allocUnsafe(4096);
let used = pool.length;

/** Random bytes of the system, as text; no byte is given out twice. */
function randomText(bytes: number, encoding: 'base64url' | 'hex'): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;

  return pool.toString(encoding, used - bytes, used);
}

/** A new id that is unguessable and sorts nowhere: `<prefix>_<16 base64url characters>`. */
export function newId(prefix: string): string {
  return `${prefix}_${randomText(12, 'base64url')}`;
}

/** A token of 128 random bits in hexadecimal: fencing tokens, SIP tags, nonces. */
export function newToken(): string {
  return randomText(16, 'hex');
}
