import type { Clock } from '../../lib/clock';
import { SightlineError, asSightlineError } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import { sameResource } from './address';
import { offerFor } from './compat';
import { challenge, checkCredentials, makeNonce, offeredAlgorithm, parseAuthorization } from './digest';
import type { Credentials, DigestFault, NonceKey, Verdict } from './digest';
import { refuse } from './exchange';
import type { SipRequest, SipResponse } from './exchange';
import type { ReplayGuard } from './replay';
import type { Throttle } from './throttle';

/** Milliseconds for which a nonce may be used, unless the site says otherwise. */
export const NONCE_LIFETIME = 300_000;

/** What identity checks need to know of the site. The dialplan in force answers, so that edits count at once. */
export interface AuthSite {
  readonly realm: string;
  passwordOf(user: string): string | undefined;
  /** True for the site's domain and for the server's own addresses. */
  isOurHost(host: string): boolean;
  /** True for addresses in the site's trusted networks. */
  isTrusted(address: string): boolean;
}

/** Whoever wants to know how the credentials of a source turned out. */
export interface AuthWatcher {
  failed(failure: { source: string; method: string; user: string; domain: string }): void;
  succeeded(source: string): void;
}

export interface AuthPorts {
  site(): AuthSite;
  key: NonceKey;
  guard: ReplayGuard;
  throttle: Throttle;
  /** Told of what came from untrusted addresses: for bans, and for the log that fail2ban reads. */
  watch?: AuthWatcher;
  clock: Clock;
  log: Logger;
  /** Milliseconds, default NONCE_LIFETIME. */
  nonceLifetime?: number;
}

/** Digest authentication of requests (RFC 3261 section 22, RFC 7616, RFC 8760): the same for REGISTER, INVITE, MESSAGE. */
export class Authenticator {
  constructor(private readonly ports: AuthPorts) {}

  /**
   * The user whose credentials the request carries. Without good ones the request is answered here (401 with a
   * challenge, 403 while blocked, 400, 503) and the result is undefined.
   */
  async authenticate(req: SipRequest, res: SipResponse): Promise<string | undefined> {
    try {
      const credentials = this.ownCredentials(req);
      if (!credentials) return this.challenge(req, res, false);
      if (!this.isBlocked(req, credentials)) return await this.judge(req, res, credentials);
      refuse(res, new SightlineError('FORBIDDEN'));
    } catch (thrown) {
      const error = asSightlineError(thrown);
      if (error.code === 'INTERNAL') this.ports.log.error({ err: thrown }, 'authentication failed');
      refuse(res, error);
    }

    return undefined;
  }

  private async judge(req: SipRequest, res: SipResponse, credentials: Credentials): Promise<string | undefined> {
    const verdict = this.check(req, credentials);
    const source = req.source_address;
    if (verdict.outcome === 'refused') {
      this.noteFailure(req, verdict.user, verdict.fault);
      return this.challenge(req, res, false);
    }
    if (verdict.outcome === 'stale' || !(await this.isFirstUse(verdict))) {
      const fault = verdict.outcome === 'stale' ? verdict.fault : 'nonce count';
      this.ports.log.debug({ user: verdict.user, source, fault }, 'nonce can no longer be used');
      return this.challenge(req, res, true);
    }
    this.ports.throttle.succeeded(source, verdict.user);
    this.ports.watch?.succeeded(source);

    return verdict.user;
  }

  private ownCredentials(req: SipRequest): Credentials | undefined {
    const header = req.get('Authorization');
    if (header === undefined) return undefined;
    const { realm } = this.ports.site();
    const ours = parseAuthorization(header).filter((credentials) => credentials.realm === realm);

    return ours.find((credentials) => offeredAlgorithm(credentials.algorithm)) ?? ours[0];
  }

  private check(req: SipRequest, credentials: Credentials): Verdict {
    const site = this.ports.site();

    return checkCredentials(credentials, {
      key: this.ports.key,
      realm: site.realm,
      method: req.method,
      requestUri: req.uri,
      source: req.source_address,
      now: this.ports.clock.now(),
      nonceLifetime: this.lifetime,
      passwordOf: (user) => site.passwordOf(user),
      uriFits: (digest, request) => sameResource(digest, request, (host) => site.isOurHost(host)),
    });
  }

  private isFirstUse(verdict: Extract<Verdict, { outcome: 'accepted' }>): boolean | Promise<boolean> {
    const { nonce, nonceCount, issuedAt } = verdict;

    return this.ports.guard.take({ nonce, nonceCount, issuedAt, now: this.ports.clock.now() });
  }

  private challenge(req: SipRequest, res: SipResponse, stale: boolean): undefined {
    const { realm } = this.ports.site();
    const nonce = makeNonce(this.ports.key, this.ports.clock.now(), req.source_address);
    const offer = offerFor({ userAgent: req.get('User-Agent') ?? '', callId: req.get('Call-ID') ?? '' });
    const challenges = offer.map((algorithm) => challenge(realm, nonce, algorithm, stale));
    // drachtio-srf knows one value a header; each challenge must have a header of its own (RFC 3261 section 7.3.1).
    res.send(401, { headers: { 'WWW-Authenticate': challenges.join('\r\nWWW-Authenticate: ') } });
  }

  private isBlocked(req: SipRequest, credentials: Credentials): boolean {
    const { throttle, clock } = this.ports;

    return (
      !this.ports.site().isTrusted(req.source_address) &&
      throttle.blockedFor(req.source_address, credentials.username, clock.now()) > 0
    );
  }

  /** One line a failure, in a form that fail2ban can read: nothing in it but the user is the client's, and that is cleaned. */
  private noteFailure(req: SipRequest, user: string, fault: DigestFault): void {
    const { log, throttle, clock } = this.ports;
    const site = this.ports.site();
    const source = req.source_address;
    log.warn(
      { fault },
      `SIP auth failure (${forLog(req.method)}) on realm '${site.realm}' for [${forLog(user)}] from ip ${source}`,
    );
    if (site.isTrusted(source)) return;
    this.ports.watch?.failed({ source, method: req.method, user, domain: site.realm });
    if (throttle.failed(source, user, clock.now())) {
      log.warn(`SIP auth blocked for [${forLog(user)}] from ip ${source}`);
    }
  }

  private get lifetime(): number {
    return this.ports.nonceLifetime ?? NONCE_LIFETIME;
  }
}

/** A client's text made harmless for a log line: no spaces, quotes or control characters, and short. */
export function forLog(text: string): string {
  return text.slice(0, 64).replace(/[^A-Za-z0-9._~+@-]/g, '?');
}
