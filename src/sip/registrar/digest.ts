import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { SightlineError } from '../../lib/errors';

/** Algorithms that the registrar offers, best first (RFC 8760 section 2.4). */
export const digestAlgorithms = ['SHA-256', 'MD5'] as const;
export type DigestAlgorithm = (typeof digestAlgorithms)[number];

const hashNames: Record<DigestAlgorithm, string> = { 'SHA-256': 'sha256', MD5: 'md5' };

/** Longer Authorization headers are refused unread: the longest honest one is a quarter of it. */
const MAX_HEADER = 4_096;
const MAX_CREDENTIALS = 8;
const MAC_LENGTH = 16;
const STAMP_LENGTH = 6;
const RANDOM_LENGTH = 10;
const NONCE_LENGTH = STAMP_LENGTH + RANDOM_LENGTH + MAC_LENGTH;

/** The parameters of one `Digest` credential as they stood in the header: without quotes, escapes kept (RFC 7616 unq()). */
export interface Credentials {
  username: string;
  realm: string;
  nonce: string;
  uri: string;
  response: string;
  /** As sent; MD5 when absent (RFC 7616 section 3.3). */
  algorithm: string;
  qop?: string;
  cnonce?: string;
  nc?: string;
  userhash: boolean;
}

/** Why credentials were not accepted; for the log only, clients always get the same answer. */
export type DigestFault =
  | 'algorithm'
  | 'qop'
  | 'userhash'
  | 'uri'
  | 'unknown user'
  | 'wrong password'
  | 'nonce expired'
  | 'nonce not ours'
  | 'nonce count';

export type Verdict =
  | { outcome: 'accepted'; user: string; nonce: string; nonceCount: number; issuedAt: number }
  /**
   * The nonce is not one that this source may use now, so nothing else was looked at: the client may go on with a new one
   * unasked (RFC 7616 section 3.3).
   */
  | { outcome: 'stale'; user: string; fault: DigestFault }
  /** Of a source that has read a challenge of ours: no sender of datagrams does this in another's name. */
  | { outcome: 'refused'; user: string; fault: DigestFault };

// None of these begins with what parts two of them: where blanks could be read in several ways, a row of them would take for ever.
const separators = /[\s,]*/y;
const scheme = /([A-Za-z][\w!#$%&'*+.^`|~-]*)[ \t\r\n]+(?=[^\s=,])/y;
const parameter = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\\p{Cc}]|\\[\x20-\x7e])*)"|([^\s",]+))\s*(?=,|$)/uy;
const foreign = /(?:[^",]|"(?:[^"\\]|\\.)*")+(?=,|$)/y;

/**
 * Reads every Digest credential of an Authorization header. Several headers may stand in one, joined by commas;
 * credentials of other schemes are passed over (RFC 7235 section 2.1, RFC 3261 section 22.3).
 *
 * @throws SightlineError BAD_REQUEST when it is too long, cannot be read or lacks a parameter.
 */
export function parseAuthorization(header: string): Credentials[] {
  if (header.length > MAX_HEADER) throw bad('is too long');
  const text = header.replace(/[\s,]+$/, '');
  const found: Map<string, string>[] = [];
  let current: Map<string, string> | undefined;
  for (let at = 0; at < text.length;) {
    at += matchAt(separators, text, at)?.[0].length ?? 0;
    const named = matchAt(scheme, text, at);
    if (named) {
      current = named[1]?.toLowerCase() === 'digest' ? new Map() : undefined;
      if (current) found.push(current);
      at += named[0].length;
    } else {
      at += current ? readParameter(text, at, current) : skipForeign(text, at);
    }
    if (found.length > MAX_CREDENTIALS) throw bad('holds too many credentials');
  }

  return found.map(toCredentials);
}

function readParameter(header: string, at: number, into: Map<string, string>): number {
  const match = matchAt(parameter, header, at);
  if (!match) throw bad('cannot be read');
  const name = (match[1] ?? '').toLowerCase();
  if (into.has(name)) throw bad(`has ${name} twice`);
  into.set(name, match[2] ?? match[3] ?? '');

  return match[0].length;
}

function skipForeign(header: string, at: number): number {
  const match = matchAt(foreign, header, at);
  if (!match) throw bad('cannot be read');

  return match[0].length;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;

  return pattern.exec(text);
}

function toCredentials(map: Map<string, string>): Credentials {
  const need = (name: string): string => {
    const value = map.get(name);
    if (value === undefined) throw bad(`lacks ${name}`);

    return value;
  };
  const qop = map.get('qop');
  if (qop !== undefined && !/^[0-9a-f]{8}$/i.test(need('nc'))) throw bad('has a bad nonce count');

  return {
    username: need('username'),
    realm: need('realm'),
    nonce: need('nonce'),
    uri: need('uri'),
    response: need('response'),
    algorithm: map.get('algorithm') ?? 'MD5',
    qop,
    cnonce: qop === undefined ? undefined : need('cnonce'),
    nc: map.get('nc'),
    userhash: map.get('userhash')?.toLowerCase() === 'true',
  };
}

function bad(what: string): SightlineError {
  return new SightlineError('BAD_REQUEST', `The Authorization header ${what}`);
}

/** The algorithm that a client named, or undefined when it is none of ours (-sess variants and others). */
export function offeredAlgorithm(name: string): DigestAlgorithm | undefined {
  return digestAlgorithms.find((offered) => offered.toLowerCase() === name.toLowerCase());
}

export interface DigestInput {
  algorithm: DigestAlgorithm;
  username: string;
  realm: string;
  password: string;
  method: string;
  uri: string;
  nonce: string;
  nc: string;
  cnonce: string;
}

/** The `response` of RFC 7616 section 3.4.1 with qop=auth, in lower-case hexadecimal. */
export function digestResponse(input: DigestInput): string {
  const hash = (text: string): string => createHash(hashNames[input.algorithm]).update(text).digest('hex');
  const ha1 = hash(`${input.username}:${input.realm}:${input.password}`);
  const ha2 = hash(`${input.method}:${input.uri}`);

  return hash([ha1, input.nonce, input.nc, input.cnonce, 'auth', ha2].join(':'));
}

/** The key that nonces are signed with; nodes that serve one site share it. */
export type NonceKey = Buffer;

export function newNonceKey(): NonceKey {
  return randomBytes(32);
}

/**
 * A nonce that proves its own age and origin: time, random bits and a signature over both and over `source` (the
 * address of the client), so that a nonce overheard on its way is of no use elsewhere. Nothing is stored.
 */
export function makeNonce(key: NonceKey, now: number, source: string): string {
  const head = Buffer.alloc(STAMP_LENGTH);
  head.writeUIntBE(now, 0, STAMP_LENGTH);
  const payload = Buffer.concat([head, randomBytes(RANDOM_LENGTH)]);

  return Buffer.concat([payload, sign(key, payload, source)]).toString('base64url');
}

/** When the nonce was issued (ms), or undefined when it was not issued by us to this source. */
export function readNonce(key: NonceKey, nonce: string, source: string): number | undefined {
  const bytes = Buffer.from(nonce, 'base64url');
  // Decoding is lenient; a nonce written in another way would have a nonce count of its own.
  if (bytes.length !== NONCE_LENGTH || bytes.toString('base64url') !== nonce) return undefined;
  const payload = bytes.subarray(0, STAMP_LENGTH + RANDOM_LENGTH);
  if (!timingSafeEqual(sign(key, payload, source), bytes.subarray(payload.length))) return undefined;

  return payload.readUIntBE(0, STAMP_LENGTH);
}

function sign(key: NonceKey, payload: Buffer, source: string): Buffer {
  return createHmac('sha256', key).update(payload).update(source).digest().subarray(0, MAC_LENGTH);
}

/** The value of one WWW-Authenticate header (RFC 7616 section 3.3). */
export function challenge(realm: string, nonce: string, algorithm: DigestAlgorithm, stale: boolean): string {
  const realmText = realm.replace(/["\\\p{Cc}]/gu, '');

  return `Digest realm="${realmText}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`;
}

export interface DigestContext {
  key: NonceKey;
  realm: string;
  method: string;
  requestUri: string;
  /** The address that the request came from. */
  source: string;
  /** Milliseconds since the epoch. */
  now: number;
  /** Milliseconds for which a nonce may be used. */
  nonceLifetime: number;
  /** The password of a user, undefined when there is no such user. */
  passwordOf(user: string): string | undefined;
  /** Whether the digest-uri may stand for the request-URI; see `sameResource`. */
  uriFits(digestUri: string, requestUri: string): boolean;
}

/** Hashed in place of the password of a user who does not exist, so that both answers take the same work. */
const dummyPassword = randomBytes(16).toString('hex');

/**
 * Judges credentials of our realm, all but the nonce count, which needs a memory (see replay.ts). The nonce comes first:
 * without one of ours a guess is told nothing, and cannot be held against the address that it seems to come from. Every path
 * that depends on the user does the same work, and the caller must answer every refusal alike.
 */
export function checkCredentials(credentials: Credentials, context: DigestContext): Verdict {
  const user = credentials.username;
  const algorithm = offeredAlgorithm(credentials.algorithm);
  const refuse = (fault: DigestFault): Verdict => ({ outcome: 'refused', user, fault });
  const issuedAt = readNonce(context.key, credentials.nonce, context.source);
  if (issuedAt === undefined) return { outcome: 'stale', user, fault: 'nonce not ours' };
  // Of the future, when the clocks of two nodes differ too much.
  if (Math.abs(context.now - issuedAt) > context.nonceLifetime)
    return { outcome: 'stale', user, fault: 'nonce expired' };
  if (!algorithm) return refuse('algorithm');
  // Without qop there is neither a client nonce nor a count (RFC 2069): too weak, and RFC 8760 section 2.6 demands qop.
  if (credentials.qop?.toLowerCase() !== 'auth') return refuse('qop');
  if (credentials.userhash) return refuse('userhash');
  if (!context.uriFits(credentials.uri, context.requestUri)) return refuse('uri');

  const password = context.passwordOf(user);
  const matches = responseMatches(credentials, algorithm, context.method, password ?? dummyPassword);
  if (password === undefined) return refuse('unknown user');
  if (!matches) return refuse('wrong password');

  return { outcome: 'accepted', user, nonce: credentials.nonce, nonceCount: Number(`0x${credentials.nc}`), issuedAt };
}

function responseMatches(
  credentials: Credentials,
  algorithm: DigestAlgorithm,
  method: string,
  password: string,
): boolean {
  const { username, realm, uri, nonce, nc = '', cnonce = '' } = credentials;
  const expected = digestResponse({ algorithm, username, realm, password, method, uri, nonce, nc, cnonce });
  const given = Buffer.from(credentials.response.toLowerCase(), 'latin1');
  const wanted = Buffer.from(expected, 'latin1');

  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
