import { SightlineError } from '../../lib/errors';

/** A SIP or SIPS URI in parts (RFC 3261 section 19.1). Other schemes have an empty host. */
export interface SipUri {
  scheme: string;
  user: string;
  /** Lower case; IPv6 addresses without their brackets. */
  host: string;
  port: number | undefined;
  /** Names in lower case; a parameter without value is ''. */
  params: ReadonlyMap<string, string>;
}

/** A name-addr or addr-spec with its header parameters, e.g. one entry of a Contact header. */
export interface Address {
  /** The URI as it stood in the header. */
  uri: string;
  /** Names in lower case, values as they stood, quotes kept. */
  params: ReadonlyMap<string, string>;
}

const MAX_URI = 512;

const uriPattern =
  /^(sips?):(?:([^\s@<>"]*)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?((?:;[^;?\s<>"]+)*)(?:\?[^\s<>"]*)?$/i;

/** The URI in parts, or undefined when it is no SIP URI that we could use. */
export function parseSipUri(text: string): SipUri | undefined {
  if (text.length > MAX_URI) return undefined;
  const match = uriPattern.exec(text);
  if (!match) return undefined;
  const [, scheme = '', userInfo = '', host = '', port, params = ''] = match;
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) return undefined;

  return {
    scheme: scheme.toLowerCase(),
    user: unescapeUser(userInfo.split(/[:;]/, 1)[0] ?? ''),
    host: host.replace(/^\[|\]$/g, '').toLowerCase(),
    port: port === undefined ? undefined : Number(port),
    params: new Map(params.split(';').filter(Boolean).map(splitParameter)),
  };
}

function splitParameter(part: string): [string, string] {
  const at = part.indexOf('=');

  return at < 0 ? [part.toLowerCase(), ''] : [part.slice(0, at).toLowerCase(), part.slice(at + 1)];
}

function unescapeUser(user: string): string {
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}

const angled =
  /[\s,]*(?:"(?:[^"\\\p{Cc}]|\\[\x20-\x7e])*"|[^\s<>",;=]+(?:[ \t]+[^\s<>",;=]+)*)?\s*<([^<>"\s\p{Cc}]+)>/uy;
const bare = /[\s,]*([A-Za-z][A-Za-z0-9+.-]*:[^\s<>",;?\p{Cc}]+)/uy;
const headerParam = /\s*;\s*([\w!%*+.`'~-]+)(?:\s*=\s*("(?:[^"\\\p{Cc}]|\\[\x20-\x7e])*"|[^\s",;<>\p{Cc}]+))?/uy;

/**
 * Reads a comma-separated list of addresses: Contact, or (with one entry) From and To.
 *
 * @throws SightlineError BAD_REQUEST when anything in it cannot be read.
 */
export function parseAddresses(header: string, name: string): Address[] {
  const text = header.trimEnd();
  const addresses: Address[] = [];
  for (let at = 0; at < text.length;) {
    const match = matchAt(angled, text, at) ?? matchAt(bare, text, at);
    if (!match) throw unreadable(name);
    at += match[0].length;
    const params = new Map<string, string>();
    for (let param = matchAt(headerParam, text, at); param; param = matchAt(headerParam, text, at)) {
      params.set((param[1] ?? '').toLowerCase(), param[2] ?? '');
      at += param[0].length;
    }
    const rest = text.slice(at).trimStart();
    if (rest !== '' && !rest.startsWith(',')) throw unreadable(name);
    addresses.push({ uri: match[1] ?? '', params });
  }

  return addresses;
}

/**
 * The one address of a From or To header, with its URI in parts.
 *
 * @throws SightlineError BAD_REQUEST when there is none, more than one, or one that is no SIP URI.
 */
export function parseParty(header: string | undefined, name: string): SipUri {
  const [address, ...others] = parseAddresses(header ?? '', name);
  const uri = address && others.length === 0 ? parseSipUri(address.uri) : undefined;
  if (!uri) throw unreadable(name);

  return uri;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;

  return pattern.exec(text);
}

function unreadable(name: string): SightlineError {
  return new SightlineError('BAD_REQUEST', `The ${name} header cannot be read`);
}

/**
 * Whether a digest-uri may stand for the request-URI. Proxies rewrite the request-URI on its way and some clients write
 * only the server's address (sipp), so RFC 3261 section 22.4 item 5 asks for no more than that both may mean the same
 * resource: the same user, when the digest-uri names one, and a host that is the same or ours in both.
 */
export function sameResource(digestUri: string, requestUri: string, isOurHost: (host: string) => boolean): boolean {
  const digest = parseSipUri(digestUri) ?? parseSipUri(`sip:${digestUri}`);
  const request = parseSipUri(requestUri);
  if (!digest || !request) return digestUri === requestUri;
  if (digest.user !== '' && digest.user !== request.user) return false;

  return digest.host === request.host || (isOurHost(digest.host) && isOurHost(request.host));
}
