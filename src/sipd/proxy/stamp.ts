import { createHmac, timingSafeEqual } from 'node:crypto';
import { parseNameAddr } from '../message/grammar';
import { SipSyntaxError } from '../message/errors';
import { hostPort } from '../dialog/target';
import type { Destination, SipTransport } from '../transport/types';

const param = 'pxy';

/**
 * The URIs that this proxy puts into Record-Route and Path. Each carries a proof, made of the Call-ID and a secret, that
 * it is ours: without it anyone could send requests through this server to anywhere. Nothing is kept for a dialog, so
 * one goes on after a restart.
 */
export class RouteStamp {
  constructor(
    private readonly secret: string,
    private readonly transport: SipTransport,
  ) {}

  /** Our address on the way to this destination, with the proof. */
  make(callId: string, destination: Destination): string {
    const { address, port } = this.transport.sentBy(destination);
    const transport = destination.transport === 'udp' ? '' : `;transport=${destination.transport}`;

    return `<sip:${hostPort(address, port)}${transport};lr;${param}=${this.proof(callId)}>`;
  }

  /** Whether a value of Route was made here for this call. */
  isOurs(callId: string, route: string): boolean {
    try {
      const given = parseNameAddr(route).address.params[param] ?? '';
      const wanted = this.proof(callId);

      return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
    } catch (error) {
      if (error instanceof SipSyntaxError || error instanceof RangeError) return false;
      throw error;
    }
  }

  private proof(callId: string): string {
    return createHmac('sha256', this.secret).update(callId).digest('hex').slice(0, 20);
  }
}
