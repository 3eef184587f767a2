import type { Place } from '../application';
import type { SipRequest } from '../message/message';
import type { Uri } from '../message/uri';
import type { ApplicationRoute, ProxyTargets } from './outbound';

/** What a web server answered is no instruction; the message says why. */
export class InstructionError extends Error {}

/** The address that asks about a request: its parameters are those of drachtio-server, in its order. */
export function questionFor(base: string, request: SipRequest, from: Place): string {
  const { target, method, uri } = request;
  const params = [
    ['method', method],
    ['domain', target.host],
    ['protocol', from.transport],
    ['source_address', from.address],
    ['fromUser', userOf(() => request.from.uri)],
    ['toUser', userOf(() => request.to.uri)],
    ['uriUser', target.user ?? ''],
    ['contentType', (request.headers.get('Content-Type') ?? '').replace(/;.*/s, '').trim()],
    ['uri', uri],
    ...paramsOf(target, uri),
  ];
  const query = params.map(([name, value]) => `${encodeURIComponent(name!)}=${encodeURIComponent(value!)}`).join('&');
  const url = new URL(base);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  url.search = url.search === '' ? query : `${url.search}&${query}`;

  return url.href;
}

/** The user of an address as written; a scheme without users has none. */
function userOf(uriOf: () => string): string {
  return /^sips?:([^@:;]*)(?::[^@]*)?@/i.exec(uriOf())?.[1] ?? '';
}

/** Parameters of the Request-URI, which are told one by one besides. */
function paramsOf({ host }: Uri, uri: string): [string, string][] {
  if (host === '') return [];
  const afterHost = uri.slice(uri.indexOf('@') + 1).replace(/\?.*/s, '');

  return afterHost
    .split(';')
    .slice(1)
    .map((param) => {
      const [name, ...value] = param.split('=');

      return [name!, value.join('=')];
    });
}

/** Reads `{"action": …, "data": {…}}`, as drachtio-server's request handlers write it. @throws InstructionError */
export function readInstruction(text: string): ApplicationRoute {
  const { action, data } = readJson(text);
  if (!isRecord(data)) throw new InstructionError("missing 'data' object");
  switch (action) {
    case 'route':
      return routeOf(data);
    case 'reject':
      return { reject: rejectOf(data) };
    case 'redirect':
      return { redirect: textsOf(data, 'contact') };
    case 'proxy':
      return { proxy: proxyOf(data) };
    default:
      throw new InstructionError("'action' is none of 'route', 'reject', 'redirect' and 'proxy'");
  }
}

function readJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (isRecord(value)) return value;
  } catch {
    // Said below.
  }
  throw new InstructionError('the answer is no JSON object');
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function routeOf({ uri, tag }: Record<string, unknown>): ApplicationRoute {
  if (typeof uri !== 'string') {
    if (typeof tag === 'string' && tag !== '') return { tag };
    throw new InstructionError("neither 'uri' nor 'tag' is a string");
  }
  const match = /^(?:sip:)?(?:\[([^\]]+)\]|([^:;@/\s]+))(?::(\d{1,5}))?(?:;transport=(tcp|tls))?$/.exec(uri);
  const port = Number(match?.[3] ?? 9021);
  if (!match || port === 0 || port > 65_535) throw new InstructionError("'uri' is not like host:port;transport=tcp");
  const host = match[1] ?? match[2]!;

  return match[4] === 'tls' ? { host, port, tls: {} } : { host, port };
}

function rejectOf({ status, reason }: Record<string, unknown>): { status: number; reason?: string } {
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 300 || status > 699) {
    throw new InstructionError("'status' is not a number from 300 to 699");
  }

  return typeof reason === 'string' ? { status, reason: oneLine(reason, 'reason') } : { status };
}

function proxyOf(data: Record<string, unknown>): ProxyTargets {
  const is = (name: string): boolean | undefined => (typeof data[name] === 'boolean' ? data[name] : undefined);
  const time = (name: string): string | undefined => (typeof data[name] === 'string' ? data[name] : undefined);

  return {
    destination: textsOf(data, 'destination'),
    recordRoute: is('recordRoute'),
    followRedirects: is('followRedirects'),
    simultaneous: is('simultaneous'),
    provisionalTimeout: time('provisionalTimeout'),
    finalTimeout: time('finalTimeout'),
  };
}

function textsOf(data: Record<string, unknown>, name: string): string[] {
  const value = data[name];
  const all: unknown[] = Array.isArray(value) ? value : [value];
  if (all.length === 0 || !all.every((one) => typeof one === 'string' && one !== '')) {
    throw new InstructionError(`'${name}' is neither a string nor a list of strings`);
  }

  return (all as string[]).map((one) => oneLine(one, name));
}

/** What goes into a message may not begin a line of its own there. */
function oneLine(text: string, name: string): string {
  if (/[\x00-\x1f\x7f]/.test(text)) throw new InstructionError(`'${name}' has control characters`);

  return text;
}
