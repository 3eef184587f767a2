import dgram from 'node:dgram';
import { randomBytes } from 'node:crypto';
import { parseMessage, userOf, uriOf, type SipMsg } from './message';
import { describeSdp } from './sdp';
import { monotonic } from './time';
import {
  ClientTransaction,
  defaultTimers,
  ServerTransaction,
  type Address,
  type Carrier,
  type ClientHandlers,
  type ClientRequest,
  type PhoneTimers,
  type SentInfo,
} from './transactions';
import { TimerWheel } from './wheel';
import { WaitableEmitter } from './wait';

/** One SIP message sent or received. */
export interface Step {
  /** Milliseconds of the machine's monotonic clock. */
  at: number;
  /** The user of this side. */
  user: string;
  dir: 'sent' | 'received';
  method: string;
  /** 0 for a request. */
  status: number;
  /** User in the request URI; empty for a response. */
  target: string;
  callId: string;
  cseq: number;
  retransmission: boolean;
  contentType: string;
  /** The body, or for a session description its directions in words. */
  body: string;
}

export interface WireStats {
  sent: number;
  received: number;
  /** Messages that this side sent again because nothing came back. */
  retransmitted: number;
  /** Requests and answers to INVITE that came again. */
  repeated: number;
  malformed: number;
  /** Messages that belong to nothing here. */
  stray: number;
  /** Received messages by kind, e.g. `INVITE 180` for an answer and `BYE` for a request. */
  kinds: Map<string, number>;
}

/** The one that requests outside a dialog are given to. */
export interface WireUser {
  onRequest(transaction: ServerTransaction): void;
}

/** A dialog on the wire. */
export interface WireDialog {
  onRequest(transaction: ServerTransaction): void;
  onAck(ack: SipMsg): void;
  /** A 2xx to INVITE whose transaction is over: it wants its ACK again. */
  onRepeatedAnswer(response: SipMsg): void;
}

export interface WireOptions {
  host?: string;
  /** 0: any free port. */
  port?: number;
  timers?: Partial<PhoneTimers>;
  /** Plays a bad network: true loses this datagram. */
  lose?: (dir: Step['dir'], text: string) => boolean;
}

/** One UDP socket with its transactions, shared by any number of phones. */
export class Wire extends WaitableEmitter<{ step: [Step] }> implements Carrier {
  readonly wheel = new TimerWheel();
  readonly timers: PhoneTimers;
  readonly stats: WireStats = {
    sent: 0,
    received: 0,
    retransmitted: 0,
    repeated: 0,
    malformed: 0,
    stray: 0,
    kinds: new Map(),
  };
  readonly users = new Map<string, WireUser>();
  /** Call-ID and local tag -> dialog. */
  readonly dialogs = new Map<string, WireDialog>();
  private readonly clients = new Map<string, ClientTransaction>();
  private readonly servers = new Map<string, ServerTransaction>();
  private readonly idBase = randomBytes(6).toString('hex');
  private idCount = 0;
  private closed = false;

  private constructor(
    private readonly socket: dgram.Socket,
    readonly host: string,
    readonly port: number,
    timers: Partial<PhoneTimers> = {},
    private readonly lose?: WireOptions['lose'],
  ) {
    super();
    this.timers = { ...defaultTimers, ...timers };
    socket.on('message', (datagram, from) => this.receive(datagram, { host: from.address, port: from.port }));
    // An ICMP refusal on loopback: the transaction's own timers tell the one who asked.
    socket.on('error', () => undefined);
  }

  static async open(options: WireOptions = {}): Promise<Wire> {
    const host = options.host ?? '127.0.0.1';
    const socket = dgram.createSocket({ type: host.includes(':') ? 'udp6' : 'udp4', recvBufferSize: 4 << 20 });
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(options.port ?? 0, host, () => {
        socket.off('error', reject);
        resolve();
      });
    });

    return new Wire(socket, host, socket.address().port, options.timers, options.lose);
  }

  get sentBy(): string {
    return `${this.host}:${this.port}`;
  }

  /** An id that no other wire makes: branches, tags, Call-IDs. */
  newId(): string {
    return `${this.idBase}${(this.idCount++).toString(36)}`;
  }

  request(request: ClientRequest, handlers: ClientHandlers): ClientTransaction {
    const transaction = new ClientTransaction(this, request, handlers);
    this.clients.set(request.key, transaction);
    transaction.start();

    return transaction;
  }

  sendText(text: string, to: Address, sent: SentInfo): void {
    if (this.closed) return;
    this.stats.sent++;
    if (sent.retransmission) this.stats.retransmitted++;
    if (!this.lose?.('sent', text)) this.socket.send(text, to.port, to.host, () => undefined);
    if (this.listenerCount('step') > 0) this.tell('sent', sent);
  }

  drop(transaction: ClientTransaction | ServerTransaction): void {
    if (transaction instanceof ClientTransaction) this.clients.delete(transaction.key);
    else this.servers.delete(transaction.key);
  }

  /** Stops every timer and closes the socket; nothing is sent any more. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.wheel.clear();
    this.clients.clear();
    this.servers.clear();
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  private receive(datagram: Buffer, source: Address): void {
    // Four bytes or fewer are a keep-alive.
    if (this.closed || datagram.length <= 4 || this.lose?.('received', datagram.toString())) return;
    this.stats.received++;
    let message: SipMsg;
    try {
      message = parseMessage(datagram);
    } catch {
      this.stats.malformed++;
      return;
    }
    const kind = message.isRequest ? message.method : `${message.method} ${message.status}`;
    this.stats.kinds.set(kind, (this.stats.kinds.get(kind) ?? 0) + 1);
    if (message.isRequest) this.receiveRequest(message, source);
    else this.receiveResponse(message);
  }

  private receiveResponse(response: SipMsg): void {
    this.tellReceived(response, userOf(uriOf(response.header('from'))), false);
    const transaction = this.clients.get(`${response.branch}${response.method}`);
    if (transaction) {
      transaction.receive(response);
      return;
    }
    const dialog = this.dialogs.get(response.callId + response.fromTag);
    if (dialog && response.method === 'INVITE' && response.status < 300) {
      this.stats.repeated++;
      dialog.onRepeatedAnswer(response);
    } else this.stats.stray++;
  }

  private receiveRequest(request: SipMsg, source: Address): void {
    const owner = userOf(request.uri);
    if (request.method === 'ACK') return this.receiveAck(request, owner);
    const known = this.servers.get(`${request.branch}${request.method}`);
    this.tellReceived(request, owner, known !== undefined);
    if (known) {
      this.stats.repeated++;
      known.repeated();
      return;
    }
    const transaction = new ServerTransaction(this, `${request.branch}${request.method}`, request, source, owner);
    this.servers.set(transaction.key, transaction);
    if (request.method === 'CANCEL') this.receiveCancel(transaction);
    else this.route(transaction, owner);
  }

  private route(transaction: ServerTransaction, owner: string): void {
    const { request } = transaction;
    if (request.toTag !== '') {
      const dialog = this.dialogs.get(request.callId + request.toTag);
      if (dialog) dialog.onRequest(transaction);
      else transaction.respond({ status: 481 });
      return;
    }
    const user = this.users.get(owner);
    if (user) user.onRequest(transaction);
    else transaction.respond({ status: 404, reason: 'No Such Phone', toTag: this.newId() });
  }

  private receiveAck(ack: SipMsg, owner: string): void {
    this.tellReceived(ack, owner, false);
    const refused = this.servers.get(`${ack.branch}INVITE`);
    if (refused?.refused) refused.ack();
    else this.dialogs.get(ack.callId + ack.toTag)?.onAck(ack);
  }

  private receiveCancel(transaction: ServerTransaction): void {
    const invite = this.servers.get(`${transaction.request.branch}INVITE`);
    transaction.respond({ status: invite ? 200 : 481, toTag: this.newId() });
    if (invite && !invite.answered) invite.onCancel?.(transaction.request);
  }

  private tellReceived(message: SipMsg, owner: string, retransmission: boolean): void {
    if (this.listenerCount('step') === 0) return;
    const { method, status, callId, cseq, body, contentType, uri } = message;
    this.tell('received', { owner, method, status, callId, cseq, body, contentType, retransmission, uri });
  }

  private tell(dir: Step['dir'], info: SentInfo): void {
    const body = info.contentType === 'application/sdp' ? describeSdp(info.body) : info.body;
    const { owner: user, method, status, callId, cseq, retransmission, contentType } = info;
    const facts = { user, dir, method, status, target: userOf(info.uri), callId, cseq, retransmission, contentType };
    this.emit('step', { at: monotonic(), ...facts, body });
  }
}
