import dgram from 'node:dgram';
import net from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { createLogger } from '../../src/lib/logger';
import { LocalSrf } from '../../src/sipd/local/local-srf';
import { frame } from '../../src/sipd/drachtio/frames';
import { startSipd } from '../../src/sipd/server';
import type { Sipd } from '../../src/sipd/server';
import type { Endpoint } from '../../src/sipd/transport/types';
import { scaledTimers } from '../../src/sipd/transaction/timers';

/** Milliseconds that a ping may take before the server counts as hanging. */
const patience = 10_000;
/** T1: a transaction lingers 64 times as long, so that those of a run do not all stay to its end. */
const t1 = 20;
/** Nobody else is at this address of the loopback, so answers to a mutated Via bother nobody. */
const ownAddress = '127.77.3.9';
const requests = ['INVITE', 'OPTIONS', 'REGISTER', 'MESSAGE', 'INFO', 'SUBSCRIBE', 'NOTIFY', 'REFER', 'UPDATE', 'X'];

const upgrade = [
  'GET / HTTP/1.1',
  'Host: 127.0.0.1',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Protocol: sip',
  '',
  '',
].join('\r\n');

/** The whole server with an application that answers everything, and sockets to feed it. */
export class Target {
  private pings = 0;
  private readonly waiting = new Map<string, (answer: string) => void>();
  /** The dialogs that the application took since it last ended its calls. */
  private readonly taken = new Set<string>();

  private constructor(
    private readonly sipd: Sipd,
    private readonly srf: LocalSrf,
    private readonly socket: dgram.Socket,
    /** What the server logged as an error of its own. */
    private readonly errors: string[],
  ) {
    socket.on('message', (bytes) => this.heard(bytes.toString('latin1')));
  }

  static async start(): Promise<Target> {
    const errors: string[] = [];
    const log = createLogger('error', { write: (line) => void errors.push(line) });
    const ports = { udpPort: 0, tcpPort: 0, wsPort: 0, controlPort: 0 };
    const sipd = await startSipd({ host: '127.0.0.1', ...ports, secret: 'fuzz', log, timers: scaledTimers(t1) });
    const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4_000_000 });
    await new Promise<void>((resolve, reject) => socket.once('error', reject).bind(0, ownAddress, resolve));
    const target = new Target(sipd, new LocalSrf(log), socket, errors);
    await target.join();

    return target;
  }

  async close(): Promise<void> {
    this.srf.disconnect();
    await this.sipd.close();
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  /** Our own Contact: the only one whose calls are answered. */
  get contact(): string {
    return `<sip:fuzz@${ownAddress}:${this.socket.address().port}>`;
  }

  /** What the server logged as its own errors since it was last asked. */
  takeErrors(): string[] {
    return this.errors.splice(0);
  }

  datagram(bytes: Buffer): void {
    const { port, address } = this.sipd.addresses.udp!;
    this.socket.send(bytes, port, address);
  }

  /** Whether the server answers a request within ten seconds. */
  async isAlive(): Promise<boolean> {
    return (await this.ask('OPTIONS', [])) !== undefined;
  }

  /** Sends a request without a fault and gives its answer. */
  async ask(method: string, lines: string[]): Promise<string | undefined> {
    const id = `fuzz-ping-${(this.pings += 1)}-end`;
    const heard = new Promise<string>((resolve) => this.waiting.set(id, resolve));
    this.datagram(Buffer.from(this.request(method, id, lines)));
    const timeout = new AbortController();
    const late = wait(patience, undefined, { signal: timeout.signal }).catch(() => undefined);
    const answer = await Promise.race([heard, late]);
    timeout.abort();
    this.waiting.delete(id);

    return answer;
  }

  /** A request without a fault, outside dialogs or in the one of this Call-ID and To. */
  request(method: string, id: string, lines: string[], to = '<sip:bob@example.com>'): string {
    const via = `SIP/2.0/UDP ${ownAddress}:${this.socket.address().port};rport;branch=z9hG4bK${method}${id}`;
    const usual = [`Via: ${via}`, 'Max-Forwards: 70', `From: <sip:fuzz@example.com>;tag=${id}`, `To: ${to}`];
    const rest = [`Call-ID: ${id}`, `CSeq: 1 ${method}`, `Contact: ${this.contact}`, ...lines, 'Content-Length: 0'];

    return [`${method} sip:bob@example.com SIP/2.0`, ...usual, ...rest, '', ''].join('\r\n');
  }

  /**
   * The application ends its calls. We cannot for sure: a mutated request inside a dialog may have had the highest number that a CSeq
   * can have, and no request of ours is in order after that (RFC 3261 section 12.2.2).
   */
  endCalls(): void {
    const gone = (): void => undefined;
    for (const stackDialogId of this.taken) this.srf.request('', { method: 'BYE', stackDialogId }, gone);
    this.taken.clear();
  }

  /** A connection that sends these pieces, each in a turn of its own, and then no more; resolves when it is closed. */
  stream(pieces: Buffer[]): Promise<void> {
    return this.feed(this.sipd.addresses.tcp!, pieces);
  }

  /** Frames, or what takes their place, after the handshake of a WebSocket. */
  webSocket(bytes: Buffer): Promise<void> {
    return this.feed(this.sipd.addresses.ws!, [Buffer.from(upgrade), bytes]);
  }

  /** Commands of an application that has given the secret. */
  control(bytes: Buffer): Promise<void> {
    return this.feed(this.sipd.addresses.control, [frame('id|authenticate|fuzz|'), bytes]);
  }

  private async feed({ port, address }: Endpoint, pieces: Buffer[]): Promise<void> {
    const socket = net.connect({ port, host: address, localAddress: ownAddress, noDelay: true });
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
    socket.resume();
    for (const piece of pieces) {
      if (socket.destroyed) break;
      socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
    const timeout = new AbortController();
    await Promise.race([closed, wait(patience, undefined, { signal: timeout.signal }).catch(() => undefined)]);
    timeout.abort();
    socket.destroy();
  }

  /** Waits until no transaction and no dialog lives, at most so many milliseconds; gives what is left. */
  async drained(deadline: number): Promise<number> {
    const end = Date.now() + deadline;
    for (;;) {
      const { transactions, dialogs, incoming, outgoing } = this.sipd.stats();
      const counts = [...Object.values(transactions.server), ...Object.values(transactions.client)];
      const left = counts.reduce((sum, count) => sum + count, dialogs + incoming + outgoing);
      if (left === 0 || Date.now() > end) return left;
      await wait(50);
    }
  }

  private heard(text: string): void {
    const id = /^Call-ID: (fuzz-ping-\d+-end)\r?$/m.exec(text)?.[1];
    if (id !== undefined && /^SIP\/2\.0 [2-6]/.test(text)) this.waiting.get(id)?.(text);
    // The server may end a dialog of ours.
    if (text.startsWith('BYE ')) this.datagram(Buffer.from(answerOf(text)));
  }

  private join(): Promise<unknown> {
    for (const method of requests) {
      this.srf.use(method, (req, res) => {
        // A dialog is made only with this program itself: the names of mutated Contacts are not to be asked for.
        const isOurs = method !== 'INVITE' || (req.get('Contact') === this.contact && !req.get('Record-Route'));
        // Subscriptions would live until the application ends them.
        res.send(isOurs && method !== 'SUBSCRIBE' && method !== 'REFER' ? 200 : 486);
        if (method === 'INVITE' && isOurs) this.taken.add(res.stackDialogId);
      });
    }
    this.srf.use('BYE', (_req, res) => res.send(200));
    this.srf.serve(this.sipd.local);
    const connected = new Promise((resolve) => this.srf.once('connect', resolve));
    this.srf.connect();

    return connected;
  }
}

function answerOf(request: string): string {
  const lines = request.split('\r\n').filter((line) => /^(?:via|from|to|call-id|cseq):/i.test(line));

  return ['SIP/2.0 200 OK', ...lines, 'Content-Length: 0', '', ''].join('\r\n');
}
