import type { SipRequest, SipResponse } from '../message/message';
import { makeResponse } from '../message/response';
import type { Core } from './core';
import type { Dialog } from './dialog';
import { IncomingInvite } from './incoming-invite';
import type { IncomingRequest } from './incoming';
import { dialogOfRequest, noteSdp, putHeaders } from './messages';
import { addToken, lists, supports } from './sessions';
import type { Sessions } from './sessions';
import { hostPort, isSips } from './target';
import { noteRegistration } from './registration';
import { keepSubscribed } from './subscription';
import { UserError } from './user-error';
import { contentType, UserHeaders, withTransport } from './user-headers';
import type { UserContent } from './user-headers';

export interface ResponseSpec extends UserContent {
  status: number;
  reason: string;
}

export const unknownTransaction = 'Response not sent due to unknown transaction';

/** What a response takes over from its request, whatever the user writes. */
const ofRequest = ['From', 'To', 'Call-ID', 'CSeq', 'Session-Expires'];
const makesDialog = new Set(['INVITE', 'SUBSCRIBE']);
const refreshesTarget = new Set(['INVITE', 'UPDATE', 'SUBSCRIBE']);

/** Makes and sends the application's responses (RFC 3261 sections 8.2.6, 12.1.1, 13.3.1; RFC 3262 section 3). */
export class Responder {
  constructor(
    private readonly core: Core,
    private readonly sessions: Sessions,
    /** An INVITE was refused: what ends with it. */
    private readonly onInviteRefused: (invite: IncomingInvite) => void,
  ) {}

  /** @throws UserError when the response cannot be sent; nothing was sent then. */
  respond(incoming: IncomingRequest, spec: ResponseSpec): SipResponse {
    if (incoming.hasFinal) throw new UserError(unknownTransaction);
    const { request, transaction } = incoming;
    const local = this.core.transport.sentBy(transaction.flow);
    const address = hostPort(local.address, local.port);
    const user = new UserHeaders(spec.headers, address);
    const isReliable = reliability(incoming, spec.status, user);
    const tag = userTag(user.get('To')) ?? transaction.localTag;
    const dialog = this.dialogFor(incoming, spec.status, tag);
    const response = makeResponse(request, spec.status, spec.reason || undefined, { toTag: dialog?.localTag ?? tag });
    if (makesDialog.has(request.method) && request.toTag === undefined && isProgress(spec.status)) {
      for (const route of request.headers.all('Record-Route')) response.headers.append('Record-Route', route);
    }
    this.putContact(incoming, response, user, `<sip:${address}>`);
    const isSuccess = spec.status >= 200 && spec.status < 300;
    const answer = isSuccess && dialog && !dialog.isOver ? this.sessionAnswer(request, user, dialog) : null;
    user.drop(...ofRequest);
    putHeaders(response.headers, user);
    putBody(response, spec, user);
    if (isReliable) addToken(response.headers, 'Require', '100rel');
    if (dialog && spec.status < 300) noteSdp(dialog, response.headers.get('Content-Type'), response.body);
    if (answer !== null) this.sessions.answer(response, answer, dialog!);
    incoming.hasProgress ||= spec.status > 100;
    this.transmit(incoming, response, isReliable);

    return response;
  }

  /** Only INVITE and UPDATE run the session timer; null leaves it as it is. */
  private sessionAnswer(
    request: SipRequest,
    user: UserHeaders,
    dialog: Dialog,
  ): ReturnType<Sessions['answerFor']> | null {
    if (request.method !== 'INVITE' && request.method !== 'UPDATE') return null;

    return this.sessions.answerFor(request, user, dialog);
  }

  /** The dialog of the request; a provisional or successful response to an INVITE makes one. */
  private dialogFor(incoming: IncomingRequest, status: number, tag: string): Dialog | undefined {
    const { request } = incoming;
    const isNew = incoming.dialog === undefined && request.toTag === undefined;
    const makes = request.method === 'INVITE' ? isProgress(status) : status >= 200 && status < 300;
    if (!isNew || !makesDialog.has(request.method) || !makes) return incoming.dialog;
    const seq = Math.floor(Math.random() * 0x1000_0000);
    const { flow } = incoming.transaction;
    const dialog = dialogOfRequest(request, tag, seq, flow, this.core.transport.sentBy(flow));
    dialog.owner = incoming.owner;
    if (incoming instanceof IncomingInvite) dialog.incoming = incoming;
    incoming.dialog = dialog;
    this.core.dialogs.add(dialog);

    return dialog;
  }

  /** Responses that make or refresh a dialog name the way back to us. */
  private putContact(incoming: IncomingRequest, response: SipResponse, user: UserHeaders, own: string): void {
    const { dialog, request } = incoming;
    if (!refreshesTarget.has(request.method) || !isProgress(response.status) || !dialog) return;
    const { transport } = incoming.transaction.flow;
    const given = user.take('Contact');
    const isSecure = isSips(request.uri);
    if (given !== undefined) dialog.contact = withTransport(given, transport, isSecure);
    else if (dialog.contact === '') dialog.contact = withTransport(own, transport, isSecure);
    response.headers.append('Contact', dialog.contact);
  }

  private transmit(incoming: IncomingRequest, response: SipResponse, isReliable: boolean): void {
    const isFinal = response.status >= 200;
    if (isFinal) this.core.incoming.delete(incoming.id);
    if (!(incoming instanceof IncomingInvite)) {
      const isSent = incoming.transaction.respond(response);
      if (isFinal) this.finish(incoming, response);
      if (!isSent) throw new UserError(unknownTransaction);
    } else if (isReliable) {
      incoming.reliableProvisional(response);
    } else if (!isFinal) {
      incoming.provisional(response);
    } else if (response.status < 300) {
      this.accept(incoming, response);
    } else {
      incoming.reject(response);
      this.onInviteRefused(incoming);
    }
  }

  private accept(invite: IncomingInvite, response: SipResponse): void {
    const dialog = invite.dialog!;
    dialog.apply('confirm');
    dialog.refreshTarget(invite.request);
    invite.answer(response);
  }

  /** What a final response to anything but INVITE does to the dialog. */
  private finish(incoming: IncomingRequest, response: SipResponse): void {
    const { dialog, request } = incoming;
    if (!dialog) {
      noteRegistration(this.core.contactFlows, incoming.transaction, response);
      return;
    }
    if (request.method === 'UPDATE') dialog.updatesOfPeer -= 1;
    if (response.status >= 300 || dialog.isOver) return;
    if (refreshesTarget.has(request.method)) dialog.refreshTarget(request);
    if (request.method !== 'SUBSCRIBE') return;
    if (dialog.state === 'early') dialog.apply('confirm');
    keepSubscribed(this.core, dialog, request, response);
  }
}

function isProgress(status: number): boolean {
  return status > 100 && status < 300;
}

/** Whether a provisional response goes out reliably: when the user or the peer requires it. @throws UserError */
function reliability(incoming: IncomingRequest, status: number, user: UserHeaders): boolean {
  const { request } = incoming;
  if (request.method !== 'INVITE' || status <= 100 || status >= 200) return false;
  const isWanted = /\b100rel\b/i.test(user.get('Require') ?? '');
  if (isWanted && !supports(request.headers, '100rel')) throw new UserError('Remote endpoint does not support 100rel');

  return isWanted || lists(request.headers, 'Require', '100rel');
}

/** The tag that the user wants in To. */
function userTag(to: string | undefined): string | undefined {
  return to === undefined ? undefined : /;[ \t]*tag=([A-Za-z0-9\-.!%*_+`'~]+)/i.exec(to)?.[1];
}

function putBody(response: SipResponse, spec: ResponseSpec, user: UserHeaders): void {
  if (spec.body.length === 0) return;
  const type = contentType(user, spec.body);
  if (type !== undefined) response.headers.set('Content-Type', type);
  response.body = spec.body;
}
