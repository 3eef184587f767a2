import type { MediaKind } from '../../port';
import type { RemoteEnd } from '../wire';
import { midExtensionLine } from './demultiplexer';
import type { DtlsTransport, Passenger } from './dtls-transport';
import type { SecureSection, SecureWire } from './types';

type Listener<A> = (value: A) => void;

/** What the wires of an endpoint share: who goes over whose transport. */
export interface Bundle {
  /** The transport for a section after what the peer said, and whether this section speaks for it. */
  place(wire: DtlsWire, remote: RemoteEnd): { transport: DtlsTransport; speaks: boolean };
  forget(wire: DtlsWire): void;
}

/** One section over DTLS-SRTP (RFC 5764), on a transport that it may share. */
export class DtlsWire implements SecureWire, Passenger {
  readonly kind: MediaKind;
  readonly mid: string;
  readonly protocol: string;
  private rtpListener: Listener<Buffer> = () => undefined;
  private rtcpListener: Listener<Buffer> = () => undefined;
  private failedListeners: Listener<string>[] = [];
  private readyListeners: (() => void)[] = [];
  private spoken: 'offer' | 'answer';
  private remoteLines: readonly string[];
  private failure: string | undefined;

  constructor(
    section: SecureSection,
    private transport: DtlsTransport,
    private readonly bundle: Bundle,
  ) {
    this.kind = section.kind;
    this.mid = section.mid;
    this.protocol = section.offer?.protocol ?? 'UDP/TLS/RTP/SAVPF';
    this.spoken = section.offer ? 'answer' : 'offer';
    this.remoteLines = section.offer?.lines ?? [];
    transport.join(this, this.remoteLines);
  }

  get over(): DtlsTransport {
    return this.transport;
  }

  get attributes(): readonly string[] {
    return this.linesFor(this.spoken);
  }

  get address(): string {
    return this.transport.address;
  }

  get port(): number {
    return this.transport.port;
  }

  get ready(): boolean {
    return this.transport.ready;
  }

  get refused(): number {
    return this.transport.refused;
  }

  linesFor(role: 'offer' | 'answer'): readonly string[] {
    this.spoken = role;

    return [...this.transport.linesFor(role), ...midExtensionLine(this.remoteLines)];
  }

  async connect(remote: RemoteEnd): Promise<void> {
    const { transport, speaks } = this.bundle.place(this, remote);
    if (speaks) transport.connect(remote);
    this.remoteLines = remote.lines;
    const before = this.transport;
    this.transport = transport;
    transport.join(this, remote.lines);
    if (before !== transport) await before.leave(this);
  }

  onReady(listener: () => void): void {
    if (this.ready) listener();
    else this.readyListeners.push(listener);
  }

  onRtp(listener: Listener<Buffer>): void {
    this.rtpListener = listener;
  }

  onRtcp(listener: Listener<Buffer>): void {
    this.rtcpListener = listener;
  }

  onFailed(listener: Listener<string>): void {
    if (this.failure === undefined) this.failedListeners.push(listener);
    else listener(this.failure);
  }

  sendRtp(packet: Buffer): void {
    this.transport.sendRtp(this, packet);
  }

  sendRtcp(packet: Buffer): void {
    this.transport.sendRtcp(packet);
  }

  async close(): Promise<void> {
    this.readyListeners = [];
    this.failedListeners = [];
    this.bundle.forget(this);
    await this.transport.leave(this);
  }

  receiveRtp(packet: Buffer): void {
    this.rtpListener(packet);
  }

  receiveRtcp(packet: Buffer): void {
    this.rtcpListener(packet);
  }

  becameReady(): void {
    for (const listener of this.readyListeners.splice(0)) listener();
  }

  failed(reason: string): void {
    this.failure = reason;
    for (const listener of this.failedListeners.splice(0)) listener(reason);
  }
}
