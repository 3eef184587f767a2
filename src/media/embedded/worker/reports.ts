import {
  ntpMiddle,
  ntpTime,
  readRtcp,
  writeBye,
  writeFir,
  writeName,
  writePli,
  writeReport,
  type ReportBlock,
  type SenderInfo,
} from '../rtp/rtcp';
import type { Outflow, Reception } from '../rtp';

/** Milliseconds between reports, on average. Shorter than 5 s as RFC 3550 section 6.2 allows it for sessions of some bandwidth. */
const INTERVAL = 2500;

/** What our reports are about; asked for anew each time, since both change when the codec does. */
export interface Reported {
  readonly reception: Reception;
  readonly outflow: Outflow;
}

/** What the peer says of the packets that it got from us. */
export interface Heard {
  lost: number;
  /** In units of the timestamp. */
  jitter: number;
  /** Milliseconds. */
  roundTrip?: number;
}

/** The RTCP side of one stream: reports out and in (RFC 3550 section 6), requests for key frames, BYE. */
export class Reports {
  readonly heard: Heard = { lost: 0, jitter: 0 };
  private due = 0;
  private lastReport = 0;
  private lastReportAt = 0;
  private firNumber = 0;

  constructor(
    private readonly name: string,
    private readonly of: Reported,
    private readonly send: (packet: Buffer) => void,
    private readonly onKeyAsked: (full: boolean) => void,
  ) {}

  /** Called often; sends a report when it is time for one. */
  tick(now: number): void {
    if (this.due === 0) this.due = now + (INTERVAL * (0.5 + Math.random())) / 4;
    if (now < this.due) return;
    // Spread, so that the reports of many sessions do not come at once (RFC 3550 section 6.3.1).
    this.due = now + INTERVAL * (0.5 + Math.random());
    const { outflow, reception } = this.of;
    if (outflow.packets > 0 || reception.packets > 0) this.send(Buffer.concat(this.report(now)));
  }

  /** False while the peer has sent nothing: a request names the stream that it is about. */
  askKey(how: { pli: boolean; fir: boolean }, isNew: boolean, now: number): boolean {
    const { outflow, reception } = this.of;
    if (reception.source === 0) return false;
    if (isNew) this.firNumber++;
    const pli = how.pli || !how.fir ? [writePli(outflow.ssrc, reception.ssrc)] : [];
    const fir = how.fir && !how.pli ? [writeFir(outflow.ssrc, reception.ssrc, this.firNumber)] : [];
    this.send(Buffer.concat([...this.report(now), ...pli, ...fir]));

    return true;
  }

  bye(now: number): void {
    const { outflow, reception } = this.of;
    if (outflow.packets === 0 && reception.packets === 0) return;
    this.send(Buffer.concat([...this.report(now), writeBye(outflow.ssrc)]));
  }

  take(packet: Buffer, now: number): void {
    for (const fact of readRtcp(packet)) {
      if (fact.type === 'key') this.onKeyAsked(fact.full);
      if (fact.type !== 'report') continue;
      if (fact.sender && fact.ssrc === this.of.reception.ssrc) {
        this.lastReport = ntpMiddle(fact.sender);
        this.lastReportAt = now;
      }
      for (const block of fact.blocks) if (block.ssrc === this.of.outflow.ssrc) this.hear(block);
    }
  }

  private hear(block: ReportBlock): void {
    this.heard.lost = block.lost;
    this.heard.jitter = block.jitter;
    if (block.lastReport === 0) return;
    const ticks = (ntpMiddle(ntpTime(Date.now())) - block.lastReport - block.delay) | 0;
    // Clocks that were set meanwhile, or a peer that counts wrongly, can make it negative.
    if (ticks >= 0) this.heard.roundTrip = (ticks * 1000) / 65_536;
  }

  private report(now: number): Buffer[] {
    const { outflow, reception } = this.of;
    const block = reception.report();
    const blocks = block ? [{ ...block, ...this.lastSeen(now) }] : [];
    const sent = outflow.packets > 0 && now - outflow.lastAt < INTERVAL * 2;

    return [
      writeReport(outflow.ssrc, sent ? senderInfo(outflow, now) : undefined, blocks),
      writeName(outflow.ssrc, this.name),
    ];
  }

  private lastSeen(now: number): Pick<ReportBlock, 'lastReport' | 'delay'> {
    const delay = this.lastReport === 0 ? 0 : Math.round(((now - this.lastReportAt) * 65_536) / 1000);

    return { lastReport: this.lastReport, delay };
  }
}

function senderInfo(outflow: Outflow, now: number): SenderInfo {
  return {
    ...ntpTime(Date.now()),
    timestamp: outflow.timestampAt(now),
    packets: outflow.packets,
    octets: outflow.bytes,
  };
}
