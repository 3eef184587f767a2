import { ManualClock } from '../../../src/lib/clock';
import { createLogger } from '../../../src/lib/logger';
import type { Logger } from '../../../src/lib/logger';
import { Authenticator } from '../../../src/sip/registrar/authenticator';
import type { AuthPorts } from '../../../src/sip/registrar/authenticator';
import { digestResponse, makeNonce, newNonceKey } from '../../../src/sip/registrar/digest';
import type { DigestAlgorithm } from '../../../src/sip/registrar/digest';
import { MemoryReplayGuard } from '../../../src/sip/registrar/replay';
import { registrarSite } from '../../../src/sip/registrar/site';
import { Throttle } from '../../../src/sip/registrar/throttle';

export const demoPlan = {
  realm: 'sightline',
  domain: 'sightline.test',
  trustedNetworks: ['10.0.0.0/8'],
  terminals: new Map([
    ['1001', { password: 'demo-terminal' }],
    ['1002', { password: 'demo-terminal' }],
  ]),
  seats: new Map([['2001', { password: 'demo-seat' }]]),
};

export const demoSite = registrarSite(demoPlan, new Set(['127.0.0.1']));

/** A logger that keeps its lines. */
export function keepingLogger(): { log: Logger; lines: { level: number; msg: string; fault?: string }[] } {
  const lines: { level: number; msg: string; fault?: string }[] = [];

  return { lines, log: createLogger('info', { write: (line: string) => void lines.push(JSON.parse(line)) }) };
}

export function newAuthenticator(changes: Partial<AuthPorts> = {}) {
  const { log, lines } = keepingLogger();
  const clock = new ManualClock();
  const ports: AuthPorts = {
    site: () => demoSite,
    key: newNonceKey(),
    guard: new MemoryReplayGuard(300_000),
    throttle: new Throttle(),
    clock,
    log,
    ...changes,
  };

  return { authenticator: new Authenticator(ports), clock, lines, ports };
}

export interface RequestParts {
  method: string;
  uri: string;
  from: string;
  to: string;
  callId: string;
  cseq: number;
  headers: string[];
  body: string;
}

let serial = 0;

/** A request as text; what is not given is that of a REGISTER of terminal 1001. */
export function requestText(parts: Partial<RequestParts> = {}): string {
  serial += 1;
  const { method = 'REGISTER', from = '<sip:1001@sightline.test>', body = '', cseq = 1 } = parts;
  const lines = [
    `${method} ${parts.uri ?? 'sip:sightline.test'} SIP/2.0`,
    `Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bK${serial};rport=5070`,
    `From: ${from};tag=${serial}`,
    `To: ${parts.to ?? '<sip:1001@sightline.test>'}`,
    `Call-ID: ${parts.callId ?? `call-${serial}`}`,
    `CSeq: ${cseq} ${method}`,
    'Max-Forwards: 70',
    ...(parts.headers ?? []),
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];

  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

export interface AuthParts {
  username: string;
  realm: string;
  password: string;
  method: string;
  uri: string;
  nonce: string;
  nc: string;
  cnonce: string;
  algorithm: string;
  qop: string;
  hash: DigestAlgorithm;
}

/** An Authorization header line; what is not given is right for a REGISTER of terminal 1001. */
export function authorization(parts: Partial<AuthParts> & { nonce: string }): string {
  const all = {
    username: '1001',
    realm: 'sightline',
    password: 'demo-terminal',
    method: 'REGISTER',
    uri: 'sip:sightline.test',
    nc: '00000001',
    cnonce: 'abc',
    algorithm: 'SHA-256',
    qop: 'auth',
    ...parts,
  };
  const algorithm = parts.hash ?? (all.algorithm.startsWith('MD5') ? 'MD5' : 'SHA-256');
  const response = digestResponse({ ...all, algorithm });

  return (
    `Authorization: Digest username="${all.username}", realm="${all.realm}", nonce="${all.nonce}", uri="${all.uri}", ` +
    `response="${response}", algorithm=${all.algorithm}, cnonce="${all.cnonce}", qop=${all.qop}, nc=${all.nc}`
  );
}

/** The nonce of a challenge. */
export function nonceOf(challenge: string | undefined): string {
  return /nonce="([^"]+)"/.exec(challenge ?? '')?.[1] ?? '';
}

/** A nonce that this authenticator would have issued. */
export function nonceFor(ports: AuthPorts, options: { age?: number; source?: string } = {}): string {
  return makeNonce(ports.key, ports.clock.now() - (options.age ?? 0), options.source ?? '192.0.2.1');
}
