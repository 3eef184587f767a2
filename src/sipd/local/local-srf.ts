import { EventEmitter } from 'node:events';
import type { Logger } from '../../lib/logger';
import { remoteOf, unsolicited } from '../application';
import type { Application, Told } from '../application';
import type { OutgoingRequest } from '../dialog/outgoing';
import type { RequestSpec } from '../dialog/uac';
import type { UserAgent } from '../dialog/user-agent';
import { parseCommand, parseStatusLine } from '../drachtio/command';
import { acknowledge, isRefusal, sendInside } from '../inside';
import type { SipRequest } from '../message/message';
import { bodyOf, headerLines, LocalAnswer, LocalRequest } from './messages';
import type { Content } from './messages';
import { LocalResponse } from './response';
import type { AckListener, ResponseHome } from './response';

/** The SIP server as an application in its process sees it. */
export interface LocalServer {
  readonly agent: UserAgent;
  /** Its addresses as `transport/address:port`. */
  hostports(): string[];
  join(application: Application): void;
  leave(application: Application): void;
}

export type LocalHandler = (req: LocalRequest, res: LocalResponse, next: (error?: unknown) => void) => void;

export interface LocalRequestOptions extends Content {
  method: string;
  stackDialogId?: string;
  stackTxnId?: string;
  proxy?: string;
}

type Sent = (error: unknown, req?: LocalRequest) => void;
type Acknowledge = (content?: Content) => void;

const noop = (): void => undefined;

/**
 * The face of drachtio-srf on a SIP server of the same process: what the application says and hears is the same, but
 * messages are handed over as they are. On a control connection each of them is written and parsed, and so is the echo of what was sent, which
 * is about a third of the cost of a call.
 *
 * What came is told in the order in which it came, and never while the application or the server is at work on something
 * else; what the application sends goes out at once, and `callback`s are called before the call returns when they can be.
 */
export class LocalSrf extends EventEmitter implements Application, ResponseHome {
  readonly routes = new Set<string>();
  /** There are no connections, and one message that srf has no method for: a response by its transaction's id alone. */
  readonly app = {
    client: {
      mapServer: new Map<never, unknown>(),
      sendMessage: (message: string, { stackTxnId }: { stackTxnId: string }): void => this.sendRaw(message, stackTxnId),
    },
  };
  private server: LocalServer | undefined;
  private open = false;
  private readonly layers: { method: string | undefined; handler: LocalHandler }[] = [];
  /** What is to be told, in order. */
  private readonly inbox: Told[] = [];
  /** Requests of the application without a final response, by transaction. */
  private readonly outgoing = new Map<string, LocalRequest>();
  /** INVITEs without a final response, by transaction. */
  private readonly invites = new Map<string, LocalRequest>();
  /** Who waits for the ACK or PRACK, by dialog. */
  private readonly ackListeners = new Map<string, AckListener>();

  constructor(private readonly log: Logger) {
    super();
  }

  /** The server that `connect` will join. */
  serve(server: LocalServer): void {
    this.server = server;
  }

  readonly isRemote = false;

  get isOpen(): boolean {
    return this.open;
  }

  // --- for the application ---------------------------------------------------------------------------------------------

  /** Handles requests: of one method, or of all. Handlers come in the order in which they were given. */
  use(...given: [method: string, handler: LocalHandler] | [handler: LocalHandler]): void {
    const [method, handler] = given.length === 1 ? [undefined, given[0]] : [given[0].toLowerCase(), given[1]];
    this.layers.push({ method, handler });
    if (method !== undefined) this.routes.add(method);
  }

  /** Emits `connect` with the server's addresses. */
  connect(): void {
    setImmediate(() => {
      if (!this.server) return this.emit('connect', new Error('there is no SIP server in this process'));
      this.open = true;
      this.emit('connect', null, this.server.hostports());
      this.server.join(this);
    });
  }

  disconnect(): void {
    if (!this.open) return;
    this.open = false;
    this.server?.leave(this);
    this.emit('close');
  }

  request(uri: string, options: LocalRequestOptions, callback: Sent): void {
    const { stackDialogId, stackTxnId, proxy } = options;
    const method = options.method.toUpperCase();
    const spec: RequestSpec = { method, uri, headers: headerLines(options), body: bodyOf(options) };
    this.attempt(callback, (agent) => {
      if (stackDialogId) this.sendInside(agent, stackDialogId, spec, callback);
      else if (stackTxnId) callback(null, this.requestOf(agent.cancel(stackTxnId, spec), stackTxnId));
      else callback(null, this.track(agent.send(spec, proxy, this)));
    });
  }

  // --- for the server --------------------------------------------------------------------------------------------------

  tell(told: Told): void {
    if (!this.open) return;
    this.inbox.push(told);
    if (this.inbox.length === 1) process.nextTick(() => this.tellAll());
  }

  // --- for responses ---------------------------------------------------------------------------------------------------

  respond(id: string, spec: Parameters<ResponseHome['respond']>[1]): ReturnType<ResponseHome['respond']> {
    try {
      const { incoming, response } = this.agent.respond(id, spec);
      const dialogId = incoming.dialog?.id ?? '';
      // No PRACK comes any more, and no ACK that the application hears of.
      if (incoming.method === 'INVITE' && spec.status >= 300) this.ackListeners.delete(dialogId);

      return { response, dialogId };
    } catch (error) {
      return this.refusal(error);
    }
  }

  awaitAck(dialogId: string, listener: AckListener): void {
    this.ackListeners.set(dialogId, listener);
  }

  answered(id: string): void {
    this.invites.delete(id);
  }

  // --- out -------------------------------------------------------------------------------------------------------------

  private get agent(): UserAgent {
    if (!this.open || !this.server) throw new Error('the SIP server is not connected');

    return this.server.agent;
  }

  /** Does something with the server; an error goes to the callback. */
  private attempt(callback: (error: unknown) => void, act: (agent: UserAgent) => void): void {
    let error: unknown;
    try {
      act(this.agent);

      return;
    } catch (thrown) {
      error = this.refusal(thrown);
    }
    callback(error);
  }

  /** Errors as drachtio-srf gives them: with a code by which an application knows a dialog that is gone. */
  private refusal(error: unknown): Error {
    if (!isRefusal(error)) {
      if (this.open) this.log.error({ err: error }, 'a command of the application failed');

      return error instanceof Error ? error : new Error(String(error));
    }
    const code = /unable to find dialog/i.test(error.message) ? 'ENODIALOG' : 'EDRACHTIO';

    return Object.assign(new Error(error.message), { code });
  }

  private sendInside(agent: UserAgent, dialogId: string, spec: RequestSpec, callback: Sent): void {
    if (spec.method === 'ACK') {
      const { ack } = acknowledge(agent, dialogId, spec);
      callback(null, this.requestOf(ack, ''));
      return;
    }
    sendInside(agent, dialogId, spec, this, {
      sent: (out) => callback(null, this.track(out)),
      refused: (why) => callback(this.refusal(why)),
    });
  }

  private track(out: OutgoingRequest): LocalRequest {
    const place = remoteOf(out.destination);
    const req = new LocalRequest(out.request, place, out.id, out.dialog?.id ?? '', this.cancelling(out.id));
    this.outgoing.set(out.id, req);

    return req;
  }

  private cancelling(id: string): LocalRequest['cancel'] {
    return (content, callback) => {
      this.request('sip:placeholder', { ...content, method: 'CANCEL', stackTxnId: id }, callback ?? noop);
    };
  }

  private requestOf(message: SipRequest, id: string): LocalRequest {
    return new LocalRequest(message, { transport: '', address: '', port: 0 }, id, '', noop);
  }

  private sendRaw(message: string, stackTxnId: string): void {
    const { startLine, headers, body } = parseCommand(Buffer.from(`0|sip\r\n${message}`));
    const status = parseStatusLine(startLine);
    if (status) this.respond(stackTxnId, { ...status, headers, body });
  }

  // --- in --------------------------------------------------------------------------------------------------------------

  private tellAll(): void {
    const inbox = this.inbox.splice(0);
    for (const told of inbox) {
      try {
        this.deliver(told);
      } catch (error) {
        this.log.error({ err: error }, 'a listener of the application threw');
      }
    }
  }

  private deliver(told: Told): void {
    const { message } = told;
    if (message.kind === 'response') this.deliverAnswer(told, new LocalAnswer(message, told.dialogId));
    else if (message.method === 'CANCEL') this.deliverCancel(told, message);
    else this.deliverRequest(told, new LocalRequest(message, told.place, told.id, told.dialogId, noop));
  }

  private deliverAnswer({ id, dialogId }: Told, answer: LocalAnswer): void {
    const req = this.outgoing.get(id);
    if (!req) return;
    if (answer.status >= 200) this.outgoing.delete(id);
    // The call that we end may be one whose ACK never came.
    if (req.method === 'BYE') this.ackListeners.delete(dialogId);
    req.emit('response', answer, this.acknowledging(req, answer, dialogId));
  }

  /** What an answer is acknowledged with: an INVITE's by ACK, a reliable provisional one by PRACK (RFC 3262 section 4). */
  private acknowledging(req: LocalRequest, answer: LocalAnswer, stackDialogId: string): Acknowledge {
    const isFinal = answer.status >= 200;
    if (isFinal ? req.method !== 'INVITE' : !answer.has('RSeq')) return noop;
    const method = isFinal ? 'ACK' : 'PRACK';
    const rack = `${answer.get('RSeq') ?? ''} ${req.get('CSeq') ?? ''}`;

    return (content = {}) => {
      const headers = isFinal ? content.headers : { ...content.headers, RAck: rack };
      // The ACK to a refusal is the server's own business; it says so, and that is nobody's news.
      this.request(req.uri, { ...content, ...(headers && { headers }), method, stackDialogId }, noop);
    };
  }

  private deliverCancel({ id, dialogId }: Told, cancel: SipRequest): void {
    const invite = this.invites.get(id);
    this.ackListeners.delete(dialogId);
    this.invites.delete(id);
    invite?.emit('cancel', this.requestOf(cancel, id));
  }

  private deliverRequest(told: Told, req: LocalRequest): void {
    const res = new LocalResponse(this, told.id);
    // The server has ended the dialog already, and told nobody else.
    if (told.id === unsolicited) res.send = noop;
    if (req.method === 'BYE') this.ackListeners.delete(told.dialogId);
    if (req.method === 'INVITE') this.invites.set(told.id, req);
    if (req.method === 'ACK' || req.method === 'PRACK') this.deliverAck(told.dialogId, req);
    if (req.method === 'UPDATE' && this.takesUpdate(req, res)) return;
    this.handle(req, res, 0);
  }

  private deliverAck(dialogId: string, ack: LocalRequest): void {
    const listener = this.ackListeners.get(dialogId);
    this.ackListeners.delete(dialogId);
    listener?.(ack);
  }

  /** An UPDATE while an INVITE of the same call is open goes to that. */
  private takesUpdate(update: LocalRequest, res: LocalResponse): boolean {
    const callId = update.get('Call-ID');
    const isSame = (req: LocalRequest): boolean => req.method === 'INVITE' && req.get('Call-ID') === callId;
    const open = [...this.invites.values()].find(isSame) ?? [...this.outgoing.values()].find(isSame);
    if (!open) return false;
    const isTheirs = this.invites.has(open.stackTxnId);
    if (!open.emit('update', update, res) && isTheirs) res.send(500, { headers: { 'Retry-After': '5' } });

    return true;
  }

  private handle(req: LocalRequest, res: LocalResponse, from: number): void {
    const method = req.method.toLowerCase();
    const at = this.layers.findIndex((layer, index) => index >= from && (layer.method ?? method) === method);
    const layer = this.layers[at];
    if (layer) layer.handler(req, res, () => this.handle(req, res, at + 1));
    else if (req.method === 'PRACK') res.send(200);
    else if (req.method !== 'ACK' && req.method !== 'UPDATE') res.send(404);
  }
}
