import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseUri } from '../message/grammar';
import type { Uri } from '../message/grammar';
import { SipSyntaxError } from '../message/errors';
import { hostPort, targetOfUri, UnroutableError } from '../dialog/target';
import { isFlow, isWebSocket } from '../transport/flow';
import { TransportError } from '../transport/types';
import type { Destination, Flow, SipTransport } from '../transport/types';
import { FlowTokens } from './flow-tokens';

/** The parameters of the proof, and of the name of a browser's connection. */
const param = 'pxy';
const flowParam = 'fl';

/**
 * The URIs that this proxy puts into Record-Route (RFC 3261 section 16.6, step 4) and Path (RFC 3327). Each carries a
 * proof, made of the Call-ID and a secret, that it is ours: without it anyone could send requests through this server to
 * anywhere. Nothing is kept for a dialog, so one goes on after a restart; that with a browser ends with its connection.
 */
export class RouteStamp {
  private readonly flows = new FlowTokens();

  constructor(
    private readonly secret: string,
    private readonly transport: SipTransport,
  ) {}

  /** Our address on the way to this destination, with the proof; a sips URI where the request has one. */
  make(callId: string, destination: Destination, isSecure: boolean): string {
    const { address, port } = this.transport.sentBy(destination);
    const transport = destination.transport === 'udp' ? '' : `;transport=${destination.transport}`;
    const scheme = isSecure ? 'sips' : 'sip';
    const isBrowser = isFlow(destination) && isWebSocket(destination.transport);
    const token = isBrowser ? this.flows.tokenOf(destination) : undefined;
    const flow = token === undefined ? '' : `;${flowParam}=${token}`;

    return `<${scheme}:${hostPort(address, port)}${transport};lr${flow};${param}=${this.proof(callId, token)}>`;
  }

  /** Whether a URI was made here for this call. */
  isOurs(callId: string, uri: string): boolean {
    const params = stamped(uri)?.params;
    if (!params) return false;
    const [proof, wanted] = [Buffer.from(params[param]!), Buffer.from(this.proof(callId, params[flowParam]))];

    return proof.length === wanted.length && timingSafeEqual(proof, wanted);
  }

  /** The connection of a browser that a URI of ours leads to, while it is open. */
  flowOf(uri: string): Flow | undefined {
    const token = stamped(uri)?.params[flowParam];

    return token === undefined ? undefined : this.flows.flowOf(token);
  }

  forget(flow: Flow): void {
    this.flows.forget(flow);
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

  private proof(callId: string, token: string | undefined): string {
    const what = token === undefined ? callId : `${callId} ${token}`;

    return createHmac('sha256', this.secret).update(what).digest('hex').slice(0, 20);
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
