import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseUri } from '../message/grammar';
import type { Uri } from '../message/grammar';
import { SipSyntaxError } from '../message/errors';
import { hostPort, targetOfUri, UnroutableError } from '../dialog/target';
import { TransportError } from '../transport/types';
import type { Destination, SipTransport } from '../transport/types';

const param = 'pxy';

/**
 * The URIs that this proxy puts into Record-Route (RFC 3261 section 16.6, step 4) and Path (RFC 3327). Each carries a
 * proof, made of the Call-ID and a secret, that it is ours: without it anyone could send requests through this server to
 * anywhere. Nothing is kept for a dialog, so one goes on after a restart.
 */
export class RouteStamp {
  constructor(
    private readonly secret: string,
    private readonly transport: SipTransport,
  ) {}

  /** Our address on the way to this destination, with the proof; a sips URI where the request has one. */
  make(callId: string, destination: Destination, isSecure: boolean): string {
    const { address, port } = this.transport.sentBy(destination);
    const transport = destination.transport === 'udp' ? '' : `;transport=${destination.transport}`;
    const scheme = isSecure ? 'sips' : 'sip';

    return `<${scheme}:${hostPort(address, port)}${transport};lr;${param}=${this.proof(callId)}>`;
  }

  /** Whether a URI was made here for this call. */
  isOurs(callId: string, uri: string): boolean {
    const given = stamped(uri)?.params[param];
    if (given === undefined) return false;
    const [proof, wanted] = [Buffer.from(given), Buffer.from(this.proof(callId))];

    return proof.length === wanted.length && timingSafeEqual(proof, wanted);
  }

  /** Whether a URI looks like one that was made here for any call, as that of a Path does in later requests. */
  isSelf(uri: string): boolean {
    const parsed = stamped(uri);
    if (!parsed) return false;
    try {
      const { transport, address, port } = targetOfUri(parsed);
      const own = this.transport.sentBy({ transport, address, port });

      return own.address === address && own.port === port;
    } catch (error) {
      if (error instanceof UnroutableError || error instanceof TransportError) return false;
      throw error;
    }
  }

  private proof(callId: string): string {
    return createHmac('sha256', this.secret).update(callId).digest('hex').slice(0, 20);
  }
}

/** The URI, when it carries a proof, true or not. Most do not, and are not taken apart. */
function stamped(uri: string): Uri | undefined {
  if (!uri.includes(param)) return undefined;
  try {
    const parsed = parseUri(uri);

    return parsed.params[param] === undefined ? undefined : parsed;
  } catch (error) {
    if (error instanceof SipSyntaxError) return undefined;
    throw error;
  }
}
