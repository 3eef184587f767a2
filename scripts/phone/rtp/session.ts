import { randomBytes } from 'node:crypto';
import dgram from 'node:dgram';
import { WaitableEmitter } from '../wait';
import { monotonic } from '../time';
import type { Address } from '../transactions';
import { isRtcp, readRtp, sequenceStep, writeRtp, type RtpPacket } from './packet';
import { compactNtp, readRtcp, writeBye, writeFir, writePli, writeReport } from './rtcp';
import type { ReportBlock, RtcpPart, SenderInfo } from './rtcp';

export interface Received {
  packets: number;
  bytes: number;
  /** Packets that should have come between the first and the last of the present source. */
  lost: number;
  /** ms, RFC 3550 section 6.4.1. */
  jitter: number;
  /** Each source that was heard. */
  sources: Set<number>;
  /** Parts of RTCP packets, by type. */
  rtcp: Record<RtcpPart['type'], number>;
}

export type SessionEvents = {
  packet: [packet: RtpPacket, at: number];
  rtcp: [part: RtcpPart];
};

interface Source {
  ssrc: number;
  first: number;
  /** With the wraps counted in its upper half. */
  highest: number;
  received: number;
  transit: number | undefined;
  /** In units of the clock. */
  jitter: number;
  lastSr: number;
  lastSrAt: number;
}

const reportEvery = 500;

/** One RTP session of a phone: two UDP ports, counters, and reports twice a second. No codecs here. */
export class RtpSession extends WaitableEmitter<SessionEvents> {
  readonly ssrc = randomBytes(4).readUInt32BE();
  readonly received: Received = {
    packets: 0,
    bytes: 0,
    lost: 0,
    jitter: 0,
    sources: new Set(),
    rtcp: { sr: 0, rr: 0, pli: 0, fir: 0, sdes: 0, bye: 0, other: 0 },
  };
  readonly sent = { packets: 0, bytes: 0 };
  /** What the other side says of our stream. */
  lastReport: ReportBlock | undefined;
  private source: Source | undefined;
  private to: Address | undefined;
  private rtcpTo: Address | undefined;
  private sequence = randomBytes(2).readUInt16BE();
  private lastTimestamp = 0;
  private firSequence = 0;
  private closed = false;
  private readonly reporter = setInterval(() => this.report(), reportEvery).unref();

  private constructor(
    readonly host: string,
    /** Of RTP timestamps, in Hz. */
    public clock: number,
    private readonly rtp: dgram.Socket,
    private readonly rtcp: dgram.Socket,
  ) {
    super();
    rtp.on('message', (bytes) => this.take(bytes));
    rtcp.on('message', (bytes) => this.take(bytes));
    for (const socket of [rtp, rtcp]) socket.on('error', () => undefined);
  }

  /** On two ports of its own; the RTP port is even where the system lets it be (RFC 3550 section 11). */
  static async open(host: string, clock: number): Promise<RtpSession> {
    for (let tries = 0; ; tries++) {
      const rtp = await bind(host, 0);
      const { port } = rtp.address();
      const rtcp = port % 2 === 0 ? await bind(host, port + 1).catch(() => undefined) : undefined;
      if (rtcp) return new RtpSession(host, clock, rtp, rtcp);
      if (tries > 50) return new RtpSession(host, clock, rtp, await bind(host, 0));
      rtp.close();
    }
  }

  get port(): number {
    return this.rtp.address().port;
  }

  get rtcpPort(): number {
    return this.rtcp.address().port;
  }

  connect(to: Address | undefined, rtcpTo: Address | undefined): void {
    this.to = to;
    this.rtcpTo = rtcpTo;
  }

  send(payloadType: number, timestamp: number, payload: Buffer, marker = false): void {
    if (!this.to || this.closed) return;
    this.sequence = (this.sequence + 1) & 0xffff;
    this.lastTimestamp = timestamp >>> 0;
    const packet = {
      payloadType,
      marker,
      sequence: this.sequence,
      timestamp: timestamp >>> 0,
      ssrc: this.ssrc,
      payload,
    };
    this.sent.packets++;
    this.sent.bytes += payload.length;
    this.rtp.send(writeRtp(packet), this.to.port, this.to.host, () => undefined);
  }

  /** Leaves out one number, as if a packet had been lost on the way. */
  skip(): void {
    this.sequence = (this.sequence + 1) & 0xffff;
  }

  /** Bytes as they are, from the RTP port. */
  sendRaw(bytes: Buffer): void {
    if (this.to && !this.closed) this.rtp.send(bytes, this.to.port, this.to.host, () => undefined);
  }

  sendPli(): void {
    this.sendRtcp(Buffer.concat([this.reportBytes(), writePli(this.ssrc, this.source?.ssrc ?? 0)]));
  }

  sendFir(): void {
    const fir = writeFir(this.ssrc, this.source?.ssrc ?? 0, this.firSequence++);
    this.sendRtcp(Buffer.concat([this.reportBytes(), fir]));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    clearInterval(this.reporter);
    if (this.sent.packets > 0) this.sendRtcp(Buffer.concat([this.reportBytes(), writeBye(this.ssrc)]));
    this.closed = true;
    await Promise.all([this.rtp, this.rtcp].map((one) => new Promise<void>((resolve) => one.close(() => resolve()))));
  }

  private report(): void {
    if (this.sent.packets > 0 || this.source) this.sendRtcp(this.reportBytes());
  }

  private sendRtcp(bytes: Buffer): void {
    if (!this.rtcpTo || this.closed) return;
    // With both on one port the answer comes from the port that the other side knows.
    const socket = this.rtcpTo.port === this.to?.port ? this.rtp : this.rtcp;
    socket.send(bytes, this.rtcpTo.port, this.rtcpTo.host, () => undefined);
  }

  private reportBytes(): Buffer {
    const { packets, bytes } = this.sent;
    const info: SenderInfo | undefined =
      packets > 0 ? { ntp: compactNtp(), rtpTime: this.lastTimestamp, packets, bytes } : undefined;

    return writeReport(this.ssrc, info, this.source ? [blockOf(this.source)] : []);
  }

  private take(bytes: Buffer): void {
    if (isRtcp(bytes)) {
      for (const part of readRtcp(bytes)) this.takeRtcp(part);
      return;
    }
    const packet = readRtp(bytes);
    if (!packet) return;
    const at = monotonic();
    this.count(packet, at);
    this.emit('packet', packet, at);
  }

  private takeRtcp(part: RtcpPart): void {
    this.received.rtcp[part.type]++;
    if (part.type === 'sr' && this.source?.ssrc === part.ssrc) {
      this.source.lastSr = part.info.ntp;
      this.source.lastSrAt = monotonic();
    }
    if (part.type === 'sr' || part.type === 'rr') {
      this.lastReport = part.reports.find((report) => report.ssrc === this.ssrc) ?? this.lastReport;
    }
    this.emit('rtcp', part);
  }

  private count(packet: RtpPacket, at: number): void {
    const { received } = this;
    received.packets++;
    received.bytes += packet.payload.length;
    received.sources.add(packet.ssrc);
    if (this.source?.ssrc !== packet.ssrc) this.source = newSource(packet);
    const { source } = this;
    source.received++;
    source.highest += Math.max(0, sequenceStep(source.highest & 0xffff, packet.sequence));
    received.lost = lostOf(source);
    const transit = (at * this.clock) / 1000 - packet.timestamp;
    if (source.transit !== undefined) {
      source.jitter += (Math.abs(transit - source.transit) - source.jitter) / 16;
    }
    source.transit = transit;
    received.jitter = (source.jitter / this.clock) * 1000;
  }
}

function newSource({ ssrc, sequence }: RtpPacket): Source {
  return {
    ssrc,
    first: sequence,
    highest: sequence,
    received: 0,
    transit: undefined,
    jitter: 0,
    lastSr: 0,
    lastSrAt: 0,
  };
}

function lostOf(source: Source): number {
  return Math.max(0, source.highest - source.first + 1 - source.received);
}

function blockOf(source: Source): ReportBlock {
  const delay = source.lastSr === 0 ? 0 : Math.round(((monotonic() - source.lastSrAt) / 1000) * 65_536);

  return {
    ssrc: source.ssrc,
    fraction: 0,
    lost: lostOf(source),
    highest: source.highest >>> 0,
    jitter: Math.min(0xffff_ffff, Math.round(source.jitter)),
    lastSr: source.lastSr,
    delay,
  };
}

async function bind(host: string, port: number): Promise<dgram.Socket> {
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind(port, host, () => resolve());
  });
  socket.removeAllListeners('error');

  return socket;
}
