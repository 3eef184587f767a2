import { randomBytes } from 'node:crypto';
import { attributes } from '../../sdp/document';
import { KEY_BYTES, SALT_BYTES, type MasterKey, type SrtpSuite } from './srtp';

/** Keys in the session description (RFC 4568): reading and writing of `a=crypto`. */

/** In the order in which we like them. */
export const SUITES: readonly SrtpSuite[] = ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32'];

export interface CryptoLine {
  /** The number that says which line of an offer an answer takes up. */
  tag: string;
  suite: SrtpSuite;
  master: MasterKey;
  /** Bytes of the key identifier in each packet; 0 for none. */
  mki: number;
}

/** The lines that we can use, in the order in which the peer wrote them; those of other suites or with demands that we do not meet are left out. */
export function readCrypto(lines: readonly string[]): CryptoLine[] {
  return attributes(lines, 'crypto').flatMap((value) => readLine(value) ?? []);
}

function readLine(value: string): CryptoLine | undefined {
  const [tag = '', name = '', parameters = '', ...session] = value.split(/\s+/);
  const suite = SUITES.find((known) => known === name.toUpperCase());
  // Several keys for one line are meant for keys that change in time (section 6.1); nobody sends them.
  const [, key = '', rest = ''] = /^inline:([A-Za-z0-9+/]+=*)((?:\|[^;\s]*)?)$/i.exec(parameters) ?? [];
  const bytes = Buffer.from(key, 'base64');
  if (!/^\d{1,9}$/.test(tag) || !suite || bytes.length !== KEY_BYTES + SALT_BYTES) return undefined;
  // A demand may be passed over when it begins with a dash (section 6.3.7); WSH is a hint.
  if (!session.every((demand) => demand.startsWith('-') || /^WSH=\d+$/i.test(demand))) return undefined;
  const mki = Number(/\|\d+:(\d{1,3})$/.exec(rest)?.[1] ?? 0);

  return { tag, suite, mki, master: { key: bytes.subarray(0, KEY_BYTES), salt: bytes.subarray(KEY_BYTES) } };
}

export function newMasterKey(): MasterKey {
  return { key: randomBytes(KEY_BYTES), salt: randomBytes(SALT_BYTES) };
}

export function writeCrypto(line: Pick<CryptoLine, 'tag' | 'suite' | 'master'>): string {
  const key = Buffer.concat([line.master.key, line.master.salt]).toString('base64');

  return `a=crypto:${line.tag} ${line.suite} inline:${key}`;
}
