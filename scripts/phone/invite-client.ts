import type { Dialog } from './dialog';
import { splitList, uriOf, writeRequest, type SipMsg } from './message';
import type { Sent } from './requester';
import type { Cancel } from './wheel';
import type { Wire } from './wire';

export interface InviteHandlers {
  /** A provisional answer other than 100. */
  provisional(response: SipMsg): void;
  redirected(contacts: string[], response: SipMsg): void;
  answered(response: SipMsg, sent: Sent): void;
  refused(response: SipMsg): void;
  /** No answer at all, or none to the CANCEL. */
  silent(cancelled: boolean): void;
}

export interface InviteRequest {
  headers: readonly string[];
  sdp: string;
  /** How many 302 answers are followed. */
  follow: number;
}

/** The INVITE that begins an outgoing call: follows redirects, and cancels when it may. */
export class InviteClient {
  private sent: Sent | undefined;
  private provisionalSeen = false;
  private wanted: { reason: string | undefined } | undefined;
  private giveUp: Cancel | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly dialog: Dialog,
    private readonly handlers: InviteHandlers,
  ) {}

  get cancelled(): boolean {
    return this.wanted !== undefined;
  }

  start(request: InviteRequest): void {
    this.provisionalSeen = false;
    const { headers, sdp: body } = request;
    this.sent = this.dialog.send(
      { method: 'INVITE', headers, contentType: 'application/sdp', body },
      {
        response: (response, sent) => this.receive(response, sent, request),
        timeout: () => this.handlers.silent(false),
      },
    );
  }

  /** The CANCEL waits for a provisional answer (RFC 3261 section 9.1). */
  cancel(reason?: string): void {
    if (this.wanted) return;
    this.wanted = { reason };
    if (this.provisionalSeen) this.sendCancel();
  }

  /** Stops waiting for an answer to the CANCEL. */
  stop(): void {
    this.giveUp?.();
  }

  private receive(response: SipMsg, sent: Sent, request: InviteRequest): void {
    if (response.status < 200) return this.onProvisional(response);
    if (response.status < 300) return this.handlers.answered(response, sent);
    const contacts = splitList(response.headers('contact')).map(uriOf);
    if (response.status < 400) this.handlers.redirected(contacts, response);
    if (response.status !== 302 || contacts[0] === undefined || request.follow === 0 || this.cancelled) {
      return this.handlers.refused(response);
    }
    this.dialog.target = contacts[0];
    this.start({ ...request, follow: request.follow - 1 });
  }

  private onProvisional(response: SipMsg): void {
    this.provisionalSeen = true;
    if (this.wanted) return this.sendCancel();
    if (response.status > 100) this.handlers.provisional(response);
  }

  private sendCancel(): void {
    const invite = this.sent?.transaction.request;
    if (!invite || this.giveUp) return;
    const { uri, sentBy, branch, from, callId, cseq, routes, to: dest, owner } = invite;
    // The header fields are those of the INVITE as it was sent, before any answer gave To a tag.
    const to = /\r\nTo: (.*)\r\n/.exec(invite.text)?.[1] ?? '';
    const headers = this.wanted?.reason === undefined ? [] : [`Reason: ${this.wanted.reason}`];
    const text = writeRequest({ method: 'CANCEL', uri, sentBy, branch, from, to, callId, cseq, routes, headers });
    const ids = { key: `${branch}CANCEL`, owner, callId, cseq, uri, routes, sentBy, branch, from };
    const ignore = { response: () => undefined, timeout: () => undefined };
    this.wire.request({ ...ids, method: 'CANCEL', text, to: dest, body: '', contentType: '' }, ignore);
    this.giveUp = this.wire.wheel.after(this.wire.timers.timeout, () => {
      this.sent?.transaction.end();
      this.handlers.silent(true);
    });
  }
}
