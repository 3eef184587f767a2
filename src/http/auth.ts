import { createHash, timingSafeEqual } from 'node:crypto';
import type { Throttle } from '../sip/registrar/throttle';
import { SightlineError } from '../lib/errors';

/** Who asks: an operator or another system with the API token, or a terminal with its own password. */
export type HttpCaller = { kind: 'api' } | { kind: 'terminal'; user: string };

export interface Credentials {
  apiToken: string;
  /** The password of a terminal; undefined when there is no such terminal. */
  terminalPassword(user: string): string | undefined;
}

/** What slows down the guessing of passwords; best the one that the registrar uses, for they are the same passwords. */
export interface GuessGuard {
  throttle: Throttle;
  /** The address that the request came from. */
  source: string;
  /** Milliseconds since the epoch. */
  now: number;
}

/**
 * Reads the Authorization header: `Bearer <api token>` (RFC 6750) or `Basic <terminal:password>` (RFC 7617).
 *
 * @throws SightlineError AUTH_REQUIRED when it is missing or wrong; the answer does not tell which. FORBIDDEN while a
 *   terminal is blocked after too many wrong passwords, as in SIP.
 */
export function authenticate(header: string | undefined, credentials: Credentials, guard: GuessGuard): HttpCaller {
  const [scheme, value] = split(header);
  if (scheme === 'bearer' && sameSecret(value, credentials.apiToken)) return { kind: 'api' };
  if (scheme === 'basic') return authenticateTerminal(value, credentials, guard);
  throw new SightlineError('AUTH_REQUIRED');
}

function authenticateTerminal(value: string, credentials: Credentials, guard: GuessGuard): HttpCaller {
  const { throttle, source, now } = guard;
  const [user, password] = decodeBasic(value);
  const blocked = throttle.blockedFor(source, user, now);
  if (blocked > 0) {
    throw new SightlineError('FORBIDDEN', 'Too many wrong passwords; try again later', { retryAfter: blocked / 1000 });
  }
  const expected = credentials.terminalPassword(user);
  // The comparison is made for unknown users too, so that time does not tell them from known ones.
  const same = sameSecret(password, expected ?? 'no such terminal');
  if (!same || expected === undefined) {
    throttle.failed(source, user, now);
    throw new SightlineError('AUTH_REQUIRED');
  }
  throttle.succeeded(source, user);

  return { kind: 'terminal', user };
}

function split(header: string | undefined): [string, string] {
  const space = header?.indexOf(' ') ?? -1;
  if (!header || space < 0) return ['', ''];

  return [header.slice(0, space).toLowerCase(), header.slice(space + 1).trim()];
}

function decodeBasic(value: string): [string, string] {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');

  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

/**
 * Compares two secrets in a time that depends on neither: digests have one length, whatever was sent. Nothing is no
 * secret, and equals nothing.
 */
export function sameSecret(given: string, expected: string): boolean {
  if (expected === '') return false;
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

  return timingSafeEqual(digest(given), digest(expected));
}
