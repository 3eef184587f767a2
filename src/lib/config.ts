import { hostname } from 'node:os';
import path from 'node:path';
import { isClusterUrl, parseClusterUrl } from './cluster-url';
import { SightlineError } from './errors';
import { projectRoot } from './paths';

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
  sipPort: number;
  wsPort: number;
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
  sipPort: setting('SIGHTLINE_SIP_PORT', 'SIP over UDP and TCP', 5060, parsePort),
  wsPort: setting('SIGHTLINE_WS_PORT', 'SIP over WebSocket', 5066, parsePort),
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
  faults.push(...portClashes(config));
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
