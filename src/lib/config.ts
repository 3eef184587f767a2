import { Resolver } from 'node:dns';
import { hostname } from 'node:os';
import path from 'node:path';
import { isClusterUrl, parseClusterUrl } from './cluster-url';
import { SightlineError } from './errors';
import { Networks } from './networks';
import { projectRoot } from './paths';
import { tlsFaults } from './tls-faults';
import type { ClientCertificates } from './tls-faults';

export interface PortRange {
  from: number;
  to: number;
}

export interface DrachtioAddress {
  host: string;
  port: number;
  secret: string;
}

/** The whole configuration of a process, checked. The environment is read nowhere else. */
export interface Config {
  /** The address that every listener binds to. */
  host: string;
  /** Further addresses for SIP, with the same ports. */
  sipHosts: readonly string[];
  sipPort: number;
  /** SIP over TLS; opened when there is a certificate. */
  tlsPort: number;
  wsPort: number;
  /** SIP over secure WebSocket; opened when there is a certificate. */
  wssPort: number;
  /** Files in PEM. */
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
  /** What SIP clients on TLS and WSS are asked for. */
  tlsClients: ClientCertificates;
  /** What everybody outside `localNetworks` is told as our address in SIP. */
  externalAddress: string | undefined;
  /** This machine's own when undefined. */
  localNetworks: readonly string[] | undefined;
  /** Name servers for SIP; the system's when empty. */
  dnsServers: readonly string[];
  /** Seconds without traffic after which a SIP connection that nothing lives on is closed. */
  sipIdle: number;
  httpPort: number;
  /** Control port of the embedded SIP server. */
  controlPort: number;
  rtpPorts: PortRange;
  /** Folder of the site's dialplan. */
  sitePath: string;
  redisUrl: string | undefined;
  drachtio: DrachtioAddress | undefined;
  freeswitchUrl: string | undefined;
  logLevel: string;
  /** Name of this node in leases; stable over restarts so that a restarted node adopts its own calls. */
  node: string;
  /** Where the embedded Redis keeps its file, and where the API token is. */
  dataDir: string;
  /** Bearer token of the REST API; made at the first start when unset. */
  apiToken: string | undefined;
  /** Secret of the control port of the embedded SIP server; random when unset. */
  controlSecret: string | undefined;
  /** Networks that no limit of the embedded SIP server holds for. */
  sipTrusted: readonly string[];
  /** New requests a second that the embedded SIP server takes of one source. */
  sipRate: number;
  /** Seconds that the embedded SIP server does not listen to a source that attacks; 0 bans nobody. */
  sipBan: number;
  /** Where lines for fail2ban go: a file, or `stderr`. */
  securityLog: string | undefined;
  /** A pcap file of what the embedded SIP server receives and sends. */
  sipTrace: string | undefined;
}

type Environment = Record<string, string | undefined>;

interface Setting<T> {
  name: string;
  help: string;
  fallback: T;
  parse(text: string): T;
}

class BadValue extends Error {}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

function setting<T>(name: string, help: string, fallback: T, parse: (text: string) => T): Setting<T> {
  return { name, help, fallback, parse };
}

const settings = {
  host: setting('SIGHTLINE_HOST', 'address that every listener binds to', '127.0.0.1', parseHost),
  sipHosts: setting<readonly string[]>(
    'SIGHTLINE_SIP_HOSTS',
    'further addresses for SIP: 10.0.0.5,::1',
    [],
    parseHosts,
  ),
  sipPort: setting('SIGHTLINE_SIP_PORT', 'SIP over UDP and TCP', 5060, parsePort),
  tlsPort: setting('SIGHTLINE_SIP_TLS_PORT', 'SIP over TLS, with a certificate only', 5061, parsePort),
  wsPort: setting('SIGHTLINE_WS_PORT', 'SIP over WebSocket', 5066, parsePort),
  wssPort: setting('SIGHTLINE_WSS_PORT', 'SIP over secure WebSocket, with a certificate only', 7443, parsePort),
  tlsCert: setting<string | undefined>('SIGHTLINE_TLS_CERT', 'certificate chain, a PEM file', undefined, path.resolve),
  tlsKey: setting<string | undefined>('SIGHTLINE_TLS_KEY', 'its private key, a PEM file', undefined, path.resolve),
  tlsCa: setting<string | undefined>('SIGHTLINE_TLS_CA', 'authorities to trust, a PEM file', undefined, path.resolve),
  tlsClients: setting('SIGHTLINE_TLS_CLIENTS', 'certificates of clients: off, optional, required', 'off', parseClients),
  externalAddress: setting<string | undefined>(
    'SIGHTLINE_EXTERNAL_ADDRESS',
    'address that those outside reach this machine at (NAT)',
    undefined,
    parseHost,
  ),
  localNetworks: setting<readonly string[] | undefined>(
    'SIGHTLINE_LOCAL_NETWORKS',
    'networks that are told the local address: 10.0.0.0/8,fd00::/8',
    undefined,
    parseNetworks,
  ),
  dnsServers: setting<readonly string[]>('SIGHTLINE_DNS_SERVERS', 'name servers for SIP', [], parseNameServers),
  sipIdle: setting(
    'SIGHTLINE_SIP_IDLE',
    'seconds after which an idle SIP connection is closed',
    600,
    parseCount(60, 86_400),
  ),
  httpPort: setting('SIGHTLINE_HTTP_PORT', 'REST API', 8080, parsePort),
  controlPort: setting('SIGHTLINE_CONTROL_PORT', 'control port of the embedded SIP server', 9022, parsePort),
  rtpPorts: setting('SIGHTLINE_RTP_PORTS', 'RTP ports, from-to', { from: 30_000, to: 39_999 }, parseRange),
  sitePath: setting('SIGHTLINE_SITE', 'name of a folder in dialplans/, or a path', sitePath('demo'), sitePath),
  redisUrl: setting<string | undefined>('REDIS_URL', 'redis://…; unset: a Redis of its own', undefined, parseRedisUrl),
  drachtio: setting<DrachtioAddress | undefined>(
    'DRACHTIO_URL',
    'tcp://:secret@host:9022; unset: the embedded SIP server',
    undefined,
    parseDrachtioUrl,
  ),
  freeswitchUrl: setting<string | undefined>(
    'FREESWITCH_URL',
    'esl://:password@host:8021, several separated by commas; unset: the embedded media engine',
    undefined,
    parseFreeswitchUrl,
  ),
  logLevel: setting('LOG_LEVEL', `one of ${logLevels.join(', ')}`, 'info', parseLogLevel),
  node: setting('SIGHTLINE_NODE', 'name of this node', hostname(), parseName),
  dataDir: setting('SIGHTLINE_DATA', 'folder for what is kept', path.join(projectRoot, '.sightline'), path.resolve),
  apiToken: setting<string | undefined>('SIGHTLINE_API_TOKEN', 'bearer token of the REST API', undefined, parseToken),
  controlSecret: setting<string | undefined>(
    'SIGHTLINE_CONTROL_SECRET',
    'secret of the control port of `sightline sipd`',
    undefined,
    parseToken,
  ),
  sipTrusted: setting<readonly string[]>(
    'SIGHTLINE_SIP_TRUSTED',
    'networks without limits on SIP, separated by commas',
    ['127.0.0.0/8', '::1'],
    parseNetworks,
  ),
  sipRate: setting('SIGHTLINE_SIP_RATE', 'new SIP requests a second of one source', 100, parseCount(1, 100_000)),
  sipBan: setting('SIGHTLINE_SIP_BAN', 'seconds that an attacker is banned, 0 for never', 300, parseCount(0, 86_400)),
  securityLog: setting<string | undefined>(
    'SIGHTLINE_SECURITY_LOG',
    'file for fail2ban, or stderr',
    undefined,
    logPath,
  ),
  sipTrace: setting<string | undefined>('SIGHTLINE_SIP_TRACE', 'pcap file of all SIP messages', undefined, tracePath),
} satisfies { [K in keyof Config]: Setting<Config[K]> };

/** Every variable the server reads, for --help and for the docs. */
export const environmentHelp = Object.values(settings).map(({ name, help }) => ({ name, help }));

/**
 * Reads and checks the environment.
 *
 * @throws SightlineError CONFIG_INVALID whose message lists every fault, one a line, with the remedy.
 */
export function readConfig(env: Environment): Config {
  const faults: string[] = unknownVariables(env);
  const read = <T>(one: Setting<T>): T => {
    const text = env[one.name];
    if (text === undefined || text === '') return one.fallback;
    try {
      return one.parse(text);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      faults.push(`${one.name}: ${error.message} (${one.help})`);

      return one.fallback;
    }
  };
  const entries = Object.entries(settings).map(([key, one]) => [key, read<unknown>(one as Setting<unknown>)]);
  const config = Object.fromEntries(entries) as Config;
  faults.push(...portClashes(config), ...tlsFaults(config));
  if (faults.length > 0) {
    throw new SightlineError('CONFIG_INVALID', `The environment has faults:\n  ${faults.join('\n  ')}`);
  }

  return config;
}

function unknownVariables(env: Environment): string[] {
  const known = new Set<string>(Object.values(settings).map((one) => one.name));

  return Object.keys(env)
    .filter((name) => name.startsWith('SIGHTLINE_') && !known.has(name))
    .map((name) => `${name}: there is no such setting; the settings are ${[...known].sort().join(', ')}`);
}

function portClashes(config: Config): string[] {
  const used: [string, number][] = [
    ['SIGHTLINE_SIP_PORT', config.sipPort],
    ['SIGHTLINE_WS_PORT', config.wsPort],
    ['SIGHTLINE_HTTP_PORT', config.httpPort],
    ['SIGHTLINE_CONTROL_PORT', config.controlPort],
  ];
  if (config.tlsCert !== undefined) {
    used.push(['SIGHTLINE_SIP_TLS_PORT', config.tlsPort], ['SIGHTLINE_WSS_PORT', config.wssPort]);
  }
  const faults: string[] = [];
  used.forEach(([name, port], index) => {
    const clash = used.slice(0, index).find(([, other]) => port !== 0 && other === port);
    if (clash) faults.push(`${name}: port ${port} is taken by ${clash[0]} already; give them different ports`);
  });

  return faults;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new BadValue(`'${text}' is not a port; use 0 to 65535`);

  return port;
}

function parseRange(text: string): PortRange {
  const match = /^(\d+)-(\d+)$/.exec(text);
  if (!match) throw new BadValue(`'${text}' is not a range; write it as from-to, such as 30000-39999`);
  const range = { from: parsePort(match[1]!), to: parsePort(match[2]!) };
  if (range.from === 0 || range.to <= range.from) {
    throw new BadValue(`'${text}' is empty; the second port is the higher`);
  }

  return range;
}

function parseHost(text: string): string {
  if (!/^[A-Za-z0-9.:_-]+$/.test(text)) throw new BadValue(`'${text}' is not an address or host name`);

  return text;
}

function parseHosts(text: string): string[] {
  return text.split(',').map((part) => parseHost(part.trim()));
}

function parseNetworks(text: string): string[] {
  return text.split(',').map((part) => {
    try {
      new Networks([part.trim()]);
    } catch (error) {
      throw new BadValue((error as Error).message);
    }

    return part.trim();
  });
}

function parseNameServers(text: string): string[] {
  const servers = text.split(',').map((part) => part.trim());
  try {
    new Resolver().setServers(servers);
  } catch {
    throw new BadValue(`'${text}' is not a list of addresses; write it like 192.0.2.53,[2001:db8::53]:53`);
  }

  return servers;
}

function parseClients(text: string): ClientCertificates {
  if (text !== 'off' && text !== 'optional' && text !== 'required') {
    throw new BadValue(`'${text}' is none of off, optional and required`);
  }

  return text;
}

function parseName(text: string): string {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(text)) {
    throw new BadValue(`'${text}' is not a name; use letters, digits, '.', '_' and '-', at most 64`);
  }

  return text;
}

function parseToken(text: string): string {
  if (!/^[\x21-\x7e]{8,128}$/.test(text) || text.includes('|')) {
    throw new BadValue('must be 8 to 128 visible characters without | or spaces');
  }

  return text;
}

function parseLogLevel(text: string): string {
  if (!logLevels.includes(text)) throw new BadValue(`'${text}' is not a level; use ${logLevels.join(', ')}`);

  return text;
}

function parseCount(least: number, most: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < least || count > most) {
      throw new BadValue(`'${text}' is not a whole number from ${least} to ${most}`);
    }

    return count;
  };
}

function logPath(text: string): string {
  return text === 'stderr' ? text : path.resolve(text);
}

function tracePath(text: string): string {
  if (!text.endsWith('.pcap')) throw new BadValue(`'${text}' is not the name of a pcap file; it ends in .pcap`);

  return path.resolve(text);
}

function sitePath(text: string): string {
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

function parseRedisUrl(text: string): string {
  if (isClusterUrl(text)) {
    if (parseClusterUrl(text)) return text;
    throw new BadValue('names no nodes of a cluster; write it like redis-cluster://127.0.0.1:7000,127.0.0.1:7001');
  }
  parseUrl(text, ['redis:', 'rediss:'], 'redis://127.0.0.1:6379');

  return text;
}

function parseDrachtioUrl(text: string): DrachtioAddress {
  const url = parseUrl(text, ['tcp:'], 'tcp://:secret@127.0.0.1:9022');
  if (url.password === '') throw new BadValue('has no secret; write it like tcp://:secret@127.0.0.1:9022');

  return { host: url.hostname, port: Number(url.port || 9022), secret: decodeURIComponent(url.password) };
}

function parseFreeswitchUrl(text: string): string {
  for (const part of text.split(',')) parseUrl(part.trim(), ['esl:'], 'esl://:password@127.0.0.1:8021');

  return text;
}
