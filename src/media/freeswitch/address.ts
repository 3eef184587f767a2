import { SightlineError } from '../../lib/errors';

/** Where the event socket of one FreeSWITCH listens. */
export interface EslAddress {
  host: string;
  port: number;
  password: string;
}

const defaultPort = 8021;

/**
 * Reads `esl://:password@host:8021`, or several of them separated by commas. A port of 8021 and the password that FreeSWITCH comes
 * with are taken where none is given. A comma or `@` of a password is written in percent encoding.
 *
 * @throws SightlineError CONFIG_INVALID that names the part which cannot be read, without its password.
 */
export function parseEslUrls(text: string): EslAddress[] {
  const parts = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (parts.length === 0) throw invalid('it is empty');
  const addresses = parts.map((part, index) => parseEslUrl(part, index + 1));
  const names = addresses.map(nameOf);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice) throw invalid(`${twice} is in it twice`);

  return addresses;
}

/** What a server is called in logs, in `Endpoint.server` and in errors. */
export function nameOf({ host, port }: EslAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function parseEslUrl(text: string, place: number): EslAddress {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid(`part ${place} is no URL`);
  }
  const extra = url.username || url.search || url.hash || (url.pathname !== '' && url.pathname !== '/');
  if (url.protocol !== 'esl:' || !url.hostname || extra) {
    throw invalid(`part ${place} is not of the form esl://:password@host:8021`);
  }

  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port ? Number(url.port) : defaultPort,
    password: url.password ? decodeURIComponent(url.password) : 'ClueCon',
  };
}

function invalid(why: string): SightlineError {
  return new SightlineError('CONFIG_INVALID', `FREESWITCH_URL cannot be used: ${why}`);
}
