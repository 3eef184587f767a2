import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const dataFolder = path.join(__dirname, '../../data/sip');

export function message4475(name: string): Buffer {
  return readFileSync(path.join(dataFolder, 'rfc4475', `${name}.dat`));
}

/**
 * The archive of RFC 5118 ends its lines with LF, leaves out some last empty lines, and its Content-Lengths of bodies fit
 * neither line end; all three are put right here, as none of them is what the messages test.
 */
export function message5118(name: string): Buffer {
  const [head, body = ''] = readFileSync(path.join(dataFolder, 'rfc5118', name), 'latin1').split('\n\n');
  const text = `${head!.trimEnd()}\n\n${body}`.replace(/\n/g, '\r\n');
  const length = text.length - text.indexOf('\r\n\r\n') - 4;

  return Buffer.from(text.replace(/Content-Length: \d+/, `Content-Length: ${length}`), 'latin1');
}

/** The names of the messages of each RFC. */
export const names4475 = readdirSync(path.join(dataFolder, 'rfc4475')).map((file) => file.replace('.dat', ''));
export const names5118 = readdirSync(path.join(dataFolder, 'rfc5118'));

/** What comes of a message: `taken` by the application, refused with a status, dropped, or waited for on a stream. */
export type Outcome = 'taken' | 'dropped' | 'waits' | number;

export interface TortureVerdict {
  rfc: 4475 | 5118;
  name: string;
  /** Of the RFC. */
  section: string;
  /** By the parser with the checks of a new request; `taken` is a message without a fault. */
  parser: Outcome;
  /** By the whole server. */
  udp: Outcome;
  tcp: Outcome;
  why: string;
  bytes: Buffer;
}

/** What the RFCs want of each message. Where they leave the choice between refusing and repairing, this server refuses. */
export const verdicts: readonly TortureVerdict[] = (
  JSON.parse(readFileSync(path.join(dataFolder, 'verdicts.json'), 'utf8')) as Omit<TortureVerdict, 'bytes'>[]
).map((verdict) => ({
  ...verdict,
  bytes: verdict.rfc === 4475 ? message4475(verdict.name) : message5118(verdict.name),
}));
