import type { StateTable } from '../../lib/state-table';
import { WrongArrowError } from '../../lib/state-table';
import { parseNameAddr, parseUri } from '../message/grammar';
import { Headers, SipRequest } from '../message/message';
import type { SipMessage } from '../message/message';
import { isSecure } from '../transport/flow';
import type { Destination, Flow } from '../transport/types';
import { detach } from './detach';
import type { SessionTimer } from './session-timer';
import { isSips, targetOfUri } from './target';

export type DialogState = 'early' | 'confirmed' | 'ending' | 'ended';
export type DialogInput = 'confirm' | 'bye' | 'end';

/** RFC 3261 section 12. `ending` is the time between a BYE and its answer. */
const dialogTable: StateTable<DialogState, DialogInput> = {
  early: { confirm: 'confirmed', bye: 'ending', end: 'ended' },
  confirmed: { confirm: 'confirmed', bye: 'ending', end: 'ended' },
  ending: { bye: 'ending', end: 'ended' },
  ended: { end: 'ended' },
};

/** An INVITE transaction inside a dialog, from the request to its ACK. */
export interface InviteInProgress {
  readonly id: string;
  /** Its CSeq number. */
  readonly seq: number;
  /** A 2xx was sent or received; only the ACK is missing. */
  readonly isAnswered: boolean;
}

/** An INVITE of the peer. */
export interface InviteOfPeer extends InviteInProgress {
  /** The ACK to our 2xx came. */
  acknowledge(): void;
  /** Ends it with a failure when it has no final response yet. */
  terminate(status: number): void;
  /** The PRACK with this RAck came: whether it matches a reliable response of ours that waits for one. */
  prack(rack: string): boolean;
  /** Gives up waiting: the dialog is over. */
  stop(): void;
}

/** An INVITE of ours. */
export interface InviteOfOurs extends InviteInProgress {
  /** Ends it when it has no final response yet. */
  cancel(): void;
}

export interface DialogSeed {
  role: 'uac' | 'uas';
  method: 'INVITE' | 'SUBSCRIBE';
  callId: string;
  localTag: string;
  remoteTag: string;
  /** The From value of our requests, tag included. */
  local: string;
  /** The To value of our requests, tag included when there is one. */
  remote: string;
  localSeq: number;
  remoteSeq?: number;
  /** The peer's Contact URI: the Request-URI of our requests. */
  target: string;
  /** Route values in the order of use. */
  routes: string[];
  /** Our Contact value. */
  contact: string;
  /** How the peer's last message came. */
  flow?: Flow;
  /** The peer is this very server, which holds the other end of the dialog too. */
  isSpiral?: boolean;
}

const noRoutes: string[] = [];

/**
 * One SIP dialog as data (RFC 3261 section 12). Strings are copies of their own: a dialog lives for hours and must not
 * keep the message alive that it was made from.
 */
export class Dialog {
  /**
   * What applications name the dialog by: Call-ID and the tag of the side that began it, and the other tag too where
   * both ends are here, as they would have one name otherwise.
   */
  readonly id: string;
  readonly role: 'uac' | 'uas';
  readonly method: 'INVITE' | 'SUBSCRIBE';
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  readonly local: string;
  readonly remote: string;
  state: DialogState = 'early';
  localSeq: number;
  remoteSeq: number | undefined;
  target: string;
  routes: string[];
  contact: string;
  flow: Flow | undefined;
  /** Whoever the face above says this dialog belongs to. */
  owner: object | undefined = undefined;
  /** The INVITE transaction of ours that runs, up to its ACK. */
  outgoing: InviteOfOurs | undefined = undefined;
  /** The INVITE transaction of the peer that runs, up to its ACK. */
  incoming: InviteOfPeer | undefined = undefined;
  /** How many UPDATEs of ours have no final response yet (RFC 3311 section 5.2). */
  updatesOfOurs = 0;
  /** How many UPDATEs of the peer have no final response yet. */
  updatesOfPeer = 0;
  /** How many PRACKs of ours have no final response yet. */
  pracksOfOurs = 0;
  /** What waits for the peer's ACK, or for the answer to our PRACK. */
  held: (() => void)[] | undefined = undefined;
  session: SessionTimer | undefined = undefined;
  /** Stops the timer that ends a subscription which nobody renews. */
  stopExpiry: (() => void) | undefined = undefined;
  /** Our last session description, for refreshing re-INVITEs; one byte a character. */
  sdp: string | undefined = undefined;
  peerAllowsUpdate = false;

  constructor(seed: DialogSeed) {
    this.role = seed.role;
    this.method = seed.method;
    this.callId = detach(seed.callId);
    this.localTag = detach(seed.localTag);
    this.remoteTag = detach(seed.remoteTag);
    const [begun, taken] = seed.role === 'uac' ? [seed.localTag, seed.remoteTag] : [seed.remoteTag, seed.localTag];
    this.id = detach(seed.isSpiral ? spiralId(seed.callId, begun, taken) : dialogId(seed.callId, begun));
    this.local = detach(seed.local);
    this.remote = detach(seed.remote);
    this.localSeq = seed.localSeq;
    this.remoteSeq = seed.remoteSeq;
    this.target = detach(seed.target);
    this.routes = detachAll(seed.routes);
    this.contact = detach(seed.contact);
    this.flow = seed.flow;
  }

  /** @throws WrongArrowError */
  apply(input: DialogInput): void {
    const next = dialogTable[this.state][input];
    if (next === undefined) throw new WrongArrowError('dialog', this.state, input);
    this.state = next;
  }

  /** The peer is to be reached by TLS only. */
  get isSecure(): boolean {
    return isSips(this.target);
  }

  get isOver(): boolean {
    return this.state === 'ending' || this.state === 'ended';
  }

  /** Takes over the peer's Contact from a target refresh request or its 2xx (RFC 3261 section 12.2). */
  refreshTarget(message: SipMessage): void {
    const uri = contactUri(message);
    if (uri !== undefined && uri !== this.target) this.target = detach(uri);
  }

  setRoutes(routes: string[]): void {
    this.routes = detachAll(routes);
  }

  /**
   * A request inside the dialog (RFC 3261 section 12.2.1.1), without Via. An ACK takes the CSeq number of its INVITE, any
   * other method the next one.
   */
  request(method: string, seq?: number): SipRequest {
    const number = seq ?? (this.localSeq += 1);
    const { uri, routes } = this.requestUriAndRoutes();
    const headers = new Headers();
    for (const route of routes) headers.append('Route', route);
    headers.append('Max-Forwards', '70');
    headers.append('From', this.local);
    headers.append('To', this.remote);
    headers.append('Call-ID', this.callId);
    headers.append('CSeq', `${number} ${method}`);

    return new SipRequest(method, uri, headers);
  }

  /** With a strict router first, the Request-URI is the router's and our target goes to the end of the routes. */
  private requestUriAndRoutes(): { uri: string; routes: string[] } {
    const first = this.routes[0];
    if (first === undefined) return { uri: this.target, routes: noRoutes };
    const hop = parseNameAddr(first);
    if ('lr' in hop.address.params) return { uri: this.target, routes: this.routes };

    return { uri: hop.uri, routes: [...this.routes.slice(1), `<${this.target}>`] };
  }

  /**
   * Where requests inside the dialog go. A peer on a stream is reached over its own connection, as it may be the only
   * way; a peer whose Contact is an address that it does not send from (behind NAT) is answered where it sends from.
   * @throws UnroutableError
   */
  destination(): Destination {
    // A sips URI leads nowhere but over TLS, wherever the peer's last message came from (RFC 3261 section 26.2.2).
    const flow = this.flow && (!this.isSecure || isSecure(this.flow.transport)) ? this.flow : undefined;
    if (flow && flow.transport !== 'udp') return flow;
    const first = this.routes[0];
    if (first !== undefined) return targetOfUri(parseNameAddr(first).address);
    const target = parseUri(this.target);
    if (flow && isBehindNat(target.host, flow.remote.address)) return flow;

    return targetOfUri(target);
  }
}

/** The id that drachtio-server gives a dialog; drachtio-srf relies on this form. */
export function dialogId(callId: string, callerTag: string): string {
  return `${callId};from-tag=${callerTag}`;
}

/** The id of the called end of a dialog that this server has with itself. */
export function spiralId(callId: string, callerTag: string, calledTag: string): string {
  return `${dialogId(callId, callerTag)};to-tag=${calledTag}`;
}

/** The URI of a message's first Contact, or undefined when it has none that is usable. */
export function contactUri(message: SipMessage): string | undefined {
  try {
    return message.contact?.uri;
  } catch {
    return undefined;
  }
}

/** Addresses only: a name may well belong to the source. `.invalid` names are what browsers put (RFC 7118 section 5). */
function isBehindNat(host: string, source: string): boolean {
  if (host.endsWith('.invalid')) return true;

  return isAddress(host) && host !== source;
}

function isAddress(host: string): boolean {
  return host.includes(':') || /^[0-9.]+$/.test(host);
}

function detachAll(values: string[]): string[] {
  return values.length === 0 ? noRoutes : values.map(detach);
}
