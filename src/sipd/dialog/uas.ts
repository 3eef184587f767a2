import { Headers } from '../message/message';
import type { SipRequest } from '../message/message';
import { cancelFor } from '../transaction/requests';
import type { ServerTransaction } from '../transaction/types';
import type { Flow } from '../transport/types';
import { endDialog, releaseHeld } from './core';
import type { Core } from './core';
import { contactUri } from './dialog';
import type { Dialog } from './dialog';
import { IncomingInvite } from './incoming-invite';
import { IncomingRequest } from './incoming';
import { endsSubscription } from './uac';
import { noteAllow } from './messages';
import type { Sessions } from './sessions';

export interface UasEvents {
  /** Our 2xx was repeated for 64*T1 and no ACK came. */
  onAckTimeout: (dialog: Dialog) => void;
}

/** Requests that begin a dialog need a way back to their sender (RFC 3261 section 8.1.1.8). */
const needsContact = new Set(['INVITE', 'SUBSCRIBE']);

/** The server side of the user agent: what arrives, outside and inside dialogs (RFC 3261 sections 8.2 and 12.2.2). */
export class Uas {
  constructor(
    private readonly core: Core,
    private readonly sessions: Sessions,
    private readonly events: UasEvents,
  ) {}

  onRequest(request: SipRequest, transaction: ServerTransaction): void {
    if (needsContact.has(request.method) && contactUri(request) === undefined) {
      transaction.reply(400, 'Missing or malformed Contact');
    } else if (request.toTag === undefined) {
      this.outsideDialog(request, transaction);
    } else {
      const dialog = this.core.dialogs.match(request);
      if (dialog) this.insideDialog(dialog, request, transaction);
      else if (!this.core.passage?.request(request, transaction)) transaction.reply(481);
    }
  }

  /** An ACK to a 2xx; each only once, and none that matches nothing. */
  onAck(ack: SipRequest, flow: Flow): void {
    const dialog = this.core.dialogs.match(ack);
    const invite = dialog?.incoming;
    if (!dialog) this.core.passage?.ack(ack);
    if (!dialog || !invite?.isAnswered || invite.seq !== ack.cseq.number) return;
    invite.acknowledge();
    dialog.incoming = undefined;
    this.core.events.emit('ack', ack, flow, dialog, invite.id);
    releaseHeld(dialog);
  }

  private outsideDialog(request: SipRequest, transaction: ServerTransaction): void {
    if (request.method === 'BYE' || request.method === 'UPDATE' || request.method === 'PRACK') {
      transaction.reply(481);
      return;
    }
    const tooSmall = request.method === 'INVITE' ? this.sessions.tooSmall(request) : undefined;
    if (tooSmall === undefined) this.deliver(transaction, undefined);
    else refuseInterval(transaction, tooSmall);
  }

  private insideDialog(dialog: Dialog, request: SipRequest, transaction: ServerTransaction): void {
    const seq = request.cseq.number;
    if (dialog.isOver) {
      transaction.reply(request.method === 'BYE' ? 200 : 481);
      return;
    }
    if (dialog.remoteSeq !== undefined && seq < dialog.remoteSeq) {
      transaction.reply(500, 'CSeq out of order');
      return;
    }
    dialog.remoteSeq = seq;
    dialog.flow = transaction.flow;
    noteAllow(dialog, request.headers);
    if (request.method === 'BYE') this.bye(dialog, transaction);
    else if (request.method === 'PRACK') this.prack(dialog, request, transaction);
    else if (!this.refuses(dialog, request, transaction)) this.deliver(transaction, dialog);
  }

  /** Glare and overlapping offers (RFC 3261 section 14.2, RFC 3311 section 5.2), and session intervals that are too small. */
  private refuses(dialog: Dialog, request: SipRequest, transaction: ServerTransaction): boolean {
    const { method } = request;
    if (method !== 'INVITE' && method !== 'UPDATE') return false;
    const hasOffer = method === 'INVITE' || request.body.length > 0;
    // Before the answer an INVITE always runs; what an UPDATE may offer then is the application's to know.
    const isEarly = dialog.state === 'early';
    const ours = !isEarly && dialog.outgoing !== undefined && !dialog.outgoing.isAnswered;
    if (hasOffer && (ours || dialog.updatesOfOurs > 0)) return transaction.reply(491);
    const theirs = !isEarly && dialog.incoming !== undefined && (method === 'INVITE' || !dialog.incoming.isAnswered);
    if (hasOffer && (theirs || dialog.updatesOfPeer > 0)) return retryLater(transaction);
    const tooSmall = this.sessions.tooSmall(request);
    if (tooSmall !== undefined) return refuseInterval(transaction, tooSmall);

    return false;
  }

  /** The dialog is over with the BYE, not with its answer (RFC 3261 section 15.1.2). */
  private bye(dialog: Dialog, transaction: ServerTransaction): void {
    const invite = dialog.incoming;
    if (dialog.state === 'early') {
      // The caller may end its call before the answer: for the application that is a CANCEL.
      transaction.reply(dialog.role === 'uas' ? 200 : 481);
      if (invite instanceof IncomingInvite) this.tellEnd(invite, 'SIP ;cause=200 ;text="BYE before the answer"', 487);
      return;
    }
    invite?.terminate(487);
    if (invite) this.core.incoming.delete(invite.id);
    // The application hears of the BYE before it hears that its own request came too late.
    const held = dialog.held;
    dialog.held = undefined;
    endDialog(this.core, dialog);
    this.deliver(transaction, dialog);
    for (const fn of held ?? []) fn();
  }

  private prack(dialog: Dialog, request: SipRequest, transaction: ServerTransaction): void {
    if (!dialog.incoming?.prack(request.headers.get('RAck') ?? '')) {
      transaction.reply(481);
      return;
    }
    // Without an offer there is nothing to say but 200, and drachtio-srf says 501 once it has made its dialog.
    if (request.body.length === 0) transaction.reply(200);
    this.deliver(transaction, dialog);
  }

  private deliver(transaction: ServerTransaction, dialog: Dialog | undefined): void {
    const incoming = this.incomingOf(transaction, dialog);
    if (!incoming.hasFinal) this.core.incoming.set(incoming.id, incoming);
    if (dialog && transaction.request.method === 'UPDATE') dialog.updatesOfPeer += 1;
    if (dialog && endsSubscription(dialog, transaction.request)) endDialog(this.core, dialog);
    this.core.events.emit('request', incoming);
  }

  private incomingOf(transaction: ServerTransaction, dialog: Dialog | undefined): IncomingRequest {
    const { clock, timers } = this.core;
    if (transaction.request.method !== 'INVITE') return new IncomingRequest(transaction, dialog, clock.now());
    const invite = new IncomingInvite(transaction, dialog, clock, timers, {
      onAckTimeout: (late) => this.ackTimeout(late),
      onPrackTimeout: (late) => this.prackTimeout(late),
    });
    if (dialog) dialog.incoming = invite;
    transaction.once('cancel', (cancel) => this.cancelled(invite, cancel, 487));
    transaction.once('transportError', () => this.unreachable(invite));

    return invite;
  }

  /** A CANCEL came in time: the INVITE ends with 487 (RFC 3261 section 9.2). */
  private cancelled(invite: IncomingInvite, cancel: SipRequest, status: number): void {
    if (invite.isHeld) {
      this.endHeld(invite, cancel, status);
      return;
    }
    if (!this.core.incoming.has(invite.id)) return;
    invite.terminate(status);
    this.forget(invite);
    this.core.events.emit('cancel', invite, cancel);
  }

  /** The application has answered, but its 2xx was never sent: it is told of a BYE, as for any call that is over. */
  private endHeld(invite: IncomingInvite, cancel: SipRequest, status: number): void {
    invite.terminate(status);
    const dialog = invite.dialog!;
    dialog.incoming = undefined;
    if (dialog.isOver) return;
    const bye = dialog.request('BYE');
    for (const reason of cancel.headers.all('Reason')) bye.headers.append('Reason', reason);
    endDialog(this.core, dialog);
    this.core.events.emit('ended', dialog, bye);
  }

  /** An INVITE ended in another way before its answer; applications know only CANCEL for that. */
  private tellEnd(invite: IncomingInvite, reason: string, status: number): void {
    this.cancelled(invite, cancelFor(invite.request, Headers.from([['Reason', reason]])), status);
  }

  /** RFC 3262 section 3: without a PRACK the INVITE is refused. */
  private prackTimeout(invite: IncomingInvite): void {
    this.tellEnd(invite, 'SIP ;cause=504 ;text="PRACK timeout"', 504);
  }

  /** Browsers that are gone cannot be answered, and must not keep anyone ringing. */
  callersGone(flow: Flow): void {
    for (const incoming of [...this.core.incoming.values()]) {
      if (incoming instanceof IncomingInvite && incoming.transaction.flow.id === flow.id) this.unreachable(incoming);
    }
  }

  /** No response can reach the caller: an unanswered call is over, and an answered one will see no ACK. */
  private unreachable(invite: IncomingInvite): void {
    if (!invite.isAnswered) {
      this.tellEnd(invite, 'SIP ;cause=503 ;text="Connection lost"', 487);
      return;
    }
    invite.stop();
    this.ackTimeout(invite);
  }

  private ackTimeout(invite: IncomingInvite): void {
    const { dialog } = invite;
    if (!dialog || dialog.isOver) return;
    dialog.incoming = undefined;
    // A BYE that the application asked for meanwhile goes out now (RFC 3261 section 15).
    releaseHeld(dialog);
    this.events.onAckTimeout(dialog);
  }

  /** An INVITE failed: its early dialog is over, the dialog of a re-INVITE stays as it was. */
  forget(invite: IncomingInvite): void {
    this.core.incoming.delete(invite.id);
    const { dialog } = invite;
    if (!dialog) return;
    dialog.incoming = undefined;
    if (dialog.state === 'early') endDialog(this.core, dialog);
    else releaseHeld(dialog);
  }
}

function retryLater(transaction: ServerTransaction): boolean {
  return transaction.reply(500, 'Overlapping Requests', [['Retry-After', String(Math.floor(Math.random() * 10))]]);
}

function refuseInterval(transaction: ServerTransaction, least: number): boolean {
  return transaction.reply(422, undefined, [['Min-SE', String(least)]]);
}
