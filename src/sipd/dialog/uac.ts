import { randomUUID } from 'node:crypto';
import { newToken } from '../../lib/ids';
import { SipSyntaxError } from '../message/errors';
import { formatNameAddr, parseNameAddr, parseUri } from '../message/grammar';
import { Headers, SipRequest } from '../message/message';
import type { SipResponse } from '../message/message';
import { makeResponse } from '../message/response';
import type { Destination, Flow } from '../transport/types';
import { endDialog, releaseHeld } from './core';
import type { Core } from './core';
import type { Dialog } from './dialog';
import { dialogOfResponse, noteAllow, noteSdp, putHeaders } from './messages';
import { OutgoingInvite } from './outgoing-invite';
import { OutgoingRequest } from './outgoing';
import type { ResponseListener } from './outgoing';
import type { Sessions } from './sessions';
import { hostPort, isSips, targetOfUri, UnroutableError } from './target';
import type { UacInvites } from './uac-invites';
import { keepSubscribed } from './subscription';
import { UserError } from './user-error';
import { contentType, UserHeaders, withTransport } from './user-headers';
import type { UserContent } from './user-headers';

export interface RequestSpec extends UserContent {
  method: string;
  /** The Request-URI; inside a dialog a URI with the host `placeholder` stands for the peer's. */
  uri: string;
}

/** Requests that make or refresh a dialog name the way back to us. */
const withContact = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE']);
/** What the dialog alone decides. */
const dialogHeaders = ['From', 'To', 'Call-ID', 'CSeq', 'Max-Forwards'];

/** The client side of the user agent: requests of the application, outside and inside dialogs (RFC 3261 sections 8.1 and 12.2.1). */
export class Uac {
  /** CSeq numbers outside dialogs grow with time, so that a Call-ID may be used again after a restart. */
  private lastSeq = 0;

  constructor(
    private readonly core: Core,
    private readonly sessions: Sessions,
    private readonly invites: UacInvites,
  ) {}

  /**
   * Sends a request outside any dialog.
   * @param route where to send it in place of its Request-URI
   * @throws UserError, UnroutableError
   */
  send(spec: RequestSpec, route: string | undefined, owner: object): OutgoingRequest {
    const destination = this.destinationOf(spec, route);
    const request = this.outsideDialog(spec, destination);
    const out = this.create(request, destination, undefined, this.toApplication);
    out.owner = owner;
    this.start(out);

    return out;
  }

  /**
   * Sends a request inside a dialog; ACK and PRACK go by `UacInvites`.
   * @throws UserError, UnroutableError
   */
  sendInside(dialog: Dialog, spec: RequestSpec, owner: object): OutgoingRequest {
    const out = this.insideDialog(dialog, spec, this.toApplication);
    out.owner = owner;
    if (spec.method === 'INVITE' && (dialog.outgoing || dialog.incoming)) this.answerLocally(out, 491);
    else this.start(out);

    return out;
  }

  /** A request of the server itself inside a dialog. */
  sendOwn(dialog: Dialog, spec: RequestSpec, onResponse: ResponseListener): OutgoingRequest {
    const out = this.insideDialog(dialog, spec, onResponse);
    this.start(out);

    return out;
  }

  /** Ends a dialog by a BYE with a Reason; the dialog is gone at once, also when there is no way to the peer. */
  bye(dialog: Dialog, reason: string): SipRequest {
    const bye = dialog.request('BYE');
    bye.headers.append('Reason', reason);
    try {
      this.start(this.create(bye, dialog.destination(), dialog, ignore));
    } catch (error) {
      if (!(error instanceof UnroutableError)) throw error;
      this.core.log.warn({ dialog: dialog.id, cause: error.message }, 'A BYE could not be sent');
    }
    endDialog(this.core, dialog);

    return bye;
  }

  private readonly toApplication: ResponseListener = (out, response, flow) => {
    this.core.events.emit('response', out, response, flow);
  };

  private destinationOf(spec: RequestSpec, route: string | undefined): Destination {
    try {
      const uri = parseUri(spec.uri);
      if (route !== undefined) return targetOfUri(route.includes('<') ? parseNameAddr(route).address : parseUri(route));
      const flow = this.core.contactFlows.get(spec.uri);
      if (flow) return flow;
      const target = targetOfUri(uri);
      const own = this.core.transport.sentBy(target);
      if (own.address === target.address && own.port === target.port) {
        throw new UserError('can not send request to myself');
      }

      return target;
    } catch (error) {
      if (error instanceof SipSyntaxError)
        throw new UserError(`invalid request-uri: ${spec.method} ${spec.uri} SIP/2.0`);
      throw error;
    }
  }

  private outsideDialog(spec: RequestSpec, destination: Destination): SipRequest {
    const local = this.core.transport.sentBy(destination);
    const address = hostPort(local.address, local.port);
    const user = new UserHeaders(spec.headers, address);
    const { transport } = destination;
    const isSecure = isSips(spec.uri);
    const ownContact = withTransport(`<sip:${address}>`, transport, isSecure);
    const headers = new Headers();
    headers.append('Max-Forwards', user.take('Max-Forwards') ?? '70');
    headers.append('From', fromValue(user.take('From') ?? `<sip:${address}>`, address));
    headers.append('To', toValue(user.take('To'), spec.uri));
    headers.append('Call-ID', user.take('Call-ID') ?? randomUUID());
    headers.append('CSeq', `${this.seqOf(user.take('CSeq'))} ${spec.method}`);
    if (withContact.has(spec.method)) headers.append('Contact', ownContact);
    putHeaders(headers, user);
    if (user.has('Contact')) headers.set('Contact', withTransport(user.get('Contact')!, transport, isSecure));
    const request = new SipRequest(spec.method, spec.uri, headers);
    putBody(request, spec, user);
    if (headers.has('Session-Expires')) headers.set('Supported', supportedWithTimer(headers));

    return request;
  }

  private insideDialog(dialog: Dialog, spec: RequestSpec, onResponse: ResponseListener): OutgoingRequest {
    const destination = dialog.destination();
    const local = this.core.transport.sentBy(destination);
    const user = new UserHeaders(spec.headers, hostPort(local.address, local.port));
    user.drop(...dialogHeaders);
    const request = dialog.request(spec.method);
    if (!spec.uri.includes('placeholder')) request.uri = spec.uri;
    const contact = user.take('Contact');
    if (contact !== undefined) dialog.contact = withTransport(contact, destination.transport, dialog.isSecure);
    if (withContact.has(spec.method) && dialog.contact !== '') request.headers.append('Contact', dialog.contact);
    putHeaders(request.headers, user);
    putBody(request, spec, user);
    if (spec.method === 'INVITE' || spec.method === 'UPDATE') this.sessions.request(request, dialog);

    return this.create(request, destination, dialog, onResponse);
  }

  /** What a request does to its dialog when it goes out. */
  private noteSending(out: OutgoingRequest, dialog: Dialog): void {
    const { request } = out;
    noteSdp(dialog, request.headers.get('Content-Type'), request.body);
    if (out instanceof OutgoingInvite) dialog.outgoing = out;
    else if (request.method === 'UPDATE') dialog.updatesOfOurs += 1;
    else if (request.method === 'PRACK') dialog.pracksOfOurs += 1;
    else if (request.method === 'BYE') this.sayBye(dialog);
  }

  /** What else ends with the dialog (RFC 3261 section 15.1). */
  private sayBye(dialog: Dialog): void {
    dialog.apply('bye');
    this.sessions.stop(dialog);
    dialog.incoming?.terminate(487);
    dialog.outgoing?.cancel();
  }

  private create(
    request: SipRequest,
    destination: Destination,
    dialog: Dialog | undefined,
    onResponse: ResponseListener,
  ): OutgoingRequest {
    const Kind = request.method === 'INVITE' ? OutgoingInvite : OutgoingRequest;

    return new Kind(request, destination, dialog, onResponse);
  }

  private start(out: OutgoingRequest): void {
    this.core.outgoing.set(out.id, out);
    if (out.dialog) this.noteSending(out, out.dialog);
    const transaction = this.core.transactions.request(out.request, out.destination);
    out.transaction = transaction;
    transaction.on('response', (response, flow) => this.onResponse(out, response, flow));
    transaction.on('timeout', () => this.onResponse(out, makeResponse(out.request, 408), undefined));
    transaction.on('transportError', () => this.onResponse(out, makeResponse(out.request, 503), undefined));
    transaction.on('terminated', () => this.onTerminated(out));
  }

  /** Answers a request that may not be sent now, once the application knows its id. */
  private answerLocally(out: OutgoingRequest, status: number): void {
    setImmediate(() => out.onResponse(out, makeResponse(out.request, status), undefined));
  }

  private onResponse(out: OutgoingRequest, response: SipResponse, flow: Flow | undefined): void {
    if (response.status === 100) return;
    if (out instanceof OutgoingInvite) {
      this.invites.onResponse(out, response, flow);
      return;
    }
    if (response.status >= 200) {
      this.core.outgoing.delete(out.id);
      this.finish(out, response, flow);
    }
    out.onResponse(out, response, flow);
  }

  private onTerminated(out: OutgoingRequest): void {
    this.core.outgoing.delete(out.id);
    if (out instanceof OutgoingInvite) this.invites.onTerminated(out);
  }

  /** What a final response to anything but INVITE does to the dialog. */
  private finish(out: OutgoingRequest, response: SipResponse, flow: Flow | undefined): void {
    const { dialog, method, request } = out;
    const succeeded = response.status < 300;
    if (!dialog) {
      if (method === 'SUBSCRIBE' && succeeded) this.addSubscription(out, response, flow);
      return;
    }
    if (method === 'BYE') {
      // After a challenge the application sends the BYE again with credentials.
      if (response.status !== 401 && response.status !== 407 && dialog.state !== 'ended') endDialog(this.core, dialog);
    } else if (method === 'PRACK') {
      dialog.pracksOfOurs -= 1;
      if (dialog.pracksOfOurs === 0) releaseHeld(dialog);
    } else if (method === 'UPDATE') {
      dialog.updatesOfOurs -= 1;
      if (succeeded && !dialog.isOver) {
        dialog.refreshTarget(response);
        this.sessions.answered(response, dialog);
      }
    } else if (method === 'SUBSCRIBE' && succeeded) {
      dialog.refreshTarget(response);
      keepSubscribed(this.core, dialog, request, response);
    } else if (endsSubscription(dialog, request) && dialog.state !== 'ended') {
      endDialog(this.core, dialog);
    }
  }

  private addSubscription(out: OutgoingRequest, response: SipResponse, flow: Flow | undefined): void {
    const dialog = dialogOfResponse(out.request, response, flow);
    noteAllow(dialog, response.headers);
    dialog.owner = out.owner;
    dialog.apply('confirm');
    this.core.dialogs.add(dialog);
    out.dialog = dialog;
    keepSubscribed(this.core, dialog, out.request, response);
  }

  private seqOf(given: string | undefined): number {
    const number = given === undefined ? NaN : parseInt(given, 10);
    if (number >= 0 && number < 0x8000_0000) return number;
    this.lastSeq = Math.max(this.lastSeq + 1, Math.floor(this.core.clock.now() / 1000) % 0x4000_0000);

    return this.lastSeq;
  }
}

const ignore: ResponseListener = () => undefined;

/** From with our tag, and with our address where the application left it open. */
function fromValue(value: string, address: string): string {
  try {
    const parsed = parseNameAddr(value.replace(/(sips?:)localhost(?=[;>?\s]|$)/, `$1${address}`));
    parsed.params.tag ??= newToken().slice(0, 16);

    return formatNameAddr(parsed);
  } catch {
    throw new UserError(`invalid from value provided by client: ${value}`);
  }
}

function toValue(value: string | undefined, uri: string): string {
  if (value === undefined) return `<${uri}>`;
  try {
    parseNameAddr(value);

    return value;
  } catch {
    throw new UserError(`invalid to value provided by client: ${value}`);
  }
}

function putBody(request: SipRequest, spec: RequestSpec, user: UserHeaders): void {
  if (spec.body.length === 0) return;
  const type = contentType(user, spec.body);
  if (type === undefined) throw new UserError('missing content-type');
  request.headers.set('Content-Type', type);
  request.body = spec.body;
}

function supportedWithTimer(headers: Headers): string {
  const options = headers.all('Supported');
  if (!options.includes('timer')) options.push('timer');

  return options.join(', ');
}

/** A NOTIFY that tells the end of a subscription ends a dialog that SUBSCRIBE made (RFC 6665 section 4.4.1). */
export function endsSubscription(dialog: Dialog, request: SipRequest): boolean {
  return (
    dialog.method === 'SUBSCRIBE' &&
    request.method === 'NOTIFY' &&
    /^[ \t]*terminated\b/i.test(request.headers.get('Subscription-State') ?? '')
  );
}
