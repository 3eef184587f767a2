import dgram from 'node:dgram';
import { once } from 'node:events';
import { decode, encode } from 'dns-packet';
import type { Answer, NaptrAnswer, SrvAnswer } from 'dns-packet';

/** A name server on a UDP port of the loopback, which knows what a test tells it. */
export class DnsServer {
  /** Every question so far, as `A sip.example.com`. */
  readonly asked: string[] = [];
  /** It hears, but does not answer. */
  isSilent = false;
  private readonly records: Answer[] = [];

  private constructor(private readonly socket: dgram.Socket) {
    socket.on('message', (bytes, from) => this.answer(bytes, from));
  }

  static async start(): Promise<DnsServer> {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');

    return new DnsServer(socket);
  }

  /** For the options of whoever is to ask it. */
  get address(): string {
    return `127.0.0.1:${this.socket.address().port}`;
  }

  a(name: string, address: string, ttl = 300): this {
    return this.add({ type: address.includes(':') ? 'AAAA' : 'A', name, data: address, ttl });
  }

  srv(name: string, data: SrvAnswer['data'], ttl = 300): this {
    return this.add({ type: 'SRV', name, data, ttl });
  }

  naptr(name: string, order: number, preference: number, services: string, replacement: string): this {
    const data: NaptrAnswer['data'] = { order, preference, flags: 's', services, regexp: '', replacement };

    return this.add({ type: 'NAPTR', name, data, ttl: 300 });
  }

  /** Forgets what it knows of a name. */
  drop(name: string): void {
    this.records.splice(0, this.records.length, ...this.records.filter((record) => record.name !== name));
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.close(() => resolve()));
  }

  private add(record: Answer): this {
    this.records.push(record);

    return this;
  }

  private answer(bytes: Buffer, from: dgram.RemoteInfo): void {
    const query = decode(bytes);
    const question = query.questions?.[0];
    if (!question) return;
    this.asked.push(`${question.type} ${question.name}`);
    if (this.isSilent) return;
    const named = this.records.filter(({ name }) => name.toLowerCase() === question.name.toLowerCase());
    const answers = named.filter(({ type }) => type === question.type);
    // NXDOMAIN is 3: the name has no record of any type.
    const flags = (1 << 10) | (named.length > 0 ? 0 : 3);
    this.socket.send(
      encode({ type: 'response', id: query.id, flags, questions: [question], answers }),
      from.port,
      from.address,
    );
  }
}
