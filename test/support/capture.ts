import { spawn, type ChildProcess } from 'node:child_process';
import { parseMessage, WaitableEmitter, type SipMsg } from '../../scripts/phone';

/** One UDP datagram seen on the loopback interface. */
export interface Datagram {
  /** ms since the Unix epoch, by the kernel's clock. */
  at: number;
  from: number;
  to: number;
  payload: Buffer;
}

export interface SeenMessage extends Datagram {
  sip: SipMsg;
}

const globalHeader = 24;
const recordHeader = 16;
const ethernetHeader = 14;

/** Reads the pcap file format as it streams: microsecond stamps, Ethernet frames, IPv4, UDP. */
export class PcapReader {
  private buffer: Buffer = Buffer.alloc(0);
  private begun = false;

  /** @throws Error when the bytes are no pcap. */
  feed(bytes: Buffer): Datagram[] {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    if (!this.begun && !this.begin()) return [];
    const found: Datagram[] = [];
    while (this.buffer.length >= recordHeader) {
      const length = this.buffer.readUInt32LE(8);
      if (this.buffer.length < recordHeader + length) break;
      const at = this.buffer.readUInt32LE(0) * 1000 + this.buffer.readUInt32LE(4) / 1000;
      const datagram = readFrame(at, this.buffer.subarray(recordHeader, recordHeader + length));
      if (datagram) found.push(datagram);
      this.buffer = this.buffer.subarray(recordHeader + length);
    }

    return found;
  }

  private begin(): boolean {
    if (this.buffer.length < globalHeader) return false;
    if (this.buffer.readUInt32LE(0) !== 0xa1b2c3d4) throw new Error('not a pcap stream with microseconds');
    this.buffer = this.buffer.subarray(globalHeader);
    this.begun = true;

    return true;
  }
}

function readFrame(at: number, frame: Buffer): Datagram | undefined {
  if (frame.length < ethernetHeader + 28 || frame.readUInt16BE(12) !== 0x0800) return undefined;
  const ip = frame.subarray(ethernetHeader);
  const udp = ip.subarray((ip[0]! & 0x0f) * 4);
  if (ip[9] !== 17 || udp.length < 8) return undefined;

  return { at, from: udp.readUInt16BE(0), to: udp.readUInt16BE(2), payload: Buffer.from(udp.subarray(8)) };
}

/** Watches UDP on the loopback interface through tcpdump: what really was on the wire, whoever sent it. Needs root. */
export class Capture extends WaitableEmitter<{ datagram: [Datagram]; sip: [SeenMessage] }> {
  readonly messages: SeenMessage[] = [];
  private readonly reader = new PcapReader();

  private constructor(private readonly child: ChildProcess) {
    super();
    child.stdout!.on('data', (bytes: Buffer) => this.reader.feed(bytes).forEach((datagram) => this.take(datagram)));
  }

  /** Resolves when it listens. `filter` in the words of pcap-filter(7), e.g. `udp port 5060`. */
  static async start(filter: string): Promise<Capture> {
    const child = spawn('tcpdump', ['-i', 'lo', '-U', '-s', '0', '-w', '-', filter], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const capture = new Capture(child);
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error(`tcpdump ended: ${said}`)));
      child.stderr.on('data', (text: Buffer) => {
        said += text.toString();
        if (said.includes('listening on')) resolve();
      });
    });

    return capture;
  }

  /** The SIP messages as text, one a line, for error messages. */
  describe(): string {
    const start = this.messages[0]?.at ?? 0;

    return this.messages
      .map(({ at, from, to, sip }) => {
        const words = sip.isRequest ? `${sip.method} ${sip.uri}` : `${sip.status} ${sip.reason} (${sip.method})`;
        return `${(at - start).toFixed(1).padStart(9)} ${from} -> ${to} ${words} cseq ${sip.cseq} ${sip.callId}`;
      })
      .join('\n');
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    this.child.kill('SIGTERM');
    await gone;
  }

  private take(datagram: Datagram): void {
    this.emit('datagram', datagram);
    let sip: SipMsg;
    try {
      sip = parseMessage(datagram.payload);
    } catch {
      return;
    }
    const seen = { ...datagram, sip };
    this.messages.push(seen);
    this.emit('sip', seen);
  }
}
