import type { SipMsg, ResponseParts } from './message';
import { writeRequest, writeResponse } from './message';
import type { Cancel, TimerWheel } from './wheel';

export interface Address {
  host: string;
  port: number;
}

/** Timers of RFC 3261 section 17 in ms; shorter ones make tests quick. */
export interface PhoneTimers {
  t1: number;
  t2: number;
  /** Timers B, F and H. */
  timeout: number;
  /** How long a finished transaction still absorbs retransmissions (timers D, I, J). */
  linger: number;
}

export const defaultTimers: PhoneTimers = { t1: 500, t2: 4000, timeout: 32_000, linger: 32_000 };

/** What a transaction needs of the wire that carries it. */
export interface Carrier {
  readonly wheel: TimerWheel;
  readonly timers: PhoneTimers;
  sendText(text: string, to: Address, sent: SentInfo): void;
  drop(transaction: ClientTransaction | ServerTransaction): void;
}

/** Facts about a message that is sent, for those who watch. */
export interface SentInfo {
  owner: string;
  method: string;
  /** Request URI; empty for a response. */
  uri: string;
  status: number;
  callId: string;
  cseq: number;
  retransmission: boolean;
  body: string;
  contentType: string;
}

export interface ClientHandlers {
  response(response: SipMsg): void;
  /** Timer B or F: no final answer came. */
  timeout(): void;
}

export interface ClientRequest {
  key: string;
  owner: string;
  method: string;
  text: string;
  to: Address;
  callId: string;
  cseq: number;
  body: string;
  contentType: string;
  /** For the ACK to a refusal: request URI, routes and sent-by of the INVITE. */
  uri: string;
  routes: readonly string[];
  sentBy: string;
  branch: string;
  from: string;
}

/** Client transaction over UDP: INVITE with timers A, B, D; others with E, F (RFC 3261 section 17.1). */
export class ClientTransaction {
  private interval: number;
  private again: Cancel | undefined;
  private limit: Cancel | undefined;
  private state: 'trying' | 'proceeding' | 'completed' | 'done' = 'trying';
  private ack: string | undefined;

  constructor(
    private readonly carrier: Carrier,
    readonly request: ClientRequest,
    private readonly handlers: ClientHandlers,
  ) {
    this.interval = carrier.timers.t1;
  }

  get key(): string {
    return this.request.key;
  }

  start(): void {
    this.send(false);
    this.again = this.carrier.wheel.after(this.interval, () => this.repeat());
    this.limit = this.carrier.wheel.after(this.carrier.timers.timeout, () => {
      this.end();
      this.handlers.timeout();
    });
  }

  receive(response: SipMsg): void {
    if (this.state === 'completed') {
      if (response.status >= 300) this.sendAck(true);
      return;
    }
    if (this.state === 'done') return;
    const invite = this.request.method === 'INVITE';
    if (response.status < 200) {
      if (this.state === 'trying' && invite) this.stopTimers();
      else this.interval = this.carrier.timers.t2;
      this.state = 'proceeding';
    } else if (invite && response.status >= 300) this.refuse(response);
    else this.end();
    this.handlers.response(response);
  }

  /** Forgets the transaction without a word to its handlers. */
  end(): void {
    this.state = 'done';
    this.stopTimers();
    this.carrier.drop(this);
  }

  private refuse(response: SipMsg): void {
    this.stopTimers();
    this.state = 'completed';
    const { uri, sentBy, branch, from, callId, cseq, routes } = this.request;
    const to = response.header('to') ?? '';
    this.ack = writeRequest({ method: 'ACK', uri, sentBy, branch, from, to, callId, cseq, routes });
    this.sendAck(false);
    this.limit = this.carrier.wheel.after(this.carrier.timers.linger, () => this.end());
  }

  private sendAck(retransmission: boolean): void {
    if (this.ack === undefined) return;
    const { owner, to, callId, cseq, uri } = this.request;
    const sent = { owner, uri, method: 'ACK', status: 0, callId, cseq, retransmission, body: '', contentType: '' };
    this.carrier.sendText(this.ack, to, sent);
  }

  private repeat(): void {
    this.send(true);
    const doubled = this.interval * 2;
    this.interval = this.request.method === 'INVITE' ? doubled : Math.min(doubled, this.carrier.timers.t2);
    this.again = this.carrier.wheel.after(this.interval, () => this.repeat());
  }

  private send(retransmission: boolean): void {
    const { text, to, owner, method, uri, callId, cseq, body, contentType } = this.request;
    this.carrier.sendText(text, to, { owner, method, uri, status: 0, callId, cseq, retransmission, body, contentType });
  }

  private stopTimers(): void {
    this.again?.();
    this.limit?.();
    this.again = undefined;
    this.limit = undefined;
  }
}

/** Server transaction over UDP: absorbs retransmissions, repeats refusals until their ACK (timers G, H, I, J). */
export class ServerTransaction {
  /** Called when a CANCEL for this INVITE came in; the CANCEL itself was answered. */
  onCancel: ((cancel: SipMsg) => void) | undefined;
  private last: { text: string; parts: ResponseParts } | undefined;
  private again: Cancel | undefined;
  private limit: Cancel | undefined;
  private acked = false;

  constructor(
    private readonly carrier: Carrier,
    readonly key: string,
    readonly request: SipMsg,
    readonly source: Address,
    public owner: string,
  ) {}

  get answered(): boolean {
    return (this.last?.parts.status ?? 0) >= 200;
  }

  get refused(): boolean {
    return (this.last?.parts.status ?? 0) >= 300;
  }

  respond(parts: ResponseParts): void {
    if (this.answered) return;
    this.last = { text: writeResponse(this.request, parts), parts };
    this.send(false);
    if (parts.status < 200) return;
    const { wheel, timers } = this.carrier;
    if (this.request.method === 'INVITE' && parts.status >= 300) {
      this.repeatLater(timers.t1);
      this.limit = wheel.after(timers.timeout, () => this.end());
    } else this.limit = wheel.after(timers.linger, () => this.end());
  }

  /** The same request came again. */
  repeated(): void {
    // After a 2xx to INVITE it is the dialog that repeats the answer, until its ACK.
    if (this.request.method === 'INVITE' && this.answered && this.last!.parts.status < 300) return;
    if (this.last && !this.acked) this.send(true);
  }

  /** Sends the last answer once more: a 2xx to INVITE whose ACK is missing. */
  resend(): void {
    this.send(true);
  }

  /** The ACK to a refusal. */
  ack(): void {
    this.acked = true;
    this.again?.();
    this.limit?.();
    this.limit = this.carrier.wheel.after(this.carrier.timers.linger, () => this.end());
  }

  end(): void {
    this.again?.();
    this.limit?.();
    this.carrier.drop(this);
  }

  private repeatLater(interval: number): void {
    this.again = this.carrier.wheel.after(interval, () => {
      this.send(true);
      this.repeatLater(Math.min(interval * 2, this.carrier.timers.t2));
    });
  }

  private send(retransmission: boolean): void {
    if (!this.last) return;
    const { text, parts } = this.last;
    this.carrier.sendText(text, this.source, {
      owner: this.owner,
      uri: '',
      method: this.request.method,
      status: parts.status,
      callId: this.request.callId,
      cseq: this.request.cseq,
      retransmission,
      body: parts.body ?? '',
      contentType: parts.contentType ?? '',
    });
  }
}
