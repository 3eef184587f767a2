import { randomFillSync } from 'node:crypto';

/** Random bytes that are not used yet: asking for many at once costs less than asking each time. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

function take(bytes: number, encoding: 'base64url' | 'hex'): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString(encoding, used, used + bytes);
  // What is out in the world as an id is not left in memory.
  pool.fill(0, used, used + bytes);
  used += bytes;

  return text;
}

/** A new id that is unguessable and sorts nowhere: `<prefix>_<16 base64url characters>`. */
export function newId(prefix: string): string {
  return `${prefix}_${take(12, 'base64url')}`;
}

/** A token of 128 random bits in hexadecimal: fencing tokens, SIP tags, nonces. */
export function newToken(): string {
  return take(16, 'hex');
}
