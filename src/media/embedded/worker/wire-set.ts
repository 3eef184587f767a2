import { SightlineError } from '../../../lib/errors';
import type { MediaKind, MediaSecurity } from '../../port';
import { attribute } from '../../sdp/document';
import type { AgreedStream, OfferedSection } from '../negotiate';
import { createSecureWires, securityOf, type SecureSection, type SecureWires } from '../secure';
import type { RemoteEnd } from '../wire';
import type { EndContext } from './context';
import type { MediaWire } from './media-wire';
import { PlainWire } from './plain-wire';

interface Kept {
  wire: MediaWire;
  security: MediaSecurity;
}

type Wanted = Pick<SecureSection, 'kind' | 'mid' | 'offer'>;

/**
 * The wires of one endpoint, by kind. New ones are opened as descriptions ask for them; one that no description uses any more is closed
 * by `agreed`. A failure leaves nothing open that was opened on the way.
 */
export class WireSet {
  private readonly kept = new Map<MediaKind, Kept>();
  private secure: { security: 'sdes' | 'dtls'; wires: SecureWires } | undefined;
  private closed = false;

  constructor(
    private readonly context: EndContext,
    private readonly onFailed: (reason: string) => void,
  ) {}

  of(kind: MediaKind): MediaWire | undefined {
    return this.kept.get(kind)?.wire;
  }

  get sessionLines(): readonly string[] {
    return this.secure?.wires.sessionLines ?? [];
  }

  /** Wires for what is agreed with a peer that offered, connected to it. */
  async forOffer(streams: readonly AgreedStream[]): Promise<ReadonlyMap<MediaKind, MediaWire>> {
    const sections = streams.map(({ kind, mid, remote }) => ({
      kind,
      mid,
      offer: remote,
      security: securityOf(remote),
    }));

    return this.undone(async () => {
      await this.ensure(sections);

      return this.connect(streams);
    });
  }

  async forOurOffer(sections: readonly OfferedSection[], security: MediaSecurity): Promise<void> {
    await this.undone(() =>
      this.ensure(
        sections.map(({ kind, mid }) => ({ kind, mid, security: this.kept.get(kind)?.security ?? security })),
      ),
    );
  }

  forAnswer(streams: readonly AgreedStream[]): Promise<ReadonlyMap<MediaKind, MediaWire>> {
    return this.connect(streams);
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.kept.values()].map(({ wire }) => wire.close()));
    await this.secure?.wires.close();
    this.kept.clear();
    this.secure = undefined;
  }

  /** On a failure, closes the wires that were not there before. */
  private async undone<T>(work: () => Promise<T>): Promise<T> {
    const before = new Set(this.kept.keys());
    try {
      return await work();
    } catch (error) {
      await Promise.all([...this.kept.keys()].filter((kind) => !before.has(kind)).map((kind) => this.drop(kind)));
      if (this.kept.size === 0) {
        await this.secure?.wires.close();
        this.secure = undefined;
      }
      throw error;
    }
  }

  private async ensure(sections: readonly (Wanted & { security: MediaSecurity })[]): Promise<void> {
    for (const { kind, security, offer } of sections) {
      const kept = this.kept.get(kind);
      if (kept && (kept.security !== security || (offer && isUnasked(kept.wire, offer)))) await this.drop(kind);
    }
    const missing = sections.filter(({ kind }) => !this.kept.has(kind));
    for (const section of missing)
      if (section.security === 'none') this.keep(section.kind, await this.openPlain(section), 'none');
    for (const security of ['sdes', 'dtls'] as const) {
      await this.ensureSecure(
        missing.filter((section) => section.security === security),
        security,
      );
    }
  }

  private async ensureSecure(sections: readonly Wanted[], security: 'sdes' | 'dtls'): Promise<void> {
    if (sections.length === 0) return;
    if (this.secure?.security === security) {
      for (const section of sections) this.keep(section.kind, await this.secure.wires.add(section), security);

      return;
    }
    await this.secure?.wires.close();
    const wires = await createSecureWires({
      security,
      sections,
      address: this.context.ports.address,
      openPlain: (section) => this.openPlain(section),
      openSocket: () => this.context.ports.single(),
      log: this.context.log,
    });
    this.secure = { security, wires };
    for (const wire of wires.wires) this.keep(wire.kind, wire, security);
  }

  private async openPlain({ offer }: Wanted): Promise<MediaWire> {
    const mux = offer !== undefined && attribute(offer.lines, 'rtcp-mux') !== undefined;

    return PlainWire.open(this.context.ports, { protocol: offer?.protocol ?? 'RTP/AVP', mux });
  }

  private keep(kind: MediaKind, wire: MediaWire, security: MediaSecurity): void {
    if (this.closed) {
      void wire.close();
      throw new SightlineError('MEDIA_GONE');
    }
    this.kept.set(kind, { wire, security });
    wire.onFailed((reason) => {
      if (!this.closed && this.kept.get(kind)?.wire === wire) this.onFailed(reason);
    });
  }

  private async connect(streams: readonly AgreedStream[]): Promise<ReadonlyMap<MediaKind, MediaWire>> {
    const used = new Map<MediaKind, MediaWire>();
    for (const { kind, remote } of streams) {
      const wire = this.of(kind)!;
      await wire.connect(remote);
      used.set(kind, wire);
    }
    for (const kind of [...this.kept.keys()]) if (!used.has(kind)) await this.drop(kind);

    return used;
  }

  private async drop(kind: MediaKind): Promise<void> {
    const kept = this.kept.get(kind);
    this.kept.delete(kind);
    await kept?.wire.close();
  }
}

/** A wire with RTP and RTCP on one port, which the peer does not offer any more. */
function isUnasked(wire: MediaWire, offer: RemoteEnd): boolean {
  return wire instanceof PlainWire && wire.isMuxed && attribute(offer.lines, 'rtcp-mux') === undefined;
}
