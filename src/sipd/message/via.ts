import { badSyntax } from './errors';
import { parseHeaderParams } from './params';
import type { Params } from './params';
import { parseHost, parsePort } from './uri';

/** One Via element (RFC 3261 section 20.42). */
export interface Via {
  /** In upper case: UDP, TCP, WS, … */
  transport: string;
  /** The sent-by host; IPv6 without brackets. */
  host: string;
  /** The sent-by port, when written. */
  port?: number;
  branch?: string;
  /** The source address that a hop noted; IPv6 without brackets. */
  received?: string;
  /** RFC 3581: true when asked for without a value. */
  rport?: number | true;
  params: Params;
}

const via =
  /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+([A-Za-z0-9\-_.]+|\[[0-9A-Fa-f:.]+\])(?:[ \t]*:[ \t]*([0-9]{1,5}))?(?=[ \t]*(?:;|$))/i;

/** @throws SipSyntaxError */
export function parseVia(text: string): Via {
  const match = via.exec(text);
  if (!match) throw badSyntax('Malformed Via');
  const params = parseHeaderParams(text, match[0].length);
  const { branch, received, rport } = params;

  return {
    transport: match[1]!.toUpperCase(),
    host: parseHost(match[2]!),
    port: match[3] === undefined ? undefined : parsePort(match[3]),
    branch,
    received: received?.startsWith('[') ? received.slice(1, -1) : received,
    rport: rport === undefined ? undefined : rport === '' ? true : parseRport(rport),
    params,
  };
}

function parseRport(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text)) throw badSyntax('Malformed rport');

  return parsePort(text);
}
