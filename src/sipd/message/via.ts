import { isIP } from 'node:net';
import { CharClass, runEnd, skipBlanks } from './chars';
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

const protocol = /^SIP[ \t]*\/[ \t]*2\.0[ \t]*\/[ \t]*/i;

/** @throws SipSyntaxError */
export function parseVia(text: string): Via {
  let at = text.startsWith('SIP/2.0/') ? 8 : (protocol.exec(text)?.[0].length ?? 0);
  const transportEnd = runEnd(text, at, CharClass.TOKEN);
  const transport = upperCase(text.slice(at, transportEnd));
  const hostStart = skipBlanks(text, transportEnd);
  if (at === 0 || transport === '' || hostStart === transportEnd) throw badSyntax('Malformed Via');
  const bracket = text.charCodeAt(hostStart) === 0x5b ? text.indexOf(']', hostStart) + 1 : 0;
  const hostEnd = bracket > 0 ? bracket : runEnd(text, hostStart, CharClass.HOST);
  const host = parseHost(text.slice(hostStart, hostEnd));
  let port: number | undefined;
  at = skipBlanks(text, hostEnd);
  if (text.charCodeAt(at) === 0x3a) {
    const portStart = skipBlanks(text, at + 1);
    at = runEnd(text, portStart, CharClass.TOKEN);
    port = parseNumber(text.slice(portStart, at));
  }
  const params = parseHeaderParams(text, at);
  const { branch, rport } = params;

  return { transport, host, port, branch, received: received(params.received), rport: parseRport(rport), params };
}

function upperCase(transport: string): string {
  return transport === 'UDP' || transport === 'TCP' || transport === 'WS' ? transport : transport.toUpperCase();
}

/** RFC 5118 section 4.5: IPv6 is found here with and without brackets. */
function received(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const address = value.charCodeAt(0) === 0x5b ? value.slice(1, -1) : value;
  if (isIP(address) === 0) throw badSyntax('Malformed received');

  return address;
}

function parseRport(value: string | undefined): number | true | undefined {
  if (value === undefined) return undefined;

  return value === '' ? true : parseNumber(value);
}

function parseNumber(text: string): number {
  if (!/^[0-9]{1,5}$/.test(text)) throw badSyntax('Malformed port in Via');

  return parsePort(text);
}
