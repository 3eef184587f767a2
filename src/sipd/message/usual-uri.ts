/** SIP URIs of the shape that nearly all of them have; see `usual.ts`. */
import { CharClass, escapedRunEnd, runOf, standsAt } from './chars';
import { newParams, parseUriParams } from './params';
import type { Params } from './params';
import type { Uri } from './uri';
import { hostEnd, portOf, signs } from './usual';

const { atSign, colon, equals, semicolon } = signs;
const lowerS = 0x73;
const transportBegin = ';transport=';
/** The parser knows what is to be said of more. */
const longestUri = 8192;

/** A SIP URI whose parts stand at these places. */
export class UsualUri {
  private made: Uri | undefined = undefined;

  constructor(
    private readonly head: string,
    private readonly start: number,
    private readonly userStart: number,
    /** -1 when there is no user. */
    private readonly userEnd: number,
    private readonly hostEnd: number,
    /** 0 when there is none. */
    private readonly port: number,
    private readonly paramsStart: number,
    /** Whether there is one parameter, which is that. */
    private readonly isTransportOnly: boolean,
    readonly end: number,
  ) {}

  get text(): string {
    return this.head.slice(this.start, this.end);
  }

  get value(): Uri {
    return (this.made ??= this.make());
  }

  private make(): Uri {
    const { head, userStart, userEnd } = this;
    const hasUser = userEnd >= 0;

    return {
      // The letter before the colon.
      scheme: head.charCodeAt(userStart - 2) === lowerS ? 'sips' : 'sip',
      user: hasUser ? head.slice(userStart, userEnd) : undefined,
      password: undefined,
      host: head.slice(hasUser ? userEnd + 1 : userStart, this.hostEnd),
      port: this.port === 0 ? undefined : this.port,
      params: this.makeParams(),
      headers: undefined,
    };
  }

  private makeParams(): Params {
    const { head, paramsStart, end } = this;
    if (paramsStart < end && !this.isTransportOnly) return parseUriParams(head, paramsStart, end);
    const params = newParams();
    if (this.isTransportOnly) params.transport = head.slice(paramsStart + transportBegin.length, end);

    return params;
  }
}

/** A SIP URI without a password, an escaped user and headers, and with one rare parameter at most. What follows it does not belong in a URI, or the caller refuses it. */
export function usualUri(bytes: Buffer, head: string, start: number): UsualUri | undefined {
  if (!standsAt('sip', bytes, start)) return undefined;
  const userStart = bytes[start + 3] === lowerS ? start + 5 : start + 4;
  if (bytes[userStart - 1] !== colon) return undefined;
  let hostStart = userStart;
  let userEnd = runOf(bytes, userStart, CharClass.PLAIN_USER);
  if (bytes[userEnd] !== atSign) userEnd = -1;
  else if (userEnd === userStart) return undefined;
  else hostStart = userEnd + 1;
  const nameEnd = hostEnd(bytes, hostStart);
  if (nameEnd < 0) return undefined;
  let paramsStart = nameEnd;
  let port = 0;
  if (bytes[nameEnd] === colon) {
    paramsStart = runOf(bytes, nameEnd + 1, CharClass.DIGIT);
    port = portOf(bytes, nameEnd + 1, paramsStart);
    if (port === 0) return undefined;
  }
  const transportEnd = transportOnlyEnd(bytes, paramsStart);
  const end = transportEnd < 0 ? uriParamsEnd(bytes, head, paramsStart) : transportEnd;
  if (end < 0 || end - start > longestUri) return undefined;

  return new UsualUri(head, start, userStart, userEnd, nameEnd, port, paramsStart, transportEnd >= 0, end);
}

/** The end of the transport when it is the only parameter, and else -1. */
function transportOnlyEnd(bytes: Buffer, start: number): number {
  if (!standsAt(transportBegin, bytes, start)) return -1;
  const valueStart = start + transportBegin.length;
  const end = runOf(bytes, valueStart, CharClass.NAME);

  return end === valueStart || bytes[end] === semicolon ? -1 : end;
}

/** The end of the parameters that begin here, or -1 when one is given twice or two are not of the usual ones. */
function uriParamsEnd(bytes: Buffer, head: string, start: number): number {
  let seen = 0;
  let at = start;
  while (bytes[at] === semicolon) {
    const nameEnd = runOf(bytes, at + 1, CharClass.NAME);
    const bit = paramBit(bytes, at + 1, nameEnd);
    if (bit === 0 || (seen & bit) !== 0) return -1;
    seen |= bit;
    at = nameEnd;
    if (bytes[nameEnd] === equals) {
      at = (bit & flagBits) === 0 ? escapedRunEnd(head, nameEnd + 1, CharClass.URI_PARAM) : 0;
      if (at <= nameEnd + 1) return -1;
    } else if ((bit & valueBits) !== 0) {
      return -1;
    }
  }

  return at;
}

const transportBit = 1;
const userBit = 2;
const lrBit = 4;
const obBit = 8;
const otherBit = 16;
/** Those that have a value. The other one may have one, too. */
const valueBits = transportBit | userBit;
/** Those that have none. */
const flagBits = lrBit | obBit;

/** A bit for each usual parameter, and one for any other; 0 for what may be a usual one in capitals, or has no name. */
function paramBit(bytes: Buffer, start: number, end: number): number {
  const length = end - start;
  const initial = bytes[start]! | 0x20;
  if (length === 9 && initial === 0x74) return standsAt('transport', bytes, start) ? transportBit : 0;
  if (length === 4 && initial === 0x75) return standsAt('user', bytes, start) ? userBit : 0;
  if (length === 2 && initial === 0x6c) return standsAt('lr', bytes, start) ? lrBit : 0;
  if (length === 2 && initial === 0x6f) return standsAt('ob', bytes, start) ? obBit : 0;

  return length === 0 ? 0 : otherBit;
}
