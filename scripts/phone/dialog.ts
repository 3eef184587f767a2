import type { DigestClient } from './digest';
import { hostOf, splitList, uriOf, writeRequest, type SipMsg } from './message';
import { sendRequest, type ReplyHandlers, type Sent } from './requester';
import type { Address } from './transactions';
import type { Wire } from './wire';

export interface DialogParts {
  wire: Wire;
  owner: string;
  callId: string;
  /** Own header value with tag. */
  local: string;
  localTag: string;
  /** The other side's header value; with its tag once it is known. */
  remote: string;
  target: string;
  /** Where requests go when target and routes name no IP address. */
  server: Address;
  auth: DigestClient | undefined;
}

export interface InDialogRequest {
  method: string;
  headers?: readonly string[];
  contentType?: string;
  body?: string;
}

/** The ids, sequence numbers and route of one dialog (RFC 3261 section 12). */
export class Dialog {
  remoteSeq = -1;
  private localSeq = 0;
  private routes: string[] = [];
  /** The last ACK to a 2xx, for answers that come again. */
  private ack: { cseq: number; text: string; dest: Address } | undefined;

  constructor(private readonly parts: DialogParts) {}

  get key(): string {
    return this.parts.callId + this.parts.localTag;
  }

  get callId(): string {
    return this.parts.callId;
  }

  get localTag(): string {
    return this.parts.localTag;
  }

  get target(): string {
    return this.parts.target;
  }

  set target(uri: string) {
    this.parts.target = uri;
  }

  /** Takes tag, target and route set from a 1xx or 2xx to our INVITE. */
  learnFromAnswer(response: SipMsg): void {
    this.parts.remote = response.header('to') ?? this.parts.remote;
    this.refreshTarget(response);
    this.routes = splitList(response.headers('record-route')).reverse();
  }

  learnFromInvite(request: SipMsg): void {
    this.remoteSeq = request.cseq;
    this.refreshTarget(request);
    this.routes = splitList(request.headers('record-route'));
  }

  refreshTarget(message: SipMsg): void {
    const contact = uriOf(message.header('contact'));
    if (contact !== '') this.parts.target = contact;
  }

  /** False for a request older than the last one (RFC 3261 section 12.2.2). */
  inOrder(request: SipMsg): boolean {
    if (request.cseq < this.remoteSeq) return false;
    this.remoteSeq = request.cseq;

    return true;
  }

  send(request: InDialogRequest, handlers: ReplyHandlers): Sent {
    const { wire, owner, target, local, remote, callId, auth } = this.parts;
    const nextCseq = (): number => ++this.localSeq;
    const ids = { owner, uri: target, from: local, to: remote, callId, nextCseq, routes: this.routes, auth };

    return sendRequest(wire, { ...request, ...ids, dest: this.nextHop() }, handlers);
  }

  /** Acknowledges a 2xx to INVITE; `body` is the answer when the 2xx carried the offer. */
  sendAck(cseq: number, body = ''): void {
    const { wire, target: uri, local: from, remote: to, callId } = this.parts;
    const branch = `z9hG4bK${wire.newId()}`;
    const request = { method: 'ACK', uri, sentBy: wire.sentBy, branch, from, to, callId, cseq, routes: this.routes };
    const text = writeRequest({ ...request, contentType: 'application/sdp', body });
    this.ack = { cseq, text, dest: this.nextHop() };
    this.transmitAck(false, body);
  }

  /** Repeats the ACK for a 2xx that came again; false when none was sent for it. */
  repeatAck(cseq: number): boolean {
    if (this.ack?.cseq !== cseq) return false;
    this.transmitAck(true, '');

    return true;
  }

  private transmitAck(retransmission: boolean, body: string): void {
    if (!this.ack) return;
    const { wire, owner, callId, target: uri } = this.parts;
    const facts = { owner, uri, method: 'ACK', status: 0, callId, cseq: this.ack.cseq, retransmission, body };
    wire.sendText(this.ack.text, this.ack.dest, { ...facts, contentType: body === '' ? '' : 'application/sdp' });
  }

  private nextHop(): Address {
    return addressOf(uriOf(this.routes[0] ?? this.parts.target)) ?? this.parts.server;
  }
}

/** The address in a URI whose host is an IPv4 or IPv6 address; undefined for a name. */
export function addressOf(uri: string): Address | undefined {
  const { host, port = 5060 } = hostOf(uri);
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return { host, port };
  if (host.startsWith('[')) return { host: host.slice(1, -1), port };

  return undefined;
}
