import { SightlineError } from '../../../lib/errors';
import type { MediaKind } from '../../port';
import type { RemoteEnd, Wire } from '../wire';
import { newMasterKey, readCrypto, SUITES, writeCrypto, type CryptoLine } from './sdes';
import { SrtpReceiver, SrtpSender } from './srtp';
import type { SecureSection, SecureWire, SecureWires, SecureWiresOptions } from './types';

type OwnLine = Pick<CryptoLine, 'tag' | 'suite' | 'master'>;

/** What two ends have agreed: our line and the peer's, of one tag. */
interface Agreed {
  own: OwnLine;
  peer: CryptoLine;
}

/** The sections of an endpoint with keys in their descriptions: each on ports of its own. */
export class SdesWires implements SecureWires {
  readonly sessionLines: readonly string[] = [];
  private readonly all: SdesWire[] = [];

  private constructor(private readonly options: SecureWiresOptions) {}

  static async open(options: SecureWiresOptions): Promise<SdesWires> {
    const wires = new SdesWires(options);
    try {
      for (const section of options.sections) await wires.add(section);
    } catch (error) {
      await wires.close();
      throw error;
    }

    return wires;
  }

  get wires(): readonly SdesWire[] {
    return this.all.filter(({ closed }) => !closed);
  }

  async add(section: SecureSection): Promise<SdesWire> {
    const plain = await this.options.openPlain(section);
    try {
      const wire = new SdesWire(section, plain);
      this.all.push(wire);

      return wire;
    } catch (error) {
      await plain.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.all.splice(0).map((wire) => wire.close()));
  }
}

/** A plain wire whose packets are protected with keys that the two descriptions carry (RFC 4568). */
export class SdesWire implements SecureWire {
  readonly kind: MediaKind;
  readonly protocol: string;
  /** One key a suite, for the life of the wire: a peer that hears an old one and a new one at the same time loses packets. */
  private readonly own: readonly OwnLine[] = SUITES.map((suite, index) => ({
    tag: String(index + 1),
    suite,
    master: newMasterKey(),
  }));
  private agreed: Agreed | undefined;
  private sender: SrtpSender | undefined;
  /** The last first; the one before stays for packets that are on their way when keys change. */
  private receivers: SrtpReceiver[] = [];
  private spoken: 'offer' | 'answer';
  private readyListeners: (() => void)[] = [];
  private refusedCount = 0;
  private isClosed = false;

  /** @throws SightlineError MEDIA_MISMATCH for an offer with no key of a suite that we have; the plain wire stays the caller's. */
  constructor(
    section: SecureSection,
    private readonly plain: Wire,
  ) {
    this.kind = section.kind;
    this.protocol = section.offer?.protocol ?? 'RTP/SAVP';
    this.spoken = section.offer ? 'answer' : 'offer';
    if (section.offer) this.agree(section.offer);
  }

  get address(): string {
    return this.plain.address;
  }

  get port(): number {
    return this.plain.port;
  }

  get attributes(): readonly string[] {
    return this.linesFor(this.spoken);
  }

  get ready(): boolean {
    return this.sender !== undefined;
  }

  get refused(): number {
    return this.refusedCount;
  }

  get closed(): boolean {
    return this.isClosed;
  }

  linesFor(role: 'offer' | 'answer'): readonly string[] {
    this.spoken = role;
    const lines = role === 'answer' && this.agreed ? [this.agreed.own] : this.own;

    return [...this.plain.attributes, ...lines.map(writeCrypto)];
  }

  async connect(remote: RemoteEnd): Promise<void> {
    this.agree(remote);
    await this.plain.connect(remote);
    if (!this.agreed || this.sender) return;
    this.sender = new SrtpSender(this.agreed.own.master, this.agreed.own.suite);
    for (const listener of this.readyListeners.splice(0)) listener();
  }

  onReady(listener: () => void): void {
    if (this.ready) listener();
    else this.readyListeners.push(listener);
  }

  onRtp(listener: (packet: Buffer) => void): void {
    this.plain.onRtp((packet) => this.open('rtp', packet, listener));
  }

  onRtcp(listener: (packet: Buffer) => void): void {
    this.plain.onRtcp((packet) => this.open('rtcp', packet, listener));
  }

  sendRtp(packet: Buffer): void {
    const secured = this.sender?.rtp(packet);
    if (secured) this.plain.sendRtp(secured);
  }

  sendRtcp(packet: Buffer): void {
    const secured = this.sender?.rtcp(packet);
    if (secured) this.plain.sendRtcp(secured);
  }

  onFailed(listener: (reason: string) => void): void {
    this.plain.onFailed(listener);
  }

  close(): Promise<void> {
    this.readyListeners = [];
    this.isClosed = true;

    return this.plain.close();
  }

  private open(way: 'rtp' | 'rtcp', packet: Buffer, listener: (packet: Buffer) => void): void {
    for (const receiver of this.receivers) {
      const opened = receiver[way](packet);
      if (!opened) continue;
      listener(opened);
      return;
    }
    this.refusedCount++;
  }

  /** Takes up the first of the peer's lines that we can use; a suite that changes changes what we send with. */
  private agree(remote: RemoteEnd): void {
    const lines = readCrypto(remote.lines);
    const peer = lines[0];
    const suite = this.own.find((line) => line.suite === peer?.suite);
    if (!peer || !suite) {
      throw new SightlineError(
        'MEDIA_MISMATCH',
        `No a=crypto line of the ${this.kind} section has a suite that is known`,
      );
    }
    const before = this.agreed;
    const same = before?.peer.suite === peer.suite && sameKey(before.peer, peer);
    this.agreed = { own: { ...suite, tag: peer.tag }, peer };
    if (!same) this.receivers = [new SrtpReceiver(peer.master, peer.suite, peer.mki), ...this.receivers.slice(0, 1)];
    if (this.sender && before && before.own.suite !== suite.suite)
      this.sender = new SrtpSender(suite.master, suite.suite);
  }
}

function sameKey(a: CryptoLine, b: CryptoLine): boolean {
  return a.mki === b.mki && a.master.key.equals(b.master.key) && a.master.salt.equals(b.master.salt);
}
