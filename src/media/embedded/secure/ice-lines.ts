import { isIP } from 'node:net';
import { attribute, attributes } from '../../sdp/document';

/** Reading and writing of the lines by which two ends find each other (RFC 8839). */

export interface IceCredentials {
  ufrag: string;
  pwd: string;
}

export interface IceCandidate {
  address: string;
  port: number;
  priority: number;
}

export interface RemoteIce extends IceCredentials {
  candidates: readonly IceCandidate[];
  lite: boolean;
}

/** Type preference 126 (host), local preference 65535, component 1 (RFC 8445 section 5.1.2.1). */
export const HOST_PRIORITY = 2 ** 24 * 126 + 2 ** 8 * 65_535 + 255;
/** The same for a candidate that the peer learns of by a check: type preference 110. */
export const REFLEXIVE_PRIORITY = 2 ** 24 * 110 + 2 ** 8 * 65_535 + 255;

/** What a peer said; undefined when it does not speak of ICE. Candidates that are names, not UDP, or for RTCP alone are left out. */
export function readIce(lines: readonly string[]): RemoteIce | undefined {
  const [ufrag, pwd] = [attribute(lines, 'ice-ufrag'), attribute(lines, 'ice-pwd')];
  if (!ufrag || !pwd) return undefined;
  const candidates = attributes(lines, 'candidate').flatMap((value) => readCandidate(value) ?? []);

  return { ufrag, pwd, candidates, lite: attribute(lines, 'ice-lite') !== undefined };
}

function readCandidate(value: string): IceCandidate | undefined {
  const [, component = '', transport = '', priority = '', address = '', port = ''] = value.split(/\s+/);
  const usable = component === '1' && transport.toLowerCase() === 'udp' && isIP(address) !== 0;
  if (!usable || !/^\d{1,10}$/.test(priority) || !/^\d{1,5}$/.test(port)) return undefined;
  if (Number(port) === 0 || Number(port) > 65_535) return undefined;

  return { address, port: Number(port), priority: Number(priority) };
}

export function writeIce({ ufrag, pwd }: IceCredentials, address: string, port: number): string[] {
  return [
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${pwd}`,
    `a=candidate:1 1 udp ${HOST_PRIORITY} ${address} ${port} typ host`,
    'a=end-of-candidates',
  ];
}
