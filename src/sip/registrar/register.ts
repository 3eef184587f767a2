import type { Clock } from '../../lib/clock';
import { SightlineError, asSightlineError } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import { parseSipUri } from './address';
import type { Authenticator } from './authenticator';
import { contactHeader } from './binding';
import type { Binding } from './binding';
import type { Bindings } from './bindings';
import { refuse } from './exchange';
import type { SipRequest, SipResponse } from './exchange';
import { bindingsOf, defaultRegisterLimits, readRegister } from './register-request';
import type { RegisterLimits, RegisterRequest } from './register-request';
import type { RegistrarSite } from './site';

export interface RegisterPorts {
  site(): RegistrarSite;
  authenticator: Pick<Authenticator, 'authenticate'>;
  bindings: Pick<Bindings, 'update'>;
  clock: Clock;
  log: Logger;
  limits?: Partial<RegisterLimits>;
}

/** A handler for drachtio-srf; the promise is settled when the request is answered. */
export type RegisterHandler = (req: SipRequest, res: SipResponse) => Promise<void>;

/** The registrar: answers REGISTER in the order of steps of RFC 3261 section 10.3. */
export function createRegisterHandler(ports: RegisterPorts): RegisterHandler {
  const limits = { ...defaultRegisterLimits, ...ports.limits };

  return async (req, res) => {
    try {
      if (!isForUs(req, ports.site())) return refuse(res, new SightlineError('NOT_FOUND'));
      const unsupported = requiredOptions(req);
      if (unsupported !== '') return res.send(420, { headers: { Unsupported: unsupported } });
      const user = await ports.authenticator.authenticate(req, res);
      if (user === undefined) return;
      const request = readRegister(req, limits);
      checkOwner(request, user, ports.site());
      const bindings = await ports.bindings.update({
        user,
        callId: request.callId,
        cseq: request.cseq,
        clear: request.clear,
        most: limits.contacts,
        ...bindingsOf(req, request, limits, ports.clock.now()),
      });
      res.send(200, { headers: answerHeaders(bindings, ports.clock.now()) });
    } catch (thrown) {
      answerError(res, thrown, ports, limits);
    }
  };
}

function isForUs(req: SipRequest, site: RegistrarSite): boolean {
  const uri = parseSipUri(req.uri);

  return uri !== undefined && site.isOurHost(uri.host);
}

/** The extensions that the client demands: this registrar needs none, so it knows none of them (step 2). */
function requiredOptions(req: SipRequest): string {
  return (req.get('Require') ?? '').match(/[\w!%*+.`'~-]+/g)?.join(', ') ?? '';
}

/** Users register for themselves only (step 4), and for addresses of this site (step 5). */
function checkOwner({ aor }: RegisterRequest, user: string, site: RegistrarSite): void {
  if (!site.isOurHost(aor.host)) throw new SightlineError('NOT_FOUND');
  if (aor.user !== user) throw new SightlineError('USER_MISMATCH');
}

function answerHeaders(bindings: readonly Binding[], now: number): Record<string, string> {
  if (bindings.length === 0) return {};

  return { Contact: bindings.map((binding) => contactHeader(binding, now)).join(', ') };
}

function answerError(res: SipResponse, thrown: unknown, ports: RegisterPorts, limits: RegisterLimits): void {
  const error = asSightlineError(thrown);
  if (error.code === 'INTERNAL') ports.log.error({ err: thrown }, 'a REGISTER could not be served');
  refuse(res, error, error.code === 'EXPIRES_TOO_BRIEF' ? { 'Min-Expires': String(limits.minExpires) } : {});
}
