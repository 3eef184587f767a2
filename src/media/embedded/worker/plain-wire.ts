import type { RemoteInfo } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { isLoopback } from '../../../lib/addresses';
import { attribute } from '../../sdp/document';
import { isRtcp } from '../rtp';
import type { EngineSocket } from '../secure';
import type { RemoteEnd } from '../wire';
import type { MediaWire } from './media-wire';
import type { Ports } from './ports';
import { SourceLock, type Target } from './source-lock';

type Listener = (packet: Buffer) => void;

const nobody: Listener = () => undefined;

/** RTP and RTCP over UDP, not secured: two sockets, or one where the peer wants both on one port (RFC 5761). */
export class PlainWire implements MediaWire {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
  readonly loopback: boolean;

  private readonly lock = new SourceLock();
  private rtcpTarget: Target | undefined;
  private rtcpKnown = false;
  private rtp = nobody;
  private rtcp = nobody;
  private readyListeners: (() => void)[] = [];
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly media: EngineSocket,
    private control: EngineSocket | undefined,
    ports: Pick<Ports, 'address' | 'reachesLoopback'>,
    protocol: string,
  ) {
    this.address = ports.address;
    this.loopback = ports.reachesLoopback;
    this.port = media.port;
    this.protocol = protocol;
    media.socket.on('message', (packet, from) => this.onMedia(packet, from));
    control?.socket.on('message', (packet, from) => this.onControl(packet, from));
  }

  /** @throws SightlineError MEDIA_UNAVAILABLE without free ports. */
  static async open(ports: Ports, options: { protocol: string; mux: boolean }): Promise<PlainWire> {
    if (options.mux) return new PlainWire(await ports.single(), undefined, ports, options.protocol);
    const [media, control] = await ports.pair();

    return new PlainWire(media, control, ports, options.protocol);
  }

  get attributes(): readonly string[] {
    return this.linesFor();
  }

  linesFor(): readonly string[] {
    return this.isMuxed ? ['a=rtcp-mux'] : [];
  }

  get isMuxed(): boolean {
    return this.control === undefined;
  }

  get refused(): number {
    return this.lock.refused;
  }

  get ready(): boolean {
    return this.lock.target !== undefined;
  }

  onReady(listener: () => void): void {
    if (this.ready) listener();
    else this.readyListeners.push(listener);
  }

  async connect(remote: RemoteEnd): Promise<void> {
    const address = await resolved(remote.address, this);
    this.lock.expect(targetOf(address, remote.port));
    const muxed = attribute(remote.lines, 'rtcp-mux') !== undefined;
    const rtcpPort = remote.rtcpPort ?? remote.port + 1;
    this.rtcpTarget = targetOf(address, muxed && !this.control ? remote.port : rtcpPort);
    this.rtcpKnown = false;
    this.tellReady();
  }

  onRtp(listener: Listener): void {
    this.rtp = listener;
  }

  onRtcp(listener: Listener): void {
    this.rtcp = listener;
  }

  /** A plain wire has nothing that could fail for good: a peer that is away may come back. */
  onFailed(): void {}

  sendRtp(packet: Buffer): void {
    const { target } = this.lock;
    if (target && !this.closing) this.media.socket.send(packet, target.port, target.address);
  }

  sendRtcp(packet: Buffer): void {
    if (this.closing) return;
    if (!this.control) this.sendRtp(packet);
    else if (this.rtcpTarget) this.control.socket.send(packet, this.rtcpTarget.port, this.rtcpTarget.address);
  }

  close(): Promise<void> {
    this.closing ??= Promise.all([this.media.close(), this.control?.close()]).then(() => undefined);

    return this.closing;
  }

  private onMedia(packet: Buffer, from: RemoteInfo): void {
    if (this.closing) return;
    if (!this.lock.accepts(packet, from)) return;
    if (this.readyListeners.length > 0) this.tellReady();
    if (isRtcp(packet)) this.rtcp(packet);
    else this.rtp(packet);
  }

  private onControl(packet: Buffer, from: RemoteInfo): void {
    if (this.closing || !isRtcp(packet)) return;
    const known = this.rtcpTarget;
    const isKnown = known?.address === from.address && known.port === from.port;
    if (!isKnown && (this.rtcpKnown || !this.lock.isOfPeer(from.address))) {
      this.lock.refuse();

      return;
    }
    this.rtcpKnown = true;
    if (!isKnown) this.rtcpTarget = { address: from.address, port: from.port };
    this.rtcp(packet);
  }

  private tellReady(): void {
    if (!this.ready) return;
    for (const listener of this.readyListeners.splice(0)) listener();
  }
}

/** The address of a description as an address of the network; a name is looked up. Undefined for the address of old that means hold. */
async function resolved(host: string, own: { address: string; loopback: boolean }): Promise<string | undefined> {
  if (host === '') return undefined;
  const address = isIP(host)
    ? host
    : (await lookup(host, { family: isIPv6(own.address) ? 6 : 4 }).catch(() => undefined))?.address;

  return address !== undefined && isFit(address, own.loopback) ? address : undefined;
}

const nowhere = new BlockList();
nowhere.addSubnet('0.0.0.0', 8, 'ipv4');
nowhere.addSubnet('224.0.0.0', 3, 'ipv4');
nowhere.addAddress('::', 'ipv6');
nowhere.addSubnet('ff00::', 8, 'ipv6');

/**
 * Whether media may be sent to an address that somebody has described: not to many at once, and to this machine itself only where we live
 * on its loopback, so that a caller cannot have us send to services of ours.
 */
function isFit(address: string, loopback: boolean): boolean {
  const isNowhere = nowhere.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

  return !isNowhere && (loopback || !isLoopback(address));
}

/** A port that packets can be sent to, at that address. */
function targetOf(address: string | undefined, port: number): Target | undefined {
  return address !== undefined && port > 0 && port < 65_536 ? { address, port } : undefined;
}
