import { createHash, randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { WebSocket } from 'ws';

/** A SIP message as a raw client sees it. */
export class RawMessage {
  readonly startLine: string;
  readonly body: string;
  private readonly lines: string[];

  constructor(readonly text: string) {
    const [head = '', ...rest] = text.split('\r\n\r\n');
    [this.startLine = '', ...this.lines] = head.split('\r\n');
    this.body = rest.join('\r\n\r\n');
  }

  get status(): number {
    return Number(/^SIP\/2\.0 (\d{3})/.exec(this.startLine)?.[1] ?? 0);
  }

  get method(): string {
    return this.status ? '' : (this.startLine.split(' ')[0] ?? '');
  }

  all(name: string): string[] {
    const prefix = `${name.toLowerCase()}:`;

    return this.lines
      .filter((line) => line.toLowerCase().startsWith(prefix))
      .map((line) => line.slice(prefix.length).trim());
  }

  get(name: string): string {
    return this.all(name)[0] ?? '';
  }
}

export interface RawRequest {
  method: string;
  uri: string;
  to?: string;
  headers?: string[];
  body?: string;
  callId?: string;
}

const hash = (algorithm: string, text: string): string =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

/** How a client's text gets to the server. */
interface Wire {
  readonly transport: 'UDP' | 'TCP' | 'WS';
  readonly port: number;
  send(text: string): void;
  close(): Promise<void>;
}

async function openUdp(server: number, take: (text: string) => void): Promise<Wire> {
  const socket = dgram.createSocket('udp4');
  socket.on('message', (data) => take(data.toString('utf8')));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');

  return {
    transport: 'UDP',
    port: socket.address().port,
    send: (text) => socket.send(text, server, '127.0.0.1'),
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

async function openTcp(server: number, take: (text: string) => void): Promise<Wire> {
  const socket = net.connect(server, '127.0.0.1');
  await once(socket, 'connect');
  let unread = '';
  socket.on('data', (data) => {
    unread += data.toString('latin1');
    for (let end = messageEnd(unread); end !== undefined; end = messageEnd(unread)) {
      take(unread.slice(0, end));
      unread = unread.slice(end);
    }
  });

  return {
    transport: 'TCP',
    port: socket.localPort ?? 0,
    send: (text) => void socket.write(text),
    close: async () => {
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
    },
  };
}

/** SIP over WebSocket (RFC 7118): one message a frame. */
async function openWs(server: number, take: (text: string) => void): Promise<Wire> {
  const socket = new WebSocket(`ws://127.0.0.1:${server}`, 'sip');
  socket.on('message', (data: Buffer) => take(data.toString('utf8')));
  await once(socket, 'open');

  return {
    transport: 'WS',
    // Browsers do not know their port; 80 stands for none.
    port: 80,
    send: (text) => socket.send(text),
    close: async () => {
      socket.terminate();
      if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
    },
  };
}

/** Where the first message of a stream ends (RFC 3261 section 18.3), once it is there in full. */
function messageEnd(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const length = Number(/^content-length:\s*(\d+)/im.exec(text.slice(0, head))?.[1] ?? 0);

  return text.length >= head + 4 + length ? head + 4 + length : undefined;
}

/** A client that writes SIP as plain text: it shares no line with the server. */
export class RawPhone {
  /** Requests from the server that nobody has taken yet. */
  readonly received: RawMessage[] = [];
  /** The status that requests from the server are answered with; 0 keeps silent. */
  answer = 200;
  private wire!: Wire;
  private readonly waiting: { wants: (message: RawMessage) => boolean; take: (message: RawMessage) => void }[] = [];
  private cseq = 0;
  private count = 0;
  private challenge = '';

  private constructor(
    readonly user: string,
    private readonly password: string,
    private readonly algorithm: string,
  ) {}

  static open(server: number, user: string, password: string, algorithm = 'SHA-256'): Promise<RawPhone> {
    return RawPhone.on(openUdp, server, new RawPhone(user, password, algorithm));
  }

  static openStream(kind: 'TCP' | 'WS', server: number, user: string, password: string): Promise<RawPhone> {
    return RawPhone.on(kind === 'TCP' ? openTcp : openWs, server, new RawPhone(user, password, 'SHA-256'));
  }

  private static async on(open: typeof openUdp, server: number, phone: RawPhone): Promise<RawPhone> {
    phone.wire = await open(server, (text) => phone.onMessage(new RawMessage(text)));

    return phone;
  }

  get port(): number {
    return this.wire.port;
  }

  close(): Promise<void> {
    return this.wire.close();
  }

  sendText(text: string): void {
    this.wire.send(text);
  }

  /** Sends a request, with credentials when it is challenged, and gives the final answer. */
  async request(request: RawRequest): Promise<RawMessage> {
    const answer = await this.exchange(request);
    if (answer.status !== 401) return answer;
    this.challenge = answer.all('www-authenticate').find((one) => one.includes(`algorithm=${this.algorithm}`)) ?? '';
    this.count = 0;

    return this.exchange(request);
  }

  register(headers: string[] = []): Promise<RawMessage> {
    const contact = `Contact: <sip:${this.user}@127.0.0.1:${this.port}>`;

    return this.request({
      method: 'REGISTER',
      uri: 'sip:sightline.test',
      to: `<sip:${this.user}@sightline.test>`,
      headers: [contact, ...headers],
    });
  }

  message(body: string, type = 'application/help-request+json', uri = 'sip:help@sightline.test'): Promise<RawMessage> {
    return this.request({ method: 'MESSAGE', uri, headers: [`Content-Type: ${type}`], body });
  }

  /** The next request of this method from the server. */
  async incoming(method: string): Promise<RawMessage> {
    const at = this.received.findIndex((message) => message.method === method);
    if (at >= 0) return this.received.splice(at, 1)[0]!;

    return this.next((message) => message.method === method);
  }

  /** The next final answer with this CSeq. */
  answerTo(cseq: string): Promise<RawMessage> {
    return this.next((message) => message.status >= 200 && message.get('CSeq') === cseq);
  }

  async exchange(request: RawRequest): Promise<RawMessage> {
    this.cseq += 1;
    const branch = `z9hG4bK${randomBytes(6).toString('hex')}`;
    const cseq = `${this.cseq} ${request.method}`;
    this.sendText(this.text(request, branch, cseq));

    return this.next(
      (message) => message.status >= 200 && message.get('CSeq') === cseq && message.get('Via').includes(branch),
    );
  }

  text(request: RawRequest, branch: string, cseq: string): string {
    const { method, uri, body = '', headers = [], callId = `raw-${this.port}` } = request;
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/${this.wire.transport} 127.0.0.1:${this.port};branch=${branch};rport`,
      `From: <sip:${this.user}@sightline.test>;tag=raw`,
      `To: ${request.to ?? `<${uri}>`}`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq}`,
      'Max-Forwards: 70',
      ...(this.challenge === '' ? [] : [this.credentials(method, uri)]),
      ...headers,
      `Content-Length: ${Buffer.byteLength(body)}`,
    ];

    return `${lines.join('\r\n')}\r\n\r\n${body}`;
  }

  private credentials(method: string, uri: string): string {
    const parameter = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(this.challenge)?.[1] ?? '';
    this.count += 1;
    const nc = this.count.toString(16).padStart(8, '0');
    const [realm, nonce] = [parameter('realm'), parameter('nonce')];
    const ha1 = hash(this.algorithm, `${this.user}:${realm}:${this.password}`);
    const response = hash(this.algorithm, `${ha1}:${nonce}:${nc}:cn:auth:${hash(this.algorithm, `${method}:${uri}`)}`);

    return (
      `Authorization: Digest username="${this.user}", realm="${realm}", nonce="${nonce}", uri="${uri}", ` +
      `response="${response}", algorithm=${this.algorithm}, cnonce="cn", qop=auth, nc=${nc}`
    );
  }

  private next(wants: (message: RawMessage) => boolean): Promise<RawMessage> {
    return new Promise((take) => this.waiting.push({ wants, take }));
  }

  private onMessage(message: RawMessage): void {
    if (message.method && this.answer) this.respond(message, this.answer);
    const at = this.waiting.findIndex(({ wants }) => wants(message));
    if (at >= 0) this.waiting.splice(at, 1)[0]!.take(message);
    else if (message.method) this.received.push(message);
  }

  private respond(request: RawMessage, status: number): void {
    const copy = ['Via', 'From', 'To', 'Call-ID', 'CSeq'].flatMap((name) =>
      request.all(name).map((value) => `${name}: ${value}${name === 'To' ? ';tag=phone' : ''}`),
    );
    this.sendText(`SIP/2.0 ${status} Answer\r\n${copy.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`);
  }
}
