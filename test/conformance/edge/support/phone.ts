import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { Inbox } from './inbox';
import { cseqOf, header, readMessage, tagOf, uriOf, writeMessage } from './sip-text';
import type { HeaderLines, Message } from './sip-text';
import type { EdgeUnderTest } from './edges';

type Wire = { send(text: string): void; close(): Promise<void>; port: number };

const random = (): string => randomBytes(8).toString('hex');

/** A SIP phone of a few lines on a real socket. It does nothing by itself: the test says each message. */
export class Phone {
  readonly inbox = new Inbox<Message>((message) => `${message.startLine} (${header(message, 'cseq')})`);

  private closing: Promise<void> | undefined;

  private constructor(
    readonly transport: 'UDP' | 'TCP' | 'WS',
    private readonly wire: Wire,
    private readonly edge: EdgeUnderTest,
  ) {}

  static async udp(edge: EdgeUnderTest): Promise<Phone> {
    const socket = dgram.createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const wire: Wire = {
      port: socket.address().port,
      send: (text) => socket.send(text, edge.sip.port, edge.sip.host),
      close: () => new Promise((resolve) => socket.close(() => resolve())),
    };
    const phone = new Phone('UDP', wire, edge);
    socket.on('message', (bytes) => phone.receive(bytes.toString()));

    return phone;
  }

  static async tcp(edge: EdgeUnderTest): Promise<Phone> {
    const socket = net.connect(edge.tcp.port, edge.tcp.host);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const wire: Wire = {
      port: (socket.address() as AddressInfo).port,
      send: (text) => void socket.write(text),
      close: () => new Promise((resolve) => socket.once('close', () => resolve()).destroy()),
    };
    const phone = new Phone('TCP', wire, edge);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString();
      text = phone.receiveStream(text);
    });

    return phone;
  }

  static async ws(edge: EdgeUnderTest): Promise<Phone> {
    const socket = new WebSocket(`ws://${edge.ws.host}:${edge.ws.port}`, 'sip');
    await new Promise<void>((resolve, reject) => socket.once('open', () => resolve()).once('error', reject));
    const wire: Wire = {
      port: 0,
      send: (text) => socket.send(text),
      close: () => new Promise((resolve) => socket.once('close', () => resolve()).terminate()),
    };
    const phone = new Phone('WS', wire, edge);
    socket.on('message', (data) => phone.receive((data as Buffer).toString()));

    return phone;
  }

  get hostPort(): string {
    return this.transport === 'WS' ? 'browser.invalid' : `127.0.0.1:${this.wire.port}`;
  }

  /** A Contact that leads here. */
  get contact(): string {
    return this.transport === 'UDP'
      ? `<sip:phone@${this.hostPort}>`
      : `<sip:phone@${this.hostPort};transport=${this.transport.toLowerCase()}>`;
  }

  get uri(): string {
    return uriOf(this.contact);
  }

  via(branch = `z9hG4bK${random()}`): string {
    return `SIP/2.0/${this.transport} ${this.hostPort};branch=${branch};rport`;
  }

  sendText(text: string): void {
    this.wire.send(text);
  }

  /** A request outside any dialog, to this user of the server. */
  request(method: string, user: string, headers: HeaderLines = {}, body = ''): Sent {
    const leg = new Leg(this, `sip:${user}@${this.edge.sip.host}:${this.edge.sip.port}`);

    return leg.request(method, headers, body);
  }

  respond(request: Message, status: number, reason: string, extra: HeaderLines = {}, body = ''): void {
    const headers: HeaderLines = {
      Via: request.headers.get('via')!,
      From: header(request, 'from'),
      To: header(request, 'to'),
      'Call-ID': header(request, 'call-id'),
      CSeq: header(request, 'cseq'),
      ...extra,
    };
    this.sendText(writeMessage(`SIP/2.0 ${status} ${reason}`, headers, body));
  }

  /** The next request of this method. */
  takeRequest(method: string, ms?: number): Promise<Message> {
    return this.inbox.take(`${method} request`, (message) => message.method === method, ms);
  }

  close(): Promise<void> {
    this.closing ??= this.wire.close();

    return this.closing;
  }

  private receive(text: string): void {
    if (text.trim() !== '') this.inbox.push(readMessage(text));
  }

  private receiveStream(text: string): string {
    let rest = text;
    for (;;) {
      const head = rest.indexOf('\r\n\r\n');
      if (head < 0) return rest;
      const length = Number(/\r\nContent-Length: *([0-9]+)/i.exec(rest.slice(0, head))?.[1] ?? 0);
      const end = head + 4 + length;
      if (rest.length < end) return rest;
      this.receive(rest.slice(0, end));
      rest = rest.slice(end);
    }
  }
}

/** A request that a phone sent. */
export interface Sent {
  leg: Leg;
  branch: string;
  seq: number;
  method: string;
  text: string;
}

/** The phone's side of a dialog or of a transaction outside one. */
export class Leg {
  callId = `${random()}@test`;
  localTag = random();
  /** Our address and the server's, without tags. */
  local: string;
  remote: string;
  remoteTag = '';
  seq = 0;
  routes: string[] = [];

  constructor(
    readonly phone: Phone,
    /** Request-URI of what is sent. */
    public target: string,
  ) {
    this.local = `<sip:phone@${phone.hostPort}>`;
    this.remote = `<${target}>`;
  }

  /** The leg of a call that came in: what is sent on it belongs to the dialog of that INVITE. */
  static of(phone: Phone, invite: Message, localTag: string): Leg {
    const leg = new Leg(phone, uriOf(header(invite, 'contact')));
    leg.callId = header(invite, 'call-id');
    leg.localTag = localTag;
    leg.local = header(invite, 'to').replace(/;tag=.*/, '');
    leg.remote = header(invite, 'from').replace(/;tag=.*/, '');
    leg.remoteTag = tagOf(header(invite, 'from'));
    leg.routes = invite.headers.get('record-route') ?? [];

    return leg;
  }

  request(method: string, headers: HeaderLines = {}, body = '', options: { seq?: number; branch?: string } = {}): Sent {
    const seq = options.seq ?? (this.seq += 1);
    const branch = options.branch ?? `z9hG4bK${random()}`;
    const all: HeaderLines = {
      Via: this.phone.via(branch),
      ...(this.routes.length > 0 ? { Route: this.routes } : {}),
      'Max-Forwards': '70',
      From: `${this.local};tag=${this.localTag}`,
      To: this.remoteTag === '' ? this.remote : `${this.remote};tag=${this.remoteTag}`,
      'Call-ID': this.callId,
      CSeq: `${seq} ${method}`,
      Contact: this.phone.contact,
      ...(body === '' ? {} : { 'Content-Type': 'application/sdp' }),
      ...headers,
    };
    const text = writeMessage(`${method} ${this.target} SIP/2.0`, all, body);
    this.phone.sendText(text);

    return { leg: this, branch, seq, method, text };
  }

  /** CANCEL or the ACK to a failure: like the request, in its transaction. */
  sameTransaction(method: string, sent: Sent, headers: HeaderLines = {}): Sent {
    return this.request(method, headers, '', { seq: sent.seq, branch: sent.branch });
  }

  /** The ACK to a 2xx. */
  ack(sent: Sent, body = ''): void {
    this.request('ACK', {}, body, { seq: sent.seq });
  }

  /** The next response to this request with such a status; it sets up the dialog when it is one that does. */
  async take(sent: Sent, status: (status: number) => boolean, what: string, ms?: number): Promise<Message> {
    const response = await this.phone.inbox.take(
      `${what} to ${sent.method}`,
      (message) =>
        message.status !== undefined &&
        status(message.status) &&
        header(message, 'call-id') === this.callId &&
        cseqOf(message).number === sent.seq &&
        cseqOf(message).method === sent.method,
      ms,
    );
    const to = tagOf(header(response, 'to'));
    if (sent.method === 'INVITE' && to !== '' && response.status! < 300) this.follow(response);

    return response;
  }

  status(sent: Sent, wanted: number, ms?: number): Promise<Message> {
    return this.take(sent, (status) => status === wanted, String(wanted), ms);
  }

  final(sent: Sent, ms?: number): Promise<Message> {
    return this.take(sent, (status) => status >= 200, 'final response', ms);
  }

  private follow(response: Message): void {
    this.remoteTag = tagOf(header(response, 'to'));
    const contact = header(response, 'contact');
    if (contact !== '') this.target = uriOf(contact);
    this.routes = [...(response.headers.get('record-route') ?? [])].reverse();
  }
}
