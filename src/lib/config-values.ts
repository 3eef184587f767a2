import { Resolver } from 'node:dns';
import path from 'node:path';
import { isClusterUrl, parseClusterUrl } from './cluster-url';
import { Networks } from './networks';
import { projectRoot } from './paths';
import type { ClientCertificates } from './tls-faults';

/** How each kind of value in the environment is written. All of them throw BadValue, whose message says what it may be. */
export class BadValue extends Error {}

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

export interface PortRange {
  from: number;
  to: number;
}

export interface DrachtioAddress {
  host: string;
  port: number;
  secret: string;
  /** Over TLS: the server has to prove that it is `host`. */
  isSecure?: true;
}

/** What becomes of new requests in `sightline sipd`, as `applicationRoute` of the SIP server has it. */
export type RouteSetting =
  | { url: string }
  | { host: string; port: number; isSecure?: true }
  | { tag: string }
  | { reject: { status: number } }
  | { redirect: readonly string[] }
  | { proxy: { destination: readonly string[] } };

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new BadValue(`'${text}' is not a port; use 0 to 65535`);

  return port;
}

export function parseRange(text: string): PortRange {
  const match = /^(\d+)-(\d+)$/.exec(text);
  if (!match) throw new BadValue(`'${text}' is not a range; write it as from-to, such as 30000-39999`);
  const range = { from: parsePort(match[1]!), to: parsePort(match[2]!) };
  if (range.from === 0 || range.to <= range.from) {
    throw new BadValue(`'${text}' is empty; the second port is the higher`);
  }

  return range;
}

export function parseHost(text: string): string {
  if (!/^[A-Za-z0-9.:_-]+$/.test(text)) throw new BadValue(`'${text}' is not an address or host name`);

  return text;
}

export function parseHosts(text: string): string[] {
  return text.split(',').map((part) => parseHost(part.trim()));
}

export function parseNetworks(text: string): string[] {
  return text.split(',').map((part) => {
    try {
      new Networks([part.trim()]);
    } catch (error) {
      throw new BadValue((error as Error).message);
    }

    return part.trim();
  });
}

export function parseNameServers(text: string): string[] {
  const servers = text.split(',').map((part) => part.trim());
  try {
    new Resolver().setServers(servers);
  } catch {
    throw new BadValue(`'${text}' is not a list of addresses; write it like 192.0.2.53,[2001:db8::53]:53`);
  }

  return servers;
}

export function parseClients(text: string): ClientCertificates {
  if (text !== 'off' && text !== 'optional' && text !== 'required') {
    throw new BadValue(`'${text}' is none of off, optional and required`);
  }

  return text;
}

export function parseName(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(text)) {
    throw new BadValue(`'${text}' is not a name; use letters, digits, '.', '_' and '-', at most 64`);
  }

  return text;
}

export function parseToken(text: string): string {
  if (!/^[\x21-\x7e]{8,128}$/.test(text) || text.includes('|')) {
    throw new BadValue('must be 8 to 128 visible characters without | or spaces');
  }

  return text;
}

export function parseLogLevel(text: string): string {
  if (!logLevels.includes(text)) throw new BadValue(`'${text}' is not a level; use ${logLevels.join(', ')}`);

  return text;
}

export function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < least || count > most) {
      throw new BadValue(`'${text}' is not a whole number from ${least} to ${most}`);
    }

    return count;
  };
}

export function logPath(text: string): string {
  return text === 'stderr' ? text : path.resolve(text);
}

export function tracePath(text: string): string {
  if (!text.endsWith('.pcap')) throw new BadValue(`'${text}' is not the name of a pcap file; it ends in .pcap`);

  return path.resolve(text);
}

export function sitePath(text: string): string {
  return text.includes('/') ? path.resolve(text) : path.join(projectRoot, 'dialplans', text);
}

function parseUrl(text: string, schemes: string[], example: string): URL {
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    url = undefined;
  }
  if (!url || !schemes.includes(url.protocol) || url.hostname === '') {
    throw new BadValue(`is not an address that can be used; write it like ${example}`);
  }

  return url;
}

export function parseRedisUrl(text: string): string {
  if (isClusterUrl(text)) {
    if (parseClusterUrl(text)) return text;
    throw new BadValue('names no nodes of a cluster; write it like redis-cluster://127.0.0.1:7000,127.0.0.1:7001');
  }
  parseUrl(text, ['redis:', 'rediss:'], 'redis://127.0.0.1:6379');

  return text;
}

export function parseDrachtioUrl(text: string): DrachtioAddress {
  const url = parseUrl(text, ['tcp:', 'tls:'], 'tcp://:secret@127.0.0.1:9022, or tls:// in place of tcp://');
  if (url.password === '') throw new BadValue('has no secret; write it like tcp://:secret@127.0.0.1:9022');

  return { ...placeOf(url, 9022), secret: decodeURIComponent(url.password) };
}

/** A name or an address, without the brackets of IPv6, which sockets do not take. */
function placeOf(url: URL, usualPort: number): { host: string; port: number; isSecure?: true } {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');

  return { host, port: Number(url.port || usualPort), ...(url.protocol === 'tls:' && { isSecure: true }) };
}

const routeForms =
  'https://host/path, tcp://host:9021, tls://host:9021, tag:name, reject:603, redirect:sip:a@host,sip:b@host or proxy:sip:host';

/** The port that applications listen on unless they say otherwise. */
const listeningPort = 9021;

export function parseRoute(text: string): RouteSetting {
  const [, scheme = '', rest = ''] = /^([a-z]+):(.+)$/.exec(text) ?? [];
  switch (scheme) {
    case 'http':
    case 'https':
      return { url: parseUrl(text, ['http:', 'https:'], 'https://host/path').href };
    case 'tcp':
    case 'tls':
      return placeOf(parseUrl(text, ['tcp:', 'tls:'], 'tcp://127.0.0.1:9021'), listeningPort);
    case 'tag':
      return { tag: parseName(rest) };
    case 'reject':
      return { reject: { status: parseRefusal(rest) } };
    case 'redirect':
      return { redirect: parseSipUris(rest) };
    case 'proxy':
      return { proxy: { destination: parseSipUris(rest) } };
    default:
      throw new BadValue(`says of no known way where requests go; write it like ${routeForms}`);
  }
}

function parseRefusal(text: string): number {
  if (!/^[3-6]\d\d$/.test(text)) throw new BadValue(`'${text}' is no status to refuse with; use 300 to 699`);

  return Number(text);
}

function parseSipUris(text: string): string[] {
  const uris = text.split(',').map((part) => part.trim());
  const wrong = uris.find((uri) => !/^sips?:[\x21-\x7e]+$/.test(uri));
  if (wrong !== undefined) throw new BadValue(`'${wrong}' is not a SIP address; write it like sip:bob@192.0.2.7`);

  return uris;
}

export function parseFreeswitchUrl(text: string): string {
  for (const part of text.split(',')) parseUrl(part.trim(), ['esl:'], 'esl://:password@127.0.0.1:8021');

  return text;
}
