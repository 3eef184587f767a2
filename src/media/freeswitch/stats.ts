import type { EndpointStats, MediaKind, StreamStats } from '../port';
import type { Channel } from './channel';
import type { Codecs } from './describe';
import { type EslEvent, readDump } from './esl-event';

/** Counters at one moment, for bit rates between two. */
export interface Sample {
  at: number;
  bytes: Readonly<Record<string, number>>;
}

/** A report about one stream (RFC 3550 section 6.4). */
interface Report {
  lost: number;
  /** Units of the stream's clock. */
  jitter: number;
}

/** What RTCP has told of one kind. */
export interface KindReports {
  /** FreeSWITCH about what comes from the peer. */
  received?: { lost: number; jitter: number };
  /** The peer about what it gets. Jitter in milliseconds. */
  sent?: { lost: number; jitter: number };
  /** Milliseconds. */
  roundTrip?: number;
}

export type Reports = Partial<Record<MediaKind, KindReports>>;

const clockRates: Readonly<Record<MediaKind, number>> = { audio: 8000, video: 90_000 };

/**
 * Collects the last reports by kind. Only what the peer sends tells its kind, by the clock; FreeSWITCH's own reports are sorted by the
 * stream that they are about.
 */
export class ReportBook {
  readonly reports: Reports = {};
  private readonly kindOf = new Map<string, MediaKind>();
  private readonly unsorted = new Map<string, Report>();

  take(event: EslEvent): void {
    const stream = event.get('SSRC');
    if (stream === undefined) return;
    if (event.name === 'RECV_RTCP_MESSAGE') this.fromPeer(event, stream);
    if (event.name === 'SEND_RTCP_MESSAGE') {
      const report = readReport(event, 'Source');
      // From its first report on, FreeSWITCH counts one more than it can have missed.
      if (report) this.unsorted.set(stream, { ...report, lost: Math.max(0, report.lost - 1) });
    }
    for (const [one, report] of this.unsorted) {
      const kind = this.kindOf.get(one);
      if (kind) this.note(kind, { received: inMilliseconds(report, clockRates[kind]) });
    }
  }

  private fromPeer(event: EslEvent, stream: string): void {
    const rate = Number(event.get('RTP-Rate')) || clockRates.audio;
    const kind: MediaKind = rate === clockRates.video ? 'video' : 'audio';
    this.kindOf.set(stream, kind);
    const report = readReport(event, 'Source0');
    const trip = Number(event.get('Rtt0-Avg'));
    if (report) this.note(kind, { sent: inMilliseconds(report, rate) });
    if (trip > 0) this.note(kind, { roundTrip: Math.round(trip * 1000) });
  }

  private note(kind: MediaKind, news: KindReports): void {
    this.reports[kind] = { ...this.reports[kind], ...news };
  }
}

function readReport(event: EslEvent, source: string): Report | undefined {
  const lost = event.get(`${source}-Lost`);
  if (lost === undefined) return undefined;

  // Cumulative losses may be negative where packets came twice.
  return { lost: Math.max(0, Number(lost) | 0), jitter: Number(event.get(`${source}-Jitter`)) || 0 };
}

function inMilliseconds({ lost, jitter }: Report, rate: number): Report {
  return { lost, jitter: (jitter * 1000) / rate };
}

const kinds: readonly MediaKind[] = ['audio', 'video'];

/** Reads the counters of a channel. */
export async function readStats(
  channel: Channel,
  codecs: Codecs,
  reports: Reports,
  now: () => number,
): Promise<{ stats: EndpointStats; sample: Sample }> {
  await channel.run('uuid_set_media_stats');
  const dump = readDump(await channel.run('uuid_dump'));

  return countersOf(dump, codecs, reports, now());
}

/** The counters as `uuid_dump` gives them. Bit rates are added by `Rates`. */
export function countersOf(
  dump: ReadonlyMap<string, string>,
  codecs: Codecs,
  reports: Reports,
  at: number,
): { stats: EndpointStats; sample: Sample } {
  const stats: EndpointStats = {};
  const bytes: Record<string, number> = {};
  for (const kind of kinds) {
    if (!codecs[kind]) continue;
    const received = streamOf(dump, kind, 'in', reports[kind]?.received);
    const sent = streamOf(dump, kind, 'out', reports[kind]?.sent);
    stats[kind] = { received, sent };
    bytes[`${kind}-in`] = received.bytes;
    bytes[`${kind}-out`] = sent.bytes;
  }
  const trips = kinds.flatMap((kind) => reports[kind]?.roundTrip ?? []);
  if (trips.length > 0) stats.roundTrip = Math.min(...trips);

  return { stats, sample: { at, bytes } };
}

/** Bit rates are taken over at least this long. */
const rateMs = 1000;

/** Bits per second by stream, over the last second or more. */
export class Rates {
  private since: Sample | undefined;
  private rates: Readonly<Record<string, number>> = {};

  /** Adds the rates to statistics; 0 until a second has passed. */
  add(stats: EndpointStats, now: Sample): EndpointStats {
    const { since } = this;
    if (!since) this.since = now;
    else if (now.at - since.at >= rateMs) {
      this.rates = ratesBetween(since, now);
      this.since = now;
    }
    const told: EndpointStats = { ...stats };
    for (const kind of kinds) {
      const both = stats[kind];
      if (!both) continue;
      told[kind] = {
        received: { ...both.received, bitRate: this.rates[`${kind}-in`] ?? 0 },
        sent: { ...both.sent, bitRate: this.rates[`${kind}-out`] ?? 0 },
      };
    }

    return told;
  }
}

function ratesBetween(before: Sample, now: Sample): Record<string, number> {
  return Object.fromEntries(
    Object.entries(now.bytes).map(([key, bytes]) => {
      const more = Math.max(0, bytes - (before.bytes[key] ?? 0));

      return [key, Math.round((more * 8000) / (now.at - before.at))];
    }),
  );
}

function streamOf(
  dump: ReadonlyMap<string, string>,
  kind: MediaKind,
  way: 'in' | 'out',
  report: Report | undefined,
): StreamStats {
  const value = (name: string): number => Number(dump.get(`variable_rtp_${kind}_${way}_${name}`)) || 0;

  // What FreeSWITCH has thrown away because it came late or all at once is lost in its reports, but it did arrive.
  const lost = (report?.lost ?? 0) - (way === 'in' ? value('flush_packet_count') : 0);

  return {
    packets: value('packet_count'),
    bytes: value('media_bytes'),
    lost: Math.max(0, lost),
    jitter: report?.jitter ?? 0,
    bitRate: 0,
  };
}
