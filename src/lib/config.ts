import { hostname } from 'node:os';
import path from 'node:path';
import * as value from './config-values';
import { BadValue, logLevels } from './config-values';
import type { DrachtioAddress, PortRange, RouteSetting } from './config-values';
import { SightlineError } from './errors';
import { projectRoot } from './paths';
import { tlsFaults } from './tls-faults';
import type { ClientCertificates } from './tls-faults';

export type { DrachtioAddress, PortRange, RouteSetting } from './config-values';

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
  /** The address of the control port. */
  controlHost: string;
  /** Files in PEM; with them the control port speaks TLS and nothing else. */
  controlCert: string | undefined;
  controlKey: string | undefined;
  rtpPorts: PortRange;
  /** Folder of the site's dialplan. */
  sitePath: string;
  redisUrl: string | undefined;
  drachtio: DrachtioAddress | undefined;
  /** What the certificate of `drachtio` is held to, a file in PEM. */
  drachtioCa: string | undefined;
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
  /** What becomes of new requests in `sightline sipd`; connected applications get them in turn when undefined. */
  route: RouteSetting | undefined;
  /** How long `sightline sipd` waits for the answer of a web server, in ms. */
  routeTimeout: number;
  /** What the certificate of a web server or application of `route` is held to, a file in PEM. */
  routeCa: string | undefined;
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

function setting<T>(name: string, help: string, fallback: T, parse: (text: string) => T): Setting<T> {
  return { name, help, fallback, parse };
}

const settings = {
  host: setting('SIGHTLINE_HOST', 'address that every listener binds to', '127.0.0.1', value.parseHost),
  sipHosts: setting<readonly string[]>(
    'SIGHTLINE_SIP_HOSTS',
    'further addresses for SIP: 10.0.0.5,::1',
    [],
    value.parseHosts,
  ),
  sipPort: setting('SIGHTLINE_SIP_PORT', 'SIP over UDP and TCP', 5060, value.parsePort),
  tlsPort: setting('SIGHTLINE_SIP_TLS_PORT', 'SIP over TLS, with a certificate only', 5061, value.parsePort),
  wsPort: setting('SIGHTLINE_WS_PORT', 'SIP over WebSocket', 5066, value.parsePort),
  wssPort: setting('SIGHTLINE_WSS_PORT', 'SIP over secure WebSocket, with a certificate only', 7443, value.parsePort),
  tlsCert: setting<string | undefined>('SIGHTLINE_TLS_CERT', 'certificate chain, a PEM file', undefined, path.resolve),
  tlsKey: setting<string | undefined>('SIGHTLINE_TLS_KEY', 'its private key, a PEM file', undefined, path.resolve),
  tlsCa: setting<string | undefined>('SIGHTLINE_TLS_CA', 'authorities to trust, a PEM file', undefined, path.resolve),
  tlsClients: setting(
    'SIGHTLINE_TLS_CLIENTS',
    'certificates of clients: off, optional, required',
    'off',
    value.parseClients,
  ),
  externalAddress: setting<string | undefined>(
    'SIGHTLINE_EXTERNAL_ADDRESS',
    'address that those outside reach this machine at (NAT)',
    undefined,
    value.parseHost,
  ),
  localNetworks: setting<readonly string[] | undefined>(
    'SIGHTLINE_LOCAL_NETWORKS',
    'networks that are told the local address: 10.0.0.0/8,fd00::/8',
    undefined,
    value.parseNetworks,
  ),
  dnsServers: setting<readonly string[]>('SIGHTLINE_DNS_SERVERS', 'name servers for SIP', [], value.parseNameServers),
  sipIdle: setting(
    'SIGHTLINE_SIP_IDLE',
    'seconds after which an idle SIP connection is closed',
    600,
    value.parseCount(60, 86_400),
  ),
  httpPort: setting('SIGHTLINE_HTTP_PORT', 'REST API', 8080, value.parsePort),
  controlPort: setting('SIGHTLINE_CONTROL_PORT', 'control port of the embedded SIP server', 9022, value.parsePort),
  controlHost: setting('SIGHTLINE_CONTROL_HOST', 'address of the control port', '127.0.0.1', value.parseHost),
  controlCert: setting<string | undefined>(
    'SIGHTLINE_CONTROL_TLS_CERT',
    'certificate chain of the control port, a PEM file; it speaks TLS then',
    undefined,
    path.resolve,
  ),
  controlKey: setting<string | undefined>(
    'SIGHTLINE_CONTROL_TLS_KEY',
    'its private key, a PEM file',
    undefined,
    path.resolve,
  ),
  rtpPorts: setting('SIGHTLINE_RTP_PORTS', 'RTP ports, from-to', { from: 30_000, to: 39_999 }, value.parseRange),
  sitePath: setting(
    'SIGHTLINE_SITE',
    'name of a folder in dialplans/, or a path',
    value.sitePath('demo'),
    value.sitePath,
  ),
  redisUrl: setting<string | undefined>(
    'REDIS_URL',
    'redis://…; unset: a Redis of its own',
    undefined,
    value.parseRedisUrl,
  ),
  drachtio: setting<DrachtioAddress | undefined>(
    'DRACHTIO_URL',
    'tcp://:secret@host:9022, or tls://; unset: the embedded SIP server',
    undefined,
    value.parseDrachtioUrl,
  ),
  drachtioCa: setting<string | undefined>(
    'SIGHTLINE_DRACHTIO_CA',
    'authorities, or the very certificate, of DRACHTIO_URL=tls://, a PEM file',
    undefined,
    path.resolve,
  ),
  freeswitchUrl: setting<string | undefined>(
    'FREESWITCH_URL',
    'esl://:password@host:8021, several separated by commas; unset: the embedded media engine',
    undefined,
    value.parseFreeswitchUrl,
  ),
  logLevel: setting('LOG_LEVEL', `one of ${logLevels.join(', ')}`, 'info', value.parseLogLevel),
  node: setting('SIGHTLINE_NODE', 'name of this node', hostname(), value.parseName),
  dataDir: setting('SIGHTLINE_DATA', 'folder for what is kept', path.join(projectRoot, '.sightline'), path.resolve),
  apiToken: setting<string | undefined>(
    'SIGHTLINE_API_TOKEN',
    'bearer token of the REST API',
    undefined,
    value.parseToken,
  ),
  controlSecret: setting<string | undefined>(
    'SIGHTLINE_CONTROL_SECRET',
    'secret of the control port of `sightline sipd`',
    undefined,
    value.parseToken,
  ),
  route: setting<RouteSetting | undefined>(
    'SIGHTLINE_ROUTE',
    'where `sightline sipd` takes new requests: https://…, tcp://host:9021, tag:name, reject:603, …',
    undefined,
    value.parseRoute,
  ),
  routeTimeout: setting(
    'SIGHTLINE_ROUTE_TIMEOUT',
    'milliseconds that the web server of SIGHTLINE_ROUTE may take',
    3_000,
    value.parseCount(100, 30_000),
  ),
  routeCa: setting<string | undefined>(
    'SIGHTLINE_ROUTE_CA',
    'authorities, or the very certificate, of SIGHTLINE_ROUTE, a PEM file',
    undefined,
    path.resolve,
  ),
  sipTrusted: setting<readonly string[]>(
    'SIGHTLINE_SIP_TRUSTED',
    'networks without limits on SIP, separated by commas',
    ['127.0.0.0/8', '::1'],
    value.parseNetworks,
  ),
  sipRate: setting('SIGHTLINE_SIP_RATE', 'new SIP requests a second of one source', 100, value.parseCount(1, 100_000)),
  sipBan: setting(
    'SIGHTLINE_SIP_BAN',
    'seconds that an attacker is banned, 0 for never',
    300,
    value.parseCount(0, 86_400),
  ),
  securityLog: setting<string | undefined>(
    'SIGHTLINE_SECURITY_LOG',
    'file for fail2ban, or stderr',
    undefined,
    value.logPath,
  ),
  sipTrace: setting<string | undefined>(
    'SIGHTLINE_SIP_TRACE',
    'pcap file of all SIP messages',
    undefined,
    value.tracePath,
  ),
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
  faults.push(...portClashes(config), ...tlsFaults(config, Date.now()), ...idleAuthorities(config));
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

/** Authorities that nothing is held to: whoever names them believes that something is checked. */
function idleAuthorities({ drachtio, drachtioCa, route, routeCa }: Config): string[] {
  const faults: string[] = [];
  if (drachtioCa !== undefined && drachtio?.isSecure !== true) {
    faults.push('SIGHTLINE_DRACHTIO_CA: is for DRACHTIO_URL=tls://…; set that, or leave this out');
  }
  const isHeld = route && (('url' in route && route.url.startsWith('https:')) || ('host' in route && route.isSecure));
  if (routeCa !== undefined && !isHeld) {
    faults.push('SIGHTLINE_ROUTE_CA: is for SIGHTLINE_ROUTE=https://… or tls://…; set that, or leave this out');
  }

  return faults;
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
