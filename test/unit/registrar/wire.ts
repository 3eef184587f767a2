import { Socket } from 'node:net';
import type { SipRequest, SipResponse } from '../../../src/sip/registrar/exchange';

/* eslint-disable @typescript-eslint/no-require-imports */
// drachtio-srf gives its parts no types; they are used here as the library uses them itself.
const SipMessage = require('drachtio-srf/lib/sip-parser/message') as new (text?: string) => { toString(): string };
const Request = require('drachtio-srf/lib/request') as new (msg: unknown, meta: unknown) => SipRequest;
const Response = require('drachtio-srf/lib/response') as new (
  agent: unknown,
) => SipResponse & { req: unknown; socket: unknown };
const Agent = require('drachtio-srf/lib/drachtio-agent') as { prototype: object };
/* eslint-enable */

/** An answer as it goes over the wire to the SIP server. */
export interface Answer {
  status: number;
  text: string;
  /** Every line of a header, in order. */
  all(name: string): string[];
  get(name: string): string | undefined;
}

export interface Peer {
  address?: string;
  port?: number;
  protocol?: string;
}

/**
 * Hands the text of a request to a handler as drachtio-srf does, and gives the text that drachtio-srf would write for
 * the answer: everything but the connection to the SIP server.
 */
export async function exchange(
  handler: (req: SipRequest, res: SipResponse) => Promise<unknown>,
  text: string,
  peer: Peer = {},
): Promise<Answer> {
  const { address = '192.0.2.1', port = 5070, protocol = 'udp' } = peer;
  const req = new Request(new SipMessage(text), { source: 'network', address, port: String(port), protocol });
  let written = '';
  const socket = new Socket();
  const agent = Object.assign(Object.create(Agent.prototype), {
    mapServer: new Map([[socket, { pendingRequests: new Map(), pendingNetworkInvites: new Map() }]]),
    wp: { send: (_socket: unknown, message: string) => (written += message) },
  });
  const res = new Response(agent);
  res.req = req;
  res.socket = socket;
  await handler(req, res);
  if (written === '') throw new Error('The request was not answered');

  return readAnswer(written.slice(written.indexOf('\r\n') + 2));
}

export function readAnswer(text: string): Answer {
  const lines = (text.split('\r\n\r\n')[0] ?? '').split('\r\n');
  const all = (name: string): string[] =>
    lines
      .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
      .map((line) => line.slice(name.length + 1).trim());

  return { status: Number(lines[0]?.split(' ')[1]), text, all, get: (name) => all(name)[0] };
}
