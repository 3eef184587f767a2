/** Via of the shape that nearly all of them have; see `usual.ts`. */
import { CharClass, runOf, standsAt } from './chars';
import { newParams } from './params';
import { hostEnd, isIPv4, isValueEnd, portOf, signs } from './usual';
import type { UsualValue } from './usual';
import type { Via } from './via';

const { carriageReturn, colon, equals, semicolon, space } = signs;
const version = 'SIP/2.0/';

/** One Via: the places of its parts, -1 for those that it has not. */
export class UsualVia implements UsualValue {
  transportEnd = -1;
  hostEnd = -1;
  port = 0;
  branchStart = -1;
  branchEnd = -1;
  /** -1 without rport, 0 when it has no value. */
  rport = -1;
  rportStart = -1;
  rportEnd = -1;
  receivedStart = -1;
  receivedEnd = -1;
  end = -1;
  text = '';
  private made: Via | undefined = undefined;

  constructor(
    private readonly head: string,
    readonly start: number,
  ) {}

  get value(): Via {
    return (this.made ??= this.make());
  }

  private make(): Via {
    const { head, transportEnd, branchStart, receivedStart, rport } = this;
    const branch = branchStart < 0 ? undefined : head.slice(branchStart, this.branchEnd);
    const received = receivedStart < 0 ? undefined : head.slice(receivedStart, this.receivedEnd);

    return {
      transport: head.slice(this.start + version.length, transportEnd),
      host: head.slice(transportEnd + 1, this.hostEnd),
      port: this.port === 0 ? undefined : this.port,
      branch,
      received,
      rport: rport < 0 ? undefined : rport === 0 ? true : rport,
      params: this.makeParams(branch, received),
    };
  }

  /** In the order in which they are written. */
  private makeParams(branch: string | undefined, received: string | undefined): Via['params'] {
    const { branchStart, receivedStart, rportStart } = this;
    const params = newParams();
    const isRportFirst = rportStart >= 0 && rportStart < branchStart;
    const isReceivedFirst = receivedStart >= 0 && (receivedStart < branchStart || receivedStart < rportStart);
    if (isReceivedFirst) params.received = received;
    if (isRportFirst) params.rport = this.rportText();
    if (branch !== undefined) params.branch = branch;
    if (rportStart >= 0 && !isRportFirst) params.rport = this.rportText();
    if (received !== undefined && !isReceivedFirst) params.received = received;

    return params;
  }

  private rportText(): string {
    return this.rport === 0 ? '' : this.head.slice(this.rportStart, this.rportEnd);
  }
}

/** One Via whose branch is a token. `received` is taken when it stands first or last. */
export function usualVia(bytes: Buffer, head: string, start: number): UsualVia | undefined {
  if (!standsAt(version, bytes, start)) return undefined;
  const via = new UsualVia(head, start);
  const transportStart = start + version.length;
  let at = transportStart;
  while (bytes[at]! >= 0x41 && bytes[at]! <= 0x5a) at += 1;
  if (at === transportStart || bytes[at] !== space) return undefined;
  via.transportEnd = at;
  at = via.hostEnd = hostEnd(bytes, at + 1);
  if (at < 0) return undefined;
  if (bytes[at] === colon) {
    const portStart = at + 1;
    at = runOf(bytes, portStart, CharClass.DIGIT);
    via.port = portOf(bytes, portStart, at);
    if (via.port === 0) return undefined;
  }
  while (bytes[at] === semicolon) {
    at = viaParam(via, bytes, at + 1);
    if (at < 0) return undefined;
  }
  if (!isValueEnd(bytes, at)) return undefined;
  via.end = at;
  via.text = head.slice(start, at);

  return via;
}

/** Reads one parameter into the Via; gives its end, or -1 when it is none of the usual ones or is given twice. */
function viaParam(via: UsualVia, bytes: Buffer, start: number): number {
  if (standsAt('branch=', bytes, start)) {
    const end = runOf(bytes, start + 7, CharClass.TOKEN);
    if (via.branchStart >= 0 || end === start + 7) return -1;
    via.branchStart = start + 7;

    return (via.branchEnd = end);
  }
  if (standsAt('rport', bytes, start)) return rportParam(via, bytes, start + 5);
  if (!standsAt('received=', bytes, start) || via.receivedStart >= 0) return -1;
  const end = hostEnd(bytes, start + 9);
  if (end < 0 || !isIPv4(bytes, start + 9, end)) return -1;
  const isAmid = (via.branchStart >= 0 || via.rportStart >= 0) && bytes[end] === semicolon;
  if (isAmid) return -1;
  via.receivedStart = start + 9;

  return (via.receivedEnd = end);
}

/** rport with and without a value (RFC 3581); `start` is behind its name. */
function rportParam(via: UsualVia, bytes: Buffer, start: number): number {
  if (via.rportStart >= 0) return -1;
  let end = start;
  via.rport = 0;
  via.rportStart = start + 1;
  if (bytes[start] === equals) {
    end = runOf(bytes, start + 1, CharClass.DIGIT);
    via.rport = portOf(bytes, start + 1, end);
    if (via.rport === 0) return -1;
  }
  if (bytes[end] !== semicolon && bytes[end] !== carriageReturn) return -1;

  return (via.rportEnd = end);
}
