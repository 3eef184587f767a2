import type { Clock } from '../../../src/lib/clock';
import { TypedEmitter } from '../../../src/lib/emitter';
import type { Via } from '../../../src/sipd/message/grammar';
import { parseDatagram } from '../../../src/sipd/message/parse';
import { startLine } from '../../../src/sipd/message/serialize';
import { isFlow, remoteOf, UdpFlow } from '../../../src/sipd/transport/flow';
import { TransportError } from '../../../src/sipd/transport/types';
import type { Destination, Endpoint, Flow, SipTransport, TransportEvents } from '../../../src/sipd/transport/types';
import { stampVia, tcpResponsePath, udpResponsePath } from '../../../src/sipd/transport/via';

/** What went over the wire: when (ms since the start), from whom, and the first words of the start line. */
export interface Line {
  at: number;
  from: string;
  what: string;
  lost: boolean;
  text: string;
}

type Loss = (what: string, from: string) => boolean;

/** A network in memory between two ends, with latency by the manual clock, and loss where the test wants it. */
export class Wire {
  readonly lines: Line[] = [];
  protected readonly ends = new Map<string, WireEnd>();
  protected readonly start: number;
  protected loss: Loss = () => false;

  constructor(
    readonly clock: Clock,
    /** Milliseconds that a message is under way. */
    readonly latency = 0,
  ) {
    this.start = clock.now();
  }

  end(name: string, address: string): WireEnd {
    const end = new WireEnd(this, name, { address, port: 5060 });
    this.ends.set(address, end);

    return end;
  }

  /** Decides for each message whether it is lost. */
  lose(loss: Loss): void {
    this.loss = loss;
  }

  /** Loses the next message of this kind. */
  loseNext(what: string): void {
    let done = false;
    this.lose((other) => !done && other === what && (done = true));
  }

  carry(bytes: Buffer, from: WireEnd, flow: Flow): void {
    const message = parseDatagram(bytes);
    const what = message.kind === 'request' ? message.method : `${message.status} ${message.cseq.method}`;
    const lost = this.loss(what, from.name);
    const text = `${startLine(message)}\r\n${message.headers.toString()}`;
    this.lines.push({ at: this.clock.now() - this.start, from: from.name, what, lost, text });
    if (lost) return;
    this.clock.after(this.latency, () => this.ends.get(flow.remote.address)?.arrive(bytes, reverse(flow)));
  }

  /** `<time> <from> <what>` of all that was sent, lost or not. */
  story(): string[] {
    return this.lines.map(({ at, from, what, lost }) => `${at} ${from} ${what}${lost ? ' (lost)' : ''}`);
  }

  /** The times at which an end sent this. */
  times(from: string, what: string): number[] {
    return this.lines.filter((line) => line.from === from && line.what === what).map((line) => line.at);
  }
}

/** One end of the wire: a transport like the real one. */
export class WireEnd extends TypedEmitter<TransportEvents> implements SipTransport {
  /** Makes every send fail. */
  broken: string | undefined;
  private readonly closedFlows = new Set<string>();

  constructor(
    private readonly wire: Wire,
    readonly name: string,
    readonly own: Endpoint,
  ) {
    super((error) => {
      throw error;
    });
  }

  send(bytes: Buffer, destination: Destination): Promise<Flow> {
    const flow = isFlow(destination) ? destination : this.flowTo(destination.transport, remoteOf(destination));
    if (this.broken !== undefined) return Promise.reject(new TransportError(this.broken, 'the wire is cut'));
    if (this.closedFlows.has(flow.id)) return Promise.reject(new TransportError('FLOW_CLOSED', 'closed'));
    this.wire.carry(bytes, this, flow);

    return Promise.resolve(flow);
  }

  responsePath(via: Via, flow: Flow): Destination {
    if (flow.transport === 'udp') return udpResponsePath(via, flow);

    return flow.transport === 'tcp' && this.closedFlows.has(flow.id) ? tcpResponsePath(via, flow) : flow;
  }

  isOpen(flow: Flow): boolean {
    return !this.closedFlows.has(flow.id);
  }

  sentBy(): Endpoint {
    return this.own;
  }

  close(flow: Flow): void {
    this.closedFlows.add(flow.id);
    this.emit('flowClosed', flow);
  }

  arrive(bytes: Buffer, flow: Flow): void {
    const message = parseDatagram(bytes);
    if (message.kind === 'request') stampVia(message, flow.remote);
    this.emit('message', message, flow);
  }

  private flowTo(transport: Flow['transport'], remote: Endpoint): Flow {
    if (transport === 'udp') return new UdpFlow(this.own, remote);

    return { transport, local: this.own, remote, id: `${transport}-${this.own.address}-${remote.address}` };
  }
}

export function reverse(flow: Flow): Flow {
  if (flow.transport === 'udp') return new UdpFlow(flow.remote, flow.local);

  return { ...flow, local: flow.remote, remote: flow.local };
}
