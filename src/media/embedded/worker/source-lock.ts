import { isRtcp, RtpView, sequenceAhead } from '../rtp';

export interface Target {
  address: string;
  port: number;
}

/** Packets in a row that prove a source elsewhere than described to be the peer, behind a translator of addresses. */
const PROOF = 3;

/**
 * Where the media of one peer come from, and go to. The described address counts until packets tell better (symmetric RTP, RFC 4961): from
 * the described address they are the peer's at once, also from another port of it; from another address when several in a row make sense
 * as one stream. From then on the source is locked: whatever comes from elsewhere is refused until the peer describes itself anew.
 */
export class SourceLock {
  refused = 0;
  private current: Target | undefined;
  private described: Target | undefined;
  private locked = false;
  private candidate: Target | undefined;
  private candidateSsrc = 0;
  private candidateSequence = 0;
  private proofs = 0;
  private readonly view = new RtpView();

  /** Where packets are to be sent; undefined as long as nobody knows. */
  get target(): Target | undefined {
    return this.current;
  }

  /** The peer has described itself, undefined: without an address. The same description again leaves the learned source as it is. */
  expect(described: Target | undefined): void {
    const same = this.described?.address === described?.address && this.described?.port === described?.port;
    this.described = described;
    this.candidate = undefined;
    if (described && same && this.current) return;
    this.locked = false;
    this.current = described;
  }

  accepts(packet: Buffer, from: Target): boolean {
    const { current } = this;
    if (current && current.port === from.port && current.address === from.address) {
      if (!this.locked) this.locked = isRtcp(packet) || this.view.read(packet);

      return true;
    }
    if (!this.locked && this.learn(packet, from)) return true;
    this.refused++;

    return false;
  }

  /** Whether an address is the peer's, as far as is known. */
  isOfPeer(address: string): boolean {
    return address === this.current?.address || (!this.locked && address === this.described?.address);
  }

  refuse(): void {
    this.refused++;
  }

  private learn(packet: Buffer, from: Target): boolean {
    if (isRtcp(packet) || !this.view.read(packet)) return false;
    const isDescribed = from.address === this.described?.address;
    if (!isDescribed && !this.prove(from)) return false;
    this.current = { address: from.address, port: from.port };
    this.locked = true;

    return true;
  }

  private prove(from: Target): boolean {
    const { view, candidate } = this;
    const isNext =
      candidate?.address === from.address &&
      candidate.port === from.port &&
      this.candidateSsrc === view.ssrc &&
      Math.abs(sequenceAhead(view.sequence, this.candidateSequence)) <= 10;
    this.proofs = isNext ? this.proofs + 1 : 1;
    if (!isNext) this.candidate = { address: from.address, port: from.port };
    this.candidateSsrc = view.ssrc;
    this.candidateSequence = view.sequence;

    return this.proofs >= PROOF;
  }
}
