import { formatHeaderParams, formatHostPort, parseVia } from '../message/grammar';
import type { Params, Via } from '../message/grammar';
import type { Headers } from '../message/headers';
import type { SipRequest } from '../message/message';
import { UdpFlow } from './flow';
import type { Destination, Endpoint, Flow } from './types';

const defaultPort = 5060;
const defaultSecurePort = 5061;

/**
 * Notes the source of a request in its top Via: `received` when the sent-by host is not the source address, and both
 * `received` and `rport` when the client asked for rport (RFC 3261 section 18.2.1, RFC 3581 section 4). What the sender
 * itself wrote there is overwritten.
 */
export function stampVia(request: SipRequest, remote: Endpoint): void {
  const stamped = stamp(request.via, remote, request.headers);
  if (stamped) request.replaceVia(stamped.text, stamped.via);
}

/** The same for a request that was read in part only; a Via that cannot be read stays as it is. */
export function stampFaulty(headers: Headers, remote: Endpoint): void {
  const text = headers.first('Via');
  if (text === undefined) return;
  try {
    const stamped = stamp(parseVia(text), remote, headers);
    if (stamped) headers.replaceFirst('Via', stamped.text);
  } catch {
    // The fault that the request is refused for may be in this very header.
  }
}

function stamp(via: Via, remote: Endpoint, headers: Headers): { text: string; via: Via } | undefined {
  const wantsPort = via.rport !== undefined;
  if (!wantsPort && via.received === undefined && via.host === remote.address) return undefined;
  const next: Via = { ...via, received: remote.address, rport: wantsPort ? remote.port : undefined };
  const text = headers.first('Via')!;
  const added = `;received=${remote.address}`;
  if (via.received === undefined && !wantsPort) return { text: text + added, via: next };
  // The usual case: the flag is put in its place. Anything less plain is written anew from the parsed form.
  if (via.received === undefined && via.rport === true && !text.includes('"')) {
    const filled = text.replace(/;rport(?=;|$)/i, `;rport=${remote.port}${added}`);
    if (filled !== text) return { text: filled, via: next };
  }

  return { text: rewrite(next), via: next };
}

function rewrite(via: Via): string {
  const params: Params = { ...via.params, received: via.received };
  if (via.rport !== undefined) params.rport = String(via.rport);

  return `SIP/2.0/${via.transport} ${formatHostPort(via.host, via.port)}${formatHeaderParams(params)}`;
}

/**
 * Where a response goes over UDP: to the source address, and to the source port when the client asked for rport, else
 * to the port of sent-by. It leaves by the socket that the request came in by. `maddr` is not followed: it serves
 * multicast, which this server does not join, and would let a sender aim our responses at others.
 */
export function udpResponsePath(via: Via, flow: Flow): Flow {
  const port = typeof via.rport === 'number' ? via.rport : (via.port ?? defaultPort);

  return new UdpFlow(flow.local, { address: via.received ?? flow.remote.address, port });
}

/**
 * Where a response goes over TCP or TLS when the request's connection is gone: a new connection to the port of sent-by. With
 * TLS whoever is there must prove to be the sent-by host, as the request may have come from anybody.
 */
export function tcpResponsePath(via: Via, flow: Flow): Destination {
  const { address } = flow.remote;
  if (flow.transport !== 'tls') return { transport: 'tcp', address, port: via.port ?? defaultPort };

  return { transport: 'tls', address, port: via.port ?? defaultSecurePort, domain: via.host, secure: true };
}
