/** Header field names: canonical spelling, compact forms (RFC 3261 section 7.3.3 and the IANA registry), list headers. */

/** Canonical names of the headers that this server knows; any other name keeps the spelling that it came with. */
const canonicalNames = [
  ...['Accept', 'Accept-Contact', 'Accept-Encoding', 'Accept-Language', 'Alert-Info', 'Allow', 'Allow-Events'],
  ...['Answer-Mode', 'Authentication-Info', 'Authorization', 'Call-ID', 'Call-Info', 'Contact', 'Content-Disposition'],
  ...['Content-Encoding', 'Content-ID', 'Content-Language', 'Content-Length', 'Content-Type', 'CSeq', 'Date'],
  ...['Diversion', 'Error-Info', 'Event', 'Expires', 'Flow-Timer', 'From', 'Geolocation', 'History-Info', 'Identity'],
  ...['In-Reply-To', 'Info-Package', 'Join', 'Max-Forwards', 'MIME-Version', 'Min-Expires', 'Min-SE', 'Organization'],
  ...['P-Access-Network-Info', 'P-Asserted-Identity', 'P-Associated-URI', 'P-Charging-Vector', 'P-Early-Media'],
  ...['P-Preferred-Identity', 'Path', 'Priority', 'Privacy', 'Proxy-Authenticate', 'Proxy-Authorization'],
  ...['Proxy-Require', 'RAck', 'Reason', 'Record-Route', 'Recv-Info', 'Refer-To', 'Referred-By', 'Reject-Contact'],
  ...['Remote-Party-ID', 'Replaces', 'Reply-To', 'Request-Disposition', 'Require', 'Retry-After', 'Route', 'RSeq'],
  ...['Security-Client', 'Security-Server', 'Security-Verify', 'Server', 'Service-Route', 'Session-Expires'],
  ...['Session-ID', 'SIP-ETag', 'SIP-If-Match', 'Subject', 'Subscription-State', 'Supported', 'Timestamp', 'To'],
  ...['Unsupported', 'User-Agent', 'User-to-User', 'Via', 'Warning', 'WWW-Authenticate'],
] as const;

const compactForms: Readonly<Record<string, string>> = {
  a: 'Accept-Contact',
  b: 'Referred-By',
  c: 'Content-Type',
  d: 'Request-Disposition',
  e: 'Content-Encoding',
  f: 'From',
  i: 'Call-ID',
  j: 'Reject-Contact',
  k: 'Supported',
  l: 'Content-Length',
  m: 'Contact',
  o: 'Event',
  r: 'Refer-To',
  s: 'Subject',
  t: 'To',
  u: 'Allow-Events',
  v: 'Via',
  x: 'Session-Expires',
  y: 'Identity',
};

/** Headers whose value is a comma-separated list, so that one line with commas equals several lines (RFC 3261 section 7.3.1). */
const listHeaders = new Set(
  [
    ...['Accept', 'Accept-Contact', 'Accept-Encoding', 'Accept-Language', 'Alert-Info', 'Allow', 'Allow-Events'],
    ...['Call-Info', 'Contact', 'Content-Encoding', 'Content-Language', 'Diversion', 'Error-Info', 'Geolocation'],
    ...['History-Info', 'In-Reply-To', 'P-Asserted-Identity', 'P-Associated-URI', 'P-Preferred-Identity', 'Path'],
    ...['Proxy-Require', 'Reason', 'Record-Route', 'Recv-Info', 'Reject-Contact', 'Request-Disposition', 'Require'],
    ...['Route', 'Security-Client', 'Security-Server', 'Security-Verify', 'Service-Route', 'Supported', 'Unsupported'],
    ...['Via', 'Warning'],
  ].map((name) => name.toLowerCase()),
);

/**
 * Headers that a message carries once at most, each with a bit of its own, so that the parser finds duplicates and
 * missing ones by arithmetic. Two values where one is meant is how a request says one thing to us and another to the
 * next hop.
 */
const singleHeaders = [
  ...['Via', 'From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards', 'Content-Length', 'Content-Type', 'Content-Disposition'],
  ...['Expires', 'Event', 'Refer-To', 'Replaces', 'Session-Expires', 'Min-SE', 'RSeq', 'RAck'],
];

/** A header's identity: `key` is what look-ups compare (lower case, compact form resolved), `name` what is written. */
export interface HeaderName {
  readonly key: string;
  readonly name: string;
  /** The bit of a header that may stand once only, or of Via; 0 for all others. */
  readonly bit: number;
  /** Whether this server knows the header: then there is one such object for it, and else one for each line. */
  readonly isKnown: boolean;
  readonly isList: boolean;
}

/** The bit of a header that may stand once only, or of Via; 0 for all others. */
export function bitOf(name: string): number {
  const index = singleHeaders.indexOf(name);

  return index < 0 ? 0 : 1 << index;
}

/** The only header with a bit that may be repeated. */
export const viaBit = bitOf('Via');
/** The headers without which no message is valid. Max-Forwards is not among them: RFC 2543 did not have it. */
export const mandatoryBits = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].reduce((bits, name) => bits | bitOf(name), 0);

const known = new Map<string, HeaderName>();

for (const name of canonicalNames) {
  const entry: HeaderName = {
    key: name.toLowerCase(),
    name,
    bit: bitOf(name),
    isKnown: true,
    isList: listHeaders.has(name.toLowerCase()),
  };
  for (const spelling of [name, entry.key, name.toUpperCase(), titleCase(name)]) known.set(spelling, entry);
}
for (const [letter, name] of Object.entries(compactForms)) {
  const entry = known.get(name);
  if (!entry) throw new Error(`The compact form ${letter} stands for the unknown header ${name}`);
  known.set(letter, entry);
  known.set(letter.toUpperCase(), entry);
}

function titleCase(name: string): string {
  return name.toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}

/** Room for each spelling and as much again, so that a look-up seldom meets another's. A power of two. */
const tableSize = 512;
const table: (Spelling | undefined)[] = Array.from({ length: tableSize }, () => undefined);

/** A known name in lower case, or a compact form. */
interface Spelling {
  readonly bytes: Uint8Array;
  readonly name: HeaderName;
}

/** A place in the table, of four things that tell names apart: none of today's shares one. Lower and upper case give the same. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start]! | 0x20;
  const middle = bytes[(start + end) >> 1]! | 0x20;
  const last = bytes[end - 1]! | 0x20;

  return ((end - start) * 64 + first * 371 + middle * 46 + last * 211) & (tableSize - 1);
}

for (const [spelling, name] of known) {
  if (spelling !== spelling.toLowerCase()) continue;
  const bytes = Buffer.from(spelling, 'latin1');
  let at = placeOf(bytes, 0, bytes.length);
  while (table[at] !== undefined) at = (at + 1) & (tableSize - 1);
  table[at] = { bytes, name };
}

/** Whether the bytes from `at` are this name, in upper or lower case. */
function isSpelling(name: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < name.length; i += 1) {
    const code = bytes[at + i]!;
    if (name[i] !== (code >= 0x41 && code <= 0x5a ? code | 0x20 : code)) return false;
  }

  return true;
}

/** The known header whose name stands there, without a string being made of it; undefined for any other. */
export function knownHeader(bytes: Uint8Array, start: number, end: number): HeaderName | undefined {
  let at = placeOf(bytes, start, end);
  for (let entry = table[at]; entry !== undefined; entry = table[at]) {
    if (entry.bytes.length === end - start && isSpelling(entry.bytes, bytes, start)) return entry.name;
    at = (at + 1) & (tableSize - 1);
  }

  return undefined;
}

/** The identity of a header under any spelling. The usual spellings cost one look-up. */
export function headerName(spelling: string): HeaderName {
  const entry = known.get(spelling);
  if (entry) return entry;
  const key = spelling.toLowerCase();

  return known.get(key) ?? { key, name: spelling, bit: 0, isKnown: false, isList: false };
}

/** The look-up key of a header under any spelling. */
export function headerKey(spelling: string): string {
  return known.get(spelling)?.key ?? headerName(spelling).key;
}
