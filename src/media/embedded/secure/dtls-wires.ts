import { SightlineError } from '../../../lib/errors';
import type { RemoteEnd } from '../wire';
import { ownCertificate } from './certificate';
import { DtlsTransport, readRemote } from './dtls-transport';
import { DtlsWire, type Bundle } from './dtls-wire';
import type { SecureSection, SecureWires, SecureWiresOptions } from './types';

/** The sections of an endpoint over DTLS-SRTP, bundled on one port where the peer agrees (RFC 9143). */
export class DtlsWires implements SecureWires, Bundle {
  readonly wires: DtlsWire[] = [];
  /** The mids that share a transport by the last exchange; before that, those that we offer to bundle. */
  private grouped: readonly string[];
  private readonly offering: boolean;

  private constructor(private readonly options: Omit<SecureWiresOptions, 'sections'> & { offering: boolean }) {
    this.offering = options.offering;
    this.grouped = [];
  }

  static async open(options: SecureWiresOptions): Promise<DtlsWires> {
    const wires = new DtlsWires({ ...options, offering: !options.sections.some(({ offer }) => offer) });
    try {
      for (const section of options.sections) await wires.add(section);
    } catch (error) {
      await wires.close();
      throw error;
    }
    // Each section is offered with a port of its own, for peers that do not bundle (RFC 9143 section 7.2); with the answer of one that
    // does, all move to the first.
    if (wires.offering) wires.grouped = options.sections.map(({ mid }) => mid).filter(Boolean);

    return wires;
  }

  get sessionLines(): readonly string[] {
    const mids = this.grouped.filter((mid) => this.wires.some((wire) => wire.mid === mid));

    return mids.length > 0 ? [`a=group:BUNDLE ${mids.join(' ')}`] : [];
  }

  async add(section: SecureSection): Promise<DtlsWire> {
    if (section.offer) this.grouped = groupOf(section.offer.lines) ?? [];
    const shared = this.sharedTransport(section.mid);
    if (!shared && section.offer) readRemote(section.offer);
    const transport = shared ?? (await this.openTransport());
    if (!shared && section.offer) transport.prepare(section.offer);
    const wire = new DtlsWire(section, transport, this);
    this.wires.push(wire);

    return wire;
  }

  async close(): Promise<void> {
    await Promise.all([...this.wires].map((wire) => wire.close()));
  }

  forget(wire: DtlsWire): void {
    const place = this.wires.indexOf(wire);
    if (place >= 0) this.wires.splice(place, 1);
  }

  place(wire: DtlsWire, remote: RemoteEnd): { transport: DtlsTransport; speaks: boolean } {
    this.grouped = groupOf(remote.lines) ?? [];
    const first = this.grouped.includes(wire.mid) ? this.firstOfGroup() : wire;
    if (first === wire && this.wires.find(({ over }) => over === wire.over) !== wire) {
      throw new SightlineError('MEDIA_MISMATCH', `The peer wants a port of its own for its ${wire.kind} (no BUNDLE)`);
    }

    return { transport: first?.over ?? wire.over, speaks: first === undefined || first === wire };
  }

  private firstOfGroup(): DtlsWire | undefined {
    const first = this.grouped.find((mid) => this.wires.some((wire) => wire.mid === mid));

    return this.wires.find((wire) => wire.mid === first);
  }

  /** A section that is offered into a group goes where the group is. */
  private sharedTransport(mid: string): DtlsTransport | undefined {
    return mid !== '' && this.grouped.includes(mid) ? this.firstOfGroup()?.over : undefined;
  }

  private async openTransport(): Promise<DtlsTransport> {
    const certificate = await ownCertificate();
    const { address, log, offering } = this.options;

    return new DtlsTransport({ socket: await this.options.openSocket(), address, certificate, offering, log });
  }
}

/** The mids of the first bundle group of a session. */
function groupOf(lines: readonly string[]): string[] | undefined {
  const line = lines.find((candidate) => candidate.startsWith('a=group:BUNDLE '));

  return line?.split(/\s+/).slice(1).filter(Boolean);
}
