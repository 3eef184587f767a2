import { SightlineError } from '../lib/errors';
import { CONTENT_TYPE } from './codec';

export const PACKAGE = 'visual-menu';

/** The headers that go with every INFO of the package (RFC 6086 sections 4.3.1 and 7.2). */
export const INFO_HEADERS: Readonly<Record<string, string>> = {
  'Info-Package': PACKAGE,
  'Content-Type': CONTENT_TYPE,
  'Content-Disposition': 'Info-Package',
};

/** The header by which we say, in INVITE answers, that we take the package (RFC 6086 section 5.2.2). */
export const RECV_INFO_HEADERS: Readonly<Record<string, string>> = { 'Recv-Info': PACKAGE };

export interface InfoPackage {
  /** In lower case: tokens are compared without regard to case (RFC 3261 section 7.3.1). */
  readonly name: string;
  /** Parameters by lower-case name; one without a value is ''. */
  readonly params: ReadonlyMap<string, string>;
}

type HeaderValue = string | readonly string[] | undefined;

/**
 * The packages of a Recv-Info or Info-Package header, whether they come in one line or several. An absent header gives `undefined`,
 * which is not the same as an empty one: that says "info packages are understood, none is wanted now". Names that are no tokens
 * are left out.
 */
export function parseInfoPackages(header: HeaderValue): InfoPackage[] | undefined {
  if (header === undefined) return undefined;
  const lines = typeof header === 'string' ? [header] : header;

  return lines.flatMap((line) => splitOutsideQuotes(line, ',')).flatMap(readPackage);
}

/** Whether the sender of this Recv-Info header takes the visual menu. */
export function offersVisualMenu(recvInfo: HeaderValue): boolean {
  return parseInfoPackages(recvInfo)?.some((entry) => entry.name === PACKAGE) ?? false;
}

/**
 * What an in-dialog INFO is about: our package, or an INFO of the old kind (RFC 2976, no Info-Package header) such as DTMF.
 *
 * @throws SightlineError BAD_INFO_PACKAGE (469) for any other package, or none that can be read.
 */
export function classifyInfo(infoPackage: HeaderValue): 'visual-menu' | 'legacy' {
  const packages = parseInfoPackages(infoPackage);
  if (packages === undefined) return 'legacy';
  if (packages.length === 1 && packages[0]?.name === PACKAGE) return 'visual-menu';
  const named = packages.map((entry) => entry.name).join(', ') || 'no package';
  throw new SightlineError('BAD_INFO_PACKAGE', `The INFO names ${named.slice(0, 60)}; this call takes ${PACKAGE}`);
}

function readPackage(text: string): InfoPackage[] {
  const [name = '', ...params] = splitOutsideQuotes(text, ';').map((part) => part.trim());
  if (!/^[\w\-.!%*+`'~]+$/.test(name)) return [];

  return [{ name: name.toLowerCase(), params: new Map(params.filter(Boolean).map(readParam)) }];
}

function readParam(text: string): [string, string] {
  const [, name = '', value = ''] = /^([^=]*?)\s*(?:=\s*(.*))?$/s.exec(text) ?? [];
  const unquoted = /^"(.*)"$/s.exec(value)?.[1]?.replace(/\\(.)/gs, '$1');

  return [name.toLowerCase(), unquoted ?? value];
}

/** Splits at a separator that does not stand inside a quoted string; a quote left open runs to the end. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (quoted && text[i] === '\\') i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));

  return parts;
}
