import type { SightlineError } from '../../lib/errors';
import { errorHeaders } from '../headers';

/** What is needed of a drachtio-srf request. */
export interface SipRequest {
  readonly method: string;
  readonly uri: string;
  readonly body?: string;
  readonly source_address: string;
  readonly source_port: number | string;
  readonly protocol: string;
  /** The raw value of a header; repeated headers come joined by commas. */
  get(name: string): string | undefined;
}

/** What is needed of a drachtio-srf response. */
export interface SipResponse {
  send(status: number, options?: { headers?: Record<string, string>; body?: string }): void;
}

/** Where a request came from, and so where its sender can be reached again. */
export interface Source {
  /** `udp`, `tcp`, `tls`, `ws` or `wss`. */
  transport: string;
  address: string;
  port: number;
}

export function sourceOf(req: SipRequest): Source {
  return {
    transport: (req.protocol || 'udp').toLowerCase(),
    address: req.source_address.replace(/^\[|\]$/g, ''),
    port: Number(req.source_port),
  };
}

/** The `proxy` option of drachtio-srf that sends a request to this source, over the connection it opened. */
export function proxyTo(source: Source): string {
  const host = source.address.includes(':') ? `[${source.address}]` : source.address;

  return `sip:${host}:${source.port};transport=${source.transport}`;
}

/** Answers with the status of an error; the code goes with it in a Warning header. */
export function refuse(res: SipResponse, error: SightlineError, headers: Record<string, string> = {}): void {
  res.send(error.sip, { headers: { ...errorHeaders(error), ...headers } });
}
