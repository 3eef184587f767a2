import { StateMachine, type StateTable } from '../../src/lib/state-table';
import { AnswerRepeater } from './answer-repeater';
import type { Dialog } from './dialog';
import { InviteClient } from './invite-client';
import type { SipMsg } from './message';
import type { Sent } from './requester';
import { answerSdp, offerSdp, readSdp, type Direction, type LocalMedia, type MediaLine } from './sdp';
import { monotonic } from './time';
import type { ServerTransaction } from './transactions';
import { WaitableEmitter, WaitError, within } from './wait';
import type { Wire, WireDialog } from './wire';

export type CallState = 'calling' | 'ringing' | 'accepting' | 'talking' | 'ended';
type CallInput = 'ring' | 'accept' | 'connect' | 'end';

/**
 * calling: our INVITE is out; ringing: a provisional answer went either way; accepting: our 200 waits for its ACK;
 * talking: both sides know of the dialog.
 */
const callTable: StateTable<CallState, CallInput> = {
  calling: { ring: 'ringing', accept: 'accepting', connect: 'talking', end: 'ended' },
  ringing: { ring: 'ringing', accept: 'accepting', connect: 'talking', end: 'ended' },
  accepting: { connect: 'talking', end: 'ended' },
  talking: { connect: 'talking', end: 'ended' },
  ended: {},
};

export interface CallEnd {
  /** Who ended it: `local` and `remote` by BYE, CANCEL or refusal; `timeout` when the other side went silent. */
  by: 'local' | 'remote' | 'timeout';
  /** The final status of an INVITE that failed; 0 after a BYE. */
  status: number;
  /** The Reason or Warning header of what ended it, if any. */
  reason: string;
}

export interface InfoReply {
  status: number;
  headers?: readonly string[];
}

export type CallEvents = {
  provisional: [SipMsg];
  redirected: [contacts: string[], response: SipMsg];
  answered: [SipMsg];
  /** The dialog is confirmed: ACK sent or received. */
  established: [];
  /** The media of the other side changed, or were named first. */
  media: [MediaLine[]];
  info: [SipMsg];
  message: [SipMsg];
  ended: [CallEnd];
};

/** What a call needs of its phone. */
export interface CallHost {
  readonly wire: Wire;
  readonly contact: string;
  readonly headers: readonly string[];
  forget(call: Call): void;
}

export interface AnswerOptions {
  direction?: Direction;
  videoDirection?: Direction;
  /** A ready description in place of the phone's own. */
  sdp?: string;
  headers?: readonly string[];
}

const allow = 'Allow: INVITE, ACK, CANCEL, BYE, INFO, UPDATE, OPTIONS, MESSAGE';

/** One call of a phone: the INVITE, its dialog and what happens inside. Made by `Phone`. */
export class Call extends WaitableEmitter<CallEvents> implements WireDialog {
  /** Decides what an INFO is answered with. */
  onInfo: (request: SipMsg) => InfoReply = defaultInfoReply;
  /** Gives the answer to a changed offer; left out, the phone answers with the media it has. */
  onOffer: ((offer: string) => string | undefined) | undefined;
  remoteSdp = '';
  end: CallEnd | undefined;
  readonly startedAt = monotonic();
  private readonly machine: StateMachine<CallState, CallInput>;
  private readonly repeater: AnswerRepeater;
  private invite: InviteClient | undefined;
  private incoming: ServerTransaction | undefined;
  /** An INVITE or UPDATE of ours waits for its final answer. */
  private inviteBusy = false;
  /** Our INVITE had no offer: the 200 brings one, and the ACK takes our answer (RFC 3264 section 4). */
  private offerless = false;
  private hangupAfterAck = false;
  private byeAnswered: Promise<SipMsg> | undefined;

  constructor(
    private readonly host: CallHost,
    readonly direction: 'outgoing' | 'incoming',
    readonly dialog: Dialog,
    /** The INVITE that came in; undefined for an outgoing call. */
    readonly request: SipMsg | undefined,
    readonly local: LocalMedia,
  ) {
    super();
    this.machine = new StateMachine('call', callTable, 'calling');
    this.repeater = new AnswerRepeater(host.wire, () => {
      this.sendBye();
      this.finish({ by: 'timeout', status: 408, reason: 'no ACK' });
    });
    host.wire.dialogs.set(dialog.key, this);
  }

  get state(): CallState {
    return this.machine.state;
  }

  get callId(): string {
    return this.dialog.callId;
  }

  /** The other side's media as last described. */
  get remoteMedia(): MediaLine[] {
    return this.remoteSdp === '' ? [] : readSdp(this.remoteSdp);
  }

  // --- outgoing -----------------------------------------------------------------------------------------------------

  /** Sends the INVITE. `follow` is the number of 302 answers that are followed. */
  start(options: { sdp?: string; headers?: readonly string[]; follow: number }): void {
    this.inviteBusy = true;
    this.invite = new InviteClient(this.host.wire, this.dialog, {
      provisional: (response) => {
        this.machine.apply('ring');
        this.emit('provisional', response);
      },
      redirected: (contacts, response) => this.emit('redirected', contacts, response),
      answered: (response, sent) => this.onAnswer(response, sent),
      refused: (response) => this.onRefusal(response),
      silent: (cancelled) => this.onSilence(cancelled),
    });
    const { sdp = offerSdp(this.local), headers = [], follow } = options;
    this.offerless = sdp === '';
    this.invite.start({ sdp, headers: [...this.ownHeaders(), ...headers], follow });
  }

  /** Gives up an outgoing call that is not answered. */
  cancel(reason?: string): void {
    if (this.state === 'calling' || this.state === 'ringing') this.invite?.cancel(reason);
  }

  private onAnswer(response: SipMsg, sent: Sent): void {
    this.inviteBusy = false;
    this.dialog.learnFromAnswer(response);
    this.dialog.sendAck(sent.cseq, this.offerless ? answerSdp(response.body, this.local) : '');
    this.invite?.stop();
    this.machine.apply('connect');
    // The answer crossed our CANCEL.
    if (this.invite?.cancelled) return this.hangup();
    this.emit('answered', response);
    this.takeRemote(response.body);
    this.emit('established');
  }

  private onRefusal(response: SipMsg): void {
    this.inviteBusy = false;
    const by = this.invite?.cancelled ? 'local' : 'remote';
    this.finish({ by, status: response.status, reason: reasonIn(response) });
  }

  private onSilence(cancelled: boolean): void {
    if (cancelled) this.finish({ by: 'local', status: 487, reason: 'no answer to the CANCEL' });
    else this.finish({ by: 'timeout', status: 408, reason: '' });
  }

  private ownHeaders(): string[] {
    return [`Contact: ${this.host.contact}`, allow, ...this.host.headers];
  }

  // --- incoming -----------------------------------------------------------------------------------------------------

  /** Hands the INVITE in. */
  accepts(transaction: ServerTransaction): void {
    this.incoming = transaction;
    this.dialog.learnFromInvite(transaction.request);
    this.remoteSdp = transaction.request.body;
    transaction.onCancel = (cancel) => {
      this.refuse(487, []);
      this.finish({ by: 'remote', status: 487, reason: reasonIn(cancel) });
    };
  }

  /** 180, or another provisional status. */
  ring(status = 180): void {
    if (!this.incoming || this.state === 'ended') return;
    this.machine.apply('ring');
    this.incoming.respond({ status, toTag: this.dialog.localTag, headers: [`Contact: ${this.host.contact}`] });
  }

  /** Answers the INVITE with 200 and repeats that until the ACK comes. */
  answer(options: AnswerOptions = {}): void {
    const transaction = this.incoming;
    if (!transaction || !this.machine.can('accept')) return;
    if (options.direction) this.local.direction = options.direction;
    if (options.videoDirection) this.local.videoDirection = options.videoDirection;
    this.machine.apply('accept');
    const sdp = options.sdp ?? (this.remoteSdp === '' ? offerSdp(this.local) : answerSdp(this.remoteSdp, this.local));
    this.acceptInvite(transaction, sdp, options.headers);
    if (this.remoteSdp !== '') this.emit('media', this.remoteMedia);
  }

  /** Refuses the INVITE. */
  reject(status = 486, headers: readonly string[] = []): void {
    if (!this.incoming || !this.machine.can('accept')) return;
    this.refuse(status, headers);
    this.finish({ by: 'local', status, reason: '' });
  }

  private refuse(status: number, headers: readonly string[]): void {
    this.incoming?.respond({ status, toTag: this.dialog.localTag, headers });
  }

  private acceptInvite(transaction: ServerTransaction, sdp: string, headers: readonly string[] = []): void {
    const all = [...this.ownHeaders(), ...headers];
    const body = { contentType: 'application/sdp', body: sdp };
    transaction.respond({ status: 200, toTag: this.dialog.localTag, headers: all, ...body });
    this.repeater.begin(transaction);
  }

  onAck(ack: SipMsg): void {
    if (!this.repeater.waiting) return;
    this.repeater.stop();
    if (ack.body !== '') this.takeRemote(ack.body);
    if (this.state !== 'accepting') return;
    this.machine.apply('connect');
    this.emit('established');
    if (this.hangupAfterAck) this.hangup();
  }

  onRepeatedAnswer(response: SipMsg): void {
    this.dialog.repeatAck(response.cseq);
  }

  // --- inside the dialog --------------------------------------------------------------------------------------------

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    if (this.state === 'ended') return transaction.respond({ status: 481 });
    if (!this.dialog.inOrder(request)) return transaction.respond({ status: 500 });
    switch (request.method) {
      case 'BYE':
        transaction.respond({ status: 200 });
        this.finish({ by: 'remote', status: 0, reason: reasonIn(request) });
        return;
      case 'INFO':
        transaction.respond(this.onInfo(request));
        this.emit('info', request);
        return;
      case 'INVITE':
      case 'UPDATE':
        return this.onNewOffer(transaction);
      case 'MESSAGE':
        transaction.respond({ status: 200 });
        this.emit('message', request);
        return;
      case 'OPTIONS':
        return transaction.respond({ status: 200, headers: [allow] });
      default:
        return transaction.respond({ status: 405, headers: [allow] });
    }
  }

  private onNewOffer(transaction: ServerTransaction): void {
    const { request } = transaction;
    // Two offers at a time cannot both be answered (RFC 3261 section 14.2).
    if (this.inviteBusy || this.repeater.waiting) return transaction.respond({ status: 491 });
    this.dialog.refreshTarget(request);
    const headers = [`Contact: ${this.host.contact}`];
    if (request.method === 'UPDATE' && request.body === '') return transaction.respond({ status: 200, headers });
    this.local.version++;
    const sdp = this.answerFor(request.body);
    if (sdp === undefined) return transaction.respond({ status: 488 });
    if (request.method === 'INVITE') this.acceptInvite(transaction, sdp);
    else transaction.respond({ status: 200, headers, contentType: 'application/sdp', body: sdp });
    if (request.body !== '') this.takeRemote(request.body);
  }

  private answerFor(offer: string): string | undefined {
    if (offer === '') return offerSdp(this.local);

    return this.onOffer ? this.onOffer(offer) : answerSdp(offer, this.local);
  }

  private takeRemote(sdp: string): void {
    if (sdp === '') return;
    this.remoteSdp = sdp;
    this.emit('media', this.remoteMedia);
  }

  /** Sends a new offer and resolves with the final answer, also when that is a refusal such as 491. */
  reinvite(change: { direction?: Direction; videoDirection?: Direction; sdp?: string } = {}): Promise<SipMsg> {
    return this.sendOffer('INVITE', change);
  }

  /** As `reinvite`, by UPDATE (RFC 3311). */
  update(change: { direction?: Direction; videoDirection?: Direction; sdp?: string } = {}): Promise<SipMsg> {
    return this.sendOffer('UPDATE', change);
  }

  private async sendOffer(method: string, change: Parameters<Call['reinvite']>[0] = {}): Promise<SipMsg> {
    if (change.direction) this.local.direction = change.direction;
    if (change.videoDirection) this.local.videoDirection = change.videoDirection;
    this.local.version++;
    const body = change.sdp ?? offerSdp(this.local);
    const headers = this.ownHeaders();
    this.inviteBusy = true;
    try {
      const response = await this.ask(method, { headers, contentType: 'application/sdp', body });
      if (response.status < 300) this.takeRemote(response.body);

      return response;
    } finally {
      this.inviteBusy = false;
    }
  }

  /** Any request inside the dialog; resolves with its final answer. @throws WaitError when none comes. */
  ask(method: string, parts: { headers?: readonly string[]; contentType?: string; body?: string }): Promise<SipMsg> {
    if (this.state === 'ended') return Promise.reject(new Error(`${method} on a call that has ended`));

    return new Promise((resolve, reject) => {
      this.dialog.send(
        { method, ...parts },
        {
          response: (response, sent) => {
            if (response.status < 200) return;
            if (method === 'INVITE' && response.status < 300) {
              this.dialog.refreshTarget(response);
              this.dialog.sendAck(sent.cseq);
            }
            resolve(response);
          },
          timeout: () => reject(new WaitError(`an answer to ${method}`, this.host.wire.timers.timeout)),
        },
      );
    });
  }

  /** INFO with a body; `infoPackage` names the package of RFC 6086. */
  info(contentType: string, body: string, infoPackage?: string): Promise<SipMsg> {
    const headers =
      infoPackage === undefined ? [] : [`Info-Package: ${infoPackage}`, 'Content-Disposition: Info-Package'];

    return this.ask('INFO', { headers, contentType, body });
  }

  /** Ends the call in the way that its state asks for: CANCEL, refusal or BYE. */
  hangup(reason?: string): void {
    if (this.state === 'ended') return;
    if (this.direction === 'outgoing' && this.state !== 'talking') return this.cancel(reason);
    if (this.direction === 'incoming' && this.machine.can('accept')) return this.reject(603);
    // The callee's BYE has to wait for the ACK (RFC 3261 section 15).
    this.hangupAfterAck = this.state === 'accepting';
    if (this.hangupAfterAck) return;
    this.sendBye(reason);
    this.finish({ by: 'local', status: 0, reason: reason ?? '' });
  }

  /** The answer to our BYE; undefined when we sent none. */
  get byeResponse(): Promise<SipMsg> | undefined {
    return this.byeAnswered;
  }

  private sendBye(reason?: string): void {
    this.byeAnswered = this.ask('BYE', { headers: reason === undefined ? [] : [`Reason: ${reason}`] });
    // Who wants to know asks `byeResponse`; nobody asking is no fault.
    this.byeAnswered.catch(() => undefined);
  }

  private finish(end: CallEnd): void {
    if (this.state === 'ended') return;
    this.machine.apply('end');
    this.repeater.stop();
    this.invite?.stop();
    this.end = end;
    this.host.wire.dialogs.delete(this.dialog.key);
    this.host.forget(this);
    this.emit('ended', end);
  }

  // --- waiting ------------------------------------------------------------------------------------------------------

  /** Resolves once ACK was sent or received. @throws Error when the call ends before. */
  async untilEstablished(timeout = 10_000): Promise<void> {
    if (this.state === 'talking') return;
    if (this.end) throw endedEarly(this.end);
    let off: (() => void) | undefined;
    const done = new Promise<void>((resolve, reject) => {
      const offs = [this.on('established', resolve), this.on('ended', (end) => reject(endedEarly(end)))];
      off = () => offs.forEach((one) => one());
    });
    try {
      await within(done, timeout, 'the call to be answered', () => `state ${this.state}`);
    } finally {
      off?.();
    }
  }

  async untilEnded(timeout = 10_000): Promise<CallEnd> {
    if (this.end) return this.end;
    const [end] = await this.next('ended', { timeout, seen: () => `state ${this.state}` });

    return end;
  }
}

function endedEarly(end: CallEnd): Error {
  return new Error(`the call ended by ${end.by} with ${end.status} ${end.reason}`);
}

function reasonIn(message: SipMsg): string {
  return message.header('reason') ?? message.header('warning') ?? '';
}

/** Without a handler no package is known (RFC 6086 section 4.2.2); INFO of the old sort is taken. */
function defaultInfoReply(request: SipMsg): InfoReply {
  return { status: request.header('info-package') === undefined ? 200 : 469 };
}
