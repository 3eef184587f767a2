import { SightlineError } from '../../../lib/errors';
import { systemClock, type Clock } from '../../../lib/clock';
import type { Logger } from '../../../lib/logger';
import { attribute } from '../../sdp/document';
import type { RemoteEnd } from '../wire';
import { readFingerprints, type Certificate, type Fingerprint } from './certificate';
import { Demultiplexer, withoutExtension, type Member } from './demultiplexer';
import { DtlsHandshake } from './dtls';
import { IceAgent, type Source } from './ice';
import { readIce } from './ice-lines';
import { SrtpReceiver, SrtpSender, type MasterKey } from './srtp';
import type { EngineSocket } from './types';

const SUITE = 'AES_CM_128_HMAC_SHA1_80';

/** A section that goes over a transport. */
export interface Passenger extends Member {
  receiveRtp(packet: Buffer): void;
  receiveRtcp(packet: Buffer): void;
  becameReady(): void;
  failed(reason: string): void;
}

export interface DtlsTransportOptions {
  socket: EngineSocket;
  address: string;
  certificate: Certificate;
  /** Whether we made the first offer: then the choice of the way is ours (RFC 8445 section 6.1.1). */
  offering: boolean;
  log: Logger;
  clock?: Clock;
}

/**
 * One socket with its way to the peer (ICE; without it the address of the description), its keys (DTLS) and the sections that share it
 * (BUNDLE).
 */
export class DtlsTransport {
  readonly members = new Demultiplexer<Passenger>();
  private readonly wires = new Set<Passenger>();
  private readonly ice: IceAgent;
  private readonly clock: Clock;
  /** Where packets go to a peer that does not speak ICE: as described, then where its handshake comes from. */
  private latched: Source | undefined;
  private usesIce: boolean;
  private role: 'client' | 'server' | undefined;
  private fingerprints: readonly Fingerprint[] = [];
  private handshake: DtlsHandshake | undefined;
  private sender: SrtpSender | undefined;
  private receivers: SrtpReceiver[] = [];
  private dropped = 0;
  private failure: string | undefined;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: DtlsTransportOptions) {
    this.clock = options.clock ?? systemClock;
    this.usesIce = options.offering;
    this.ice = new IceAgent({
      own: { address: options.address, port: options.socket.port },
      controlling: options.offering,
      clock: this.clock,
      send: (bytes, to) => this.sendTo(bytes, to),
      onSelected: () => this.begin(),
      onFailed: (reason) => this.fail(reason),
    });
    options.socket.socket.on('message', (bytes, from) => this.take(bytes, { address: from.address, port: from.port }));
    // A datagram that cannot be delivered (the peer is gone) comes back as an error; the peer's silence is told by ICE.
    options.socket.socket.on('error', (error) => options.log.debug({ err: error }, 'A secure socket told an error'));
  }

  get port(): number {
    return this.options.socket.port;
  }

  get address(): string {
    return this.options.address;
  }

  get ready(): boolean {
    return this.sender !== undefined && this.target !== undefined && this.failure === undefined;
  }

  get refused(): number {
    return this.dropped;
  }

  linesFor(role: 'offer' | 'answer'): string[] {
    const setup = role === 'offer' ? 'actpass' : this.role === 'server' ? 'passive' : 'active';

    return [
      'a=rtcp-mux',
      ...(this.usesIce ? this.ice.lines() : []),
      `a=fingerprint:${this.options.certificate.fingerprint}`,
      `a=setup:${setup}`,
    ];
  }

  join(wire: Passenger, lines: readonly string[]): void {
    this.wires.add(wire);
    this.members.set(wire, lines);
    if (this.failure !== undefined) wire.failed(this.failure);
    else if (this.ready) wire.becameReady();
  }

  /** The socket is closed with its last section. */
  async leave(wire: Passenger): Promise<void> {
    this.wires.delete(wire);
    this.members.delete(wire);
    if (this.wires.size === 0) await this.close();
  }

  /** What has to be known of an offer before it can be answered. @throws as connect. */
  prepare(remote: RemoteEnd): void {
    const { setup, ice } = readRemote(remote);
    this.role ??= setup === 'active' ? 'server' : 'client';
    this.usesIce = ice !== undefined;
  }

  /** @throws SightlineError MEDIA_MISMATCH for a description that cannot be met; what was agreed goes on. */
  connect(remote: RemoteEnd): void {
    const { fingerprints, ice, setup } = readRemote(remote);
    this.prepare(remote);
    const changed = !sameFingerprints(this.fingerprints, fingerprints);
    this.fingerprints = fingerprints;
    if (ice) this.ice.connect(ice);
    else this.latched ??= { address: remote.address, port: remote.port };
    if (changed) this.renewHandshake(setup);
  }

  sendRtp(wire: Passenger, packet: Buffer): void {
    if (!this.ready) return;
    this.sendSecured(this.sender?.rtp(this.members.outgoing(wire, packet)));
  }

  sendRtcp(packet: Buffer): void {
    if (this.ready) this.sendSecured(this.sender?.rtcp(packet));
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();

    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.ice.close();
    this.handshake?.close();
    await this.options.socket.close();
  }

  private get target(): Source | undefined {
    return this.usesIce ? this.ice.selected : this.latched;
  }

  /** A peer with another certificate than before is another end: keys are agreed anew (RFC 8842 section 4). */
  private renewHandshake(setup: string): void {
    if (this.handshake) this.role = setup === 'active' ? 'server' : 'client';
    this.handshake?.close();
    this.handshake = new DtlsHandshake({
      role: this.role ?? 'client',
      certificate: this.options.certificate,
      fingerprints: this.fingerprints,
      clock: this.clock,
      send: (bytes) => this.target && this.sendTo(bytes, this.target),
      onKeys: (keys) => this.useKeys(keys),
      onFailed: (reason) => this.fail(reason),
    });
    if (this.target) this.handshake.start();
  }

  /** The way is known: the handshake can begin, or, after a move, packets go there. */
  private begin(): void {
    if (this.sender) this.tellReady();
    else this.handshake?.start();
  }

  private useKeys({ own, peer }: { own: MasterKey; peer: MasterKey }): void {
    this.sender = new SrtpSender(own, SUITE);
    this.receivers = [new SrtpReceiver(peer, SUITE), ...this.receivers.slice(0, 1)];
    this.tellReady();
  }

  private tellReady(): void {
    if (this.ready) for (const wire of this.wires) wire.becameReady();
  }

  private take(bytes: Buffer, from: Source): void {
    const first = bytes[0];
    if (first === undefined || this.closing) return;
    // RFC 7983: which protocol a datagram is of.
    if (first < 4) this.ice.handle(bytes, from);
    else if (!this.isPeer(from, first)) this.dropped++;
    else if (first >= 20 && first < 64) this.handshake?.handle(bytes);
    else if (first >= 128 && first < 192) this.open(bytes);
  }

  private isPeer(from: Source, first: number): boolean {
    if (this.usesIce) return this.ice.knows(from);
    // Behind a NAT the description names the wrong address; who can make the handshake is the peer.
    if (!this.sender && first >= 20 && first < 64) this.latched = from;

    return this.latched?.address === from.address && this.latched.port === from.port;
  }

  private open(bytes: Buffer): void {
    const second = bytes[1] ?? 0;
    const isRtcp = second >= 192 && second < 224;
    for (const receiver of this.receivers) {
      const packet = isRtcp ? receiver.rtcp(bytes) : receiver.rtp(bytes);
      if (!packet) continue;
      if (isRtcp) for (const part of this.members.rtcp(packet)) part.member.receiveRtcp(part.packet);
      else this.deliver(packet);
      return;
    }
    this.dropped++;
  }

  private deliver(packet: Buffer): void {
    const wire = this.members.rtp(packet);
    if (wire) wire.receiveRtp(withoutExtension(packet));
    else this.dropped++;
  }

  private sendSecured(packet: Buffer | undefined): void {
    if (packet && this.target) this.sendTo(packet, this.target);
  }

  private sendTo(bytes: Buffer, to: Source): void {
    if (!this.closing) this.options.socket.socket.send(bytes, to.port, to.address);
  }

  private fail(reason: string): void {
    if (this.failure !== undefined || this.closing) return;
    this.failure = reason;
    this.handshake?.close();
    for (const wire of this.wires) wire.failed(reason);
  }
}

/** What a section says of its handshake. @throws SightlineError MEDIA_MISMATCH when something is missing. */
export function readRemote(remote: RemoteEnd) {
  const { lines } = remote;
  const fingerprints = readFingerprints(lines);
  if (fingerprints.length === 0) throw mismatch('it has no fingerprint of SHA-256 or better');
  if (attribute(lines, 'rtcp-mux') === undefined) throw mismatch('it wants a port of its own for RTCP');

  return { fingerprints, setup: attribute(lines, 'setup') ?? 'actpass', ice: readIce(lines) };
}

function mismatch(why: string): SightlineError {
  return new SightlineError('MEDIA_MISMATCH', `The section over DTLS cannot be met: ${why}`);
}

function sameFingerprints(a: readonly Fingerprint[], b: readonly Fingerprint[]): boolean {
  return a.some((one) => b.some(({ algorithm, value }) => algorithm === one.algorithm && value === one.value));
}
