/** The grammar of header values (RFC 3261 section 25), each parser strict and free of side effects. */
import { badSyntax } from './errors';

export { formatNameAddr, parseAddresses, parseNameAddr, parseRepeatedNameAddr } from './address';
export type { NameAddr } from './address';
export { isToken } from './chars';
export { formatHeaderParams, formatUriParams, newParams, parseHeaderParams, quote } from './params';
export type { Params } from './params';
export { formatHostPort, formatUri, isSipUri, parseHost, parsePort, parseUri } from './uri';
export type { Uri } from './uri';
export { parseVia } from './via';
export type { Via } from './via';

export interface CSeq {
  /** 0 to 2^31 - 1 */
  number: number;
  method: string;
}

const cseq = /^([0-9]{1,20})[ \t]+([A-Za-z0-9\-.!%*_+`'~]+)$/;

/** @throws SipSyntaxError */
export function parseCSeq(text: string): CSeq {
  const match = cseq.exec(text);
  if (!match) throw badSyntax('Malformed CSeq');
  const number = Number(match[1]);
  if (number >= 0x8000_0000) throw badSyntax('CSeq out of range');

  return { number, method: match[2]! };
}

/** A number of a header such as Max-Forwards or Content-Length. @throws SipSyntaxError when it is none or above `max`. */
export function parseCount(text: string, header: string, max: number): number {
  if (!/^[0-9]{1,20}$/.test(text)) throw badSyntax(`Malformed ${header}`);
  const value = Number(text);
  if (value > max) throw badSyntax(`${header} out of range`);

  return value;
}
