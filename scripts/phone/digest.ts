import { createHash, randomBytes } from 'node:crypto';
import { splitList, type SipMsg } from './message';

export type Algorithm = 'SHA-256' | 'MD5';

export interface Challenge {
  proxy: boolean;
  realm: string;
  nonce: string;
  opaque: string | undefined;
  algorithm: Algorithm;
  qop: boolean;
  stale: boolean;
}

export interface Credentials {
  user: string;
  password: string;
}

/** The challenges of a 401 or 407, one for each algorithm that this phone knows (RFC 7616, RFC 8760). */
export function challengesOf(response: SipMsg): Challenge[] {
  const proxy = response.status === 407;
  const found: Challenge[] = [];
  for (const value of response.headers(proxy ? 'proxy-authenticate' : 'www-authenticate')) {
    if (!/^digest\s/i.test(value)) continue;
    const params = paramsOf(value.slice(7));
    const algorithm = (params.get('algorithm') ?? 'MD5').toUpperCase();
    if (algorithm !== 'MD5' && algorithm !== 'SHA-256') continue;
    const qop = (params.get('qop') ?? '').split(',').map((one) => one.trim().toLowerCase());
    found.push({
      proxy,
      realm: params.get('realm') ?? '',
      nonce: params.get('nonce') ?? '',
      opaque: params.get('opaque'),
      algorithm,
      qop: qop.includes('auth'),
      stale: params.get('stale')?.toLowerCase() === 'true',
    });
  }

  return found;
}

function paramsOf(text: string): Map<string, string> {
  const params = new Map<string, string>();
  for (const part of splitList([text])) {
    const equals = part.indexOf('=');
    if (equals < 1) continue;
    const raw = part.slice(equals + 1).trim();
    params.set(part.slice(0, equals).trim().toLowerCase(), raw.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1'));
  }

  return params;
}

/** Keeps the last challenge of a server, so that later requests carry credentials at once with a rising nonce count. */
export class DigestClient {
  private challenge: Challenge | undefined;
  private count = 0;
  private readonly cnonce = randomBytes(8).toString('hex');

  constructor(
    readonly credentials: Credentials,
    private readonly preference: readonly Algorithm[] = ['SHA-256', 'MD5'],
  ) {}

  /** Takes the challenge of a 401/407; false when none of its algorithms is known or wanted. */
  accept(response: SipMsg): boolean {
    const offered = challengesOf(response);
    for (const algorithm of this.preference) {
      const challenge = offered.find((one) => one.algorithm === algorithm);
      if (!challenge) continue;
      this.challenge = challenge;
      this.count = 0;

      return true;
    }

    return false;
  }

  /** The whole header line for a request, or undefined before the first challenge. */
  header(method: string, uri: string): string | undefined {
    if (!this.challenge) return undefined;
    this.count++;
    const line = authorization(this.challenge, this.credentials, method, uri, this.count, this.cnonce);

    return `${this.challenge.proxy ? 'Proxy-Authorization' : 'Authorization'}: ${line}`;
  }

  forget(): void {
    this.challenge = undefined;
  }
}

/** The value of an Authorization header (RFC 7616 section 3.4). */
export function authorization(
  challenge: Challenge,
  credentials: Credentials,
  method: string,
  uri: string,
  count: number,
  cnonce: string,
): string {
  const hash = (text: string): string =>
    createHash(challenge.algorithm === 'MD5' ? 'md5' : 'sha256')
      .update(text)
      .digest('hex');
  const a1 = hash(`${credentials.user}:${challenge.realm}:${credentials.password}`);
  const a2 = hash(`${method}:${uri}`);
  const nc = count.toString(16).padStart(8, '0');
  const answer = challenge.qop
    ? hash(`${a1}:${challenge.nonce}:${nc}:${cnonce}:auth:${a2}`)
    : hash(`${a1}:${challenge.nonce}:${a2}`);
  let line =
    `Digest username="${credentials.user}",realm="${challenge.realm}",nonce="${challenge.nonce}",uri="${uri}",` +
    `response="${answer}",algorithm=${challenge.algorithm}`;
  if (challenge.qop) line += `,qop=auth,nc=${nc},cnonce="${cnonce}"`;
  if (challenge.opaque !== undefined) line += `,opaque="${challenge.opaque}"`;

  return line;
}
