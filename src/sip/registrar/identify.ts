import { SightlineError, asSightlineError } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import { parseAddresses, parseSipUri } from './address';
import type { Authenticator } from './authenticator';
import { refuse, sourceOf } from './exchange';
import type { SipRequest, SipResponse, Source } from './exchange';
import type { RegistrarSite } from './site';

/** Who sent a request, as far as it is proven. */
export interface Caller {
  /** The authenticated user; on a trusted network the user of the From header, which may be empty. */
  user: string;
  /** `trusted`: from a trusted network, and no terminal of the site. */
  kind: 'terminal' | 'seat' | 'trusted';
  source: Source;
}

export interface IdentifyPorts {
  site(): RegistrarSite;
  authenticator: Pick<Authenticator, 'authenticate'>;
  log: Logger;
}

/**
 * Who sent this request: for INVITE, MESSAGE and other requests that begin something. Answers the request itself (401,
 * 403, 400, 503) when nobody can be named, and then returns undefined. ACK and CANCEL cannot be challenged (RFC 3261
 * section 22.1) and must not come here.
 */
export type Identify = (req: SipRequest, res: SipResponse) => Promise<Caller | undefined>;

export function createIdentify(ports: IdentifyPorts): Identify {
  return async (req, res) => {
    const site = ports.site();
    const source = sourceOf(req);
    try {
      if (site.isTrusted(source.address)) {
        const user = callingUser(req.get('From'));

        return { user, kind: site.kindOf(user) === 'terminal' ? 'terminal' : 'trusted', source };
      }
      const user = await ports.authenticator.authenticate(req, res);
      if (user === undefined) return undefined;
      // The dialplan knew the user a moment ago; an edit may have removed him since.
      const kind = ports.site().kindOf(user);
      if (kind === undefined) throw new SightlineError('FORBIDDEN');

      return { user, kind, source };
    } catch (thrown) {
      const error = asSightlineError(thrown);
      if (error.code === 'INTERNAL') ports.log.error({ err: thrown }, 'a caller could not be identified');
      refuse(res, error);

      return undefined;
    }
  };
}

/** The user of a From header: of a SIP URI, or the number of a tel URI (RFC 3966) as trunks send it. */
function callingUser(header: string | undefined): string {
  const uri = parseAddresses(header ?? '', 'From')[0]?.uri ?? '';

  return parseSipUri(uri)?.user ?? /^tel:([+\d*#.()-]+)/i.exec(uri)?.[1] ?? '';
}
