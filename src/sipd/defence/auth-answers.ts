import type { SipRequest, SipResponse } from '../message/message';
import { isStream } from '../transport/flow';
import type { Flow } from '../transport/types';
import type { Defence } from './defence';
import { noncesIn } from './nonces';
import type { AuthFailure } from './security-log';

export interface AuthAnswersPorts {
  defence: Pick<Defence, 'authFailed' | 'authSucceeded' | 'trusts' | 'wrote'>;
  /** Told of each failure of a source that is not trusted. */
  failed?: ((failure: AuthFailure) => void) | undefined;
  /** Challenges that are remembered; beyond it the oldest are forgotten. */
  capacity: number;
}

const isStale = /\bstale\s*=\s*"?true\b/i;

/**
 * Learns from the answers of an application whose credentials were right, where it does not tell: a request with
 * credentials is challenged again or, a REGISTER, forbidden (RFC 3261 sections 22.2 and 22.3). A datagram may bear the address
 * of anybody, so it only counts with a nonce that was sent to that address before: whoever has one has read what came there.
 */
export class AuthAnswers {
  /** The method that was challenged, by source and nonce. */
  private readonly challenged = new Map<string, string>();

  constructor(private readonly ports: AuthAnswersPorts) {}

  get size(): number {
    return this.challenged.size;
  }

  /** A final answer of the application. */
  readonly answered = (request: SipRequest, response: SipResponse, flow: Flow): void => {
    const source = flow.remote.address;
    if (this.ports.defence.trusts(source)) return;
    const given = [...request.headers.all('Authorization'), ...request.headers.all('Proxy-Authorization')];
    if (given.length > 0) this.judge(request, response, flow, given);
    // The nonce of a challenge that is handed on from somebody else is one that he knows, too.
    const challenges = this.ports.defence.wrote(response, flow) ? challengesOf(response) : [];
    for (const nonce of challenges.flatMap(noncesIn)) this.remember(keyOf(source, nonce), request.method);
  };

  private judge(request: SipRequest, response: SipResponse, flow: Flow, given: string[]): void {
    const source = flow.remote.address;
    const methods = given.flatMap(noncesIn).map((nonce) => this.challenged.get(keyOf(source, nonce)));
    // A method that the application challenges is one whose credentials it looks at.
    if (isSuccess(response)) {
      if (methods.includes(request.method)) this.ports.defence.authSucceeded(source);
      return;
    }
    const isProven = isStream(flow.transport) || methods.some((method) => method !== undefined);
    if (!isProven || !isRefused(request, response)) return;
    this.ports.defence.authFailed(source);
    const [first = ''] = given;
    this.ports.failed?.({
      source,
      method: request.method,
      user: read(first, 'username'),
      domain: read(first, 'realm'),
    });
  }

  private remember(key: string, method: string): void {
    this.challenged.delete(key);
    this.challenged.set(key, method);
    const oldest = this.challenged.size > this.ports.capacity ? this.challenged.keys().next().value : undefined;
    if (oldest !== undefined) this.challenged.delete(oldest);
  }
}

function isSuccess({ status }: SipResponse): boolean {
  return status >= 200 && status < 300;
}

/** 403 to other methods tells what the caller may do, not who he is. */
function isRefused(request: SipRequest, response: SipResponse): boolean {
  if (response.status === 403) return request.method === 'REGISTER';
  const challenges = challengesOf(response);

  return challenges.length > 0 && !challenges.some((challenge) => isStale.test(challenge));
}

function challengesOf({ status, headers }: SipResponse): string[] {
  if (status === 401) return headers.all('WWW-Authenticate');

  return status === 407 ? headers.all('Proxy-Authenticate') : [];
}

/** Joined, as a template would keep the message that the nonce was cut from. */
function keyOf(source: string, nonce: string): string {
  return [source, nonce].join(' ');
}

function read(credentials: string, name: string): string {
  return new RegExp(`\\b${name}\\s*=\\s*"((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(credentials)?.[1] ?? '';
}
