import type { EndpointStats, MediaKind, StreamStats } from '../port';
import type { Channel } from './channel';
import type { Codecs } from './describe';
import { type EslEvent, readDump } from './esl-event';

/** Counters at one moment, for bit rates between two. */
export interface Sample {
  at: number;
  bytes: Readonly<Record<string, number>>;
}

/** What the peer has told by RTCP (RFC 3550 section 6.4) of what it receives; the last report by kind. */
export interface PeerReport {
  lost: number;
  /** Milliseconds. */
  jitter: number;
  roundTrip: number | undefined;
}

export type PeerReports = Partial<Record<MediaKind, PeerReport>>;

const kinds: readonly MediaKind[] = ['audio', 'video'];

/** Reads the counters of a channel. */
export async function readStats(
  channel: Channel,
  codecs: Codecs,
  reports: PeerReports,
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
  reports: PeerReports,
  at: number,
): { stats: EndpointStats; sample: Sample } {
  const stats: EndpointStats = {};
  const bytes: Record<string, number> = {};
  for (const kind of kinds) {
    if (!codecs[kind]) continue;
    const received = receivedOf(dump, kind);
    const sent = sentOf(dump, kind, reports[kind]);
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

/** A report of the peer as FreeSWITCH hands it on; undefined when the event has none. Jitter is in units of the clock rate. */
export function readReport(event: EslEvent): PeerReport | undefined {
  const lost = event.get('Source0-Lost');
  if (lost === undefined) return undefined;
  const rate = Number(event.get('RTP-Rate')) || 8000;
  const trip = Number(event.get('Rtt0-Avg'));

  return {
    lost: Math.max(0, Number(lost) || 0),
    jitter: ((Number(event.get('Source0-Jitter')) || 0) * 1000) / rate,
    roundTrip: trip > 0 ? Math.round(trip * 1000) : undefined,
  };
}

function receivedOf(dump: ReadonlyMap<string, string>, kind: MediaKind): StreamStats {
  const value = reader(dump, kind);

  return {
    packets: value('in_packet_count'),
    bytes: value('in_media_bytes'),
    lost: value('in_skip_packet_count'),
    // The variance is that of the gaps between packets, in ms².
    jitter: Math.sqrt(Math.max(0, value('in_jitter_min_variance'))),
    bitRate: 0,
  };
}

function sentOf(dump: ReadonlyMap<string, string>, kind: MediaKind, report: PeerReport | undefined): StreamStats {
  const value = reader(dump, kind);

  return {
    packets: value('out_packet_count'),
    bytes: value('out_media_bytes'),
    lost: report?.lost ?? 0,
    jitter: report?.jitter ?? 0,
    bitRate: 0,
  };
}

function reader(dump: ReadonlyMap<string, string>, kind: MediaKind): (name: string) => number {
  return (name) => Number(dump.get(`variable_rtp_${kind}_${name}`)) || 0;
}
