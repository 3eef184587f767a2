import { randomBytes } from 'node:crypto';

/** A new id that is unguessable and sorts nowhere: `<prefix>_<16 base64url characters>`. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBytes(12).toString('base64url')}`;
}

/** A token of 128 random bits in hexadecimal: fencing tokens, SIP tags, nonces. */
export function newToken(): string {
  return randomBytes(16).toString('hex');
}
