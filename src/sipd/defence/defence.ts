import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import { sizeFault } from '../message/limits';
import type { SipRequest, SipResponse } from '../message/message';
import type { Refusal } from '../transaction/checks';
import { newTag } from '../transaction/keys';
import type { StreamOptions } from '../transport/connection';
import type { TransportGuard } from '../transport/guard';
import { isStream } from '../transport/flow';
import type { Flow } from '../transport/types';
import { Bans } from './bans';
import { Lateness } from './lateness';
import { defaultDefence } from './options';
import type { DefenceOptions } from './options';
import { isEmergency } from './priority';
import { Proofs } from './proofs';
import { SourceTable } from './source-table';
import type { Doubt, Source } from './source-table';
import { Sources } from './sources';

export interface DefenceStats {
  /** Datagrams and messages that were not read. */
  dropped: { banned: number; flood: number };
  /** Requests that got 503, or silence, for their source's limit; that got 503 as the server was late; messages too large. */
  refused: { rate: number; overload: number; size: number };
  /** Connections that were not taken, as their source was banned or had too many. */
  connectionsRefused: number;
  authFailures: number;
  /** How often datagrams of a source were cut down to few, as they may be forged. */
  narrowed: number;
  bans: { active: number; total: number };
  /** Sources that are remembered. */
  sources: number;
  /** Whether new work is being refused, and how late the event loop was when last looked at, in milliseconds. */
  shedding: boolean;
  lateness: number;
}

export interface DefencePorts {
  clock: Clock;
  log: Logger;
  /** Closes every connection of the addresses that this is true for. */
  disconnect(belongs: (address: string) => boolean): void;
}

type StreamGuardOptions = Pick<StreamOptions, 'maxHead' | 'maxBody' | 'maxHeaders' | 'maxConnections' | 'patience'>;

/** Milliseconds between two log lines about limits. */
const logInterval = 10_000;
/** Milliseconds for which datagrams that may be forged stay cut down after there were too many. */
const narrowTime = 10_000;
/** Retry-After, in seconds: at least, and how much more at random, so that those sent away do not come back at once. */
const retryLeast = 3;
const retrySpread = 5;

/**
 * Keeps strangers from taking the server away from others: limits for each source, bans, and 503 before the event loop
 * is late. What it remembers is bounded, and but for a look at the event loop while requests come it has no timer.
 */
export class Defence implements TransportGuard {
  private readonly options: DefenceOptions;
  private readonly sources: Sources;
  private readonly table: SourceTable;
  private readonly bans: Bans;
  private readonly late: Lateness;
  private readonly counts = {
    banned: 0,
    flood: 0,
    rate: 0,
    overload: 0,
    size: 0,
    connections: 0,
    failures: 0,
    narrowed: 0,
  };
  private readonly proofs: Proofs;
  private lastLog = -Infinity;

  /** @throws RangeError for a trusted network that is none */
  constructor(
    options: Partial<DefenceOptions>,
    private readonly ports: DefencePorts,
  ) {
    this.options = { ...defaultDefence, ...options };
    const { trusted, banTime, capacity, lateness } = this.options;
    this.sources = new Sources(trusted);
    this.table = new SourceTable(this.options);
    this.bans = new Bans(banTime, capacity);
    this.proofs = new Proofs(capacity);
    this.late = new Lateness(ports.clock, lateness, (shedding, ms) => this.logShedding(shedding, ms));
  }

  /** The limits that the connections keep by themselves. */
  get streamOptions(): StreamGuardOptions {
    const { maxHead, maxBody, maxHeaders, maxConnections, patience } = this.options;

    return { maxHead, maxBody, maxHeaders, maxConnections, patience };
  }

  /** `screen` as the transaction layer asks it. */
  readonly asScreen = (request: SipRequest, flow: Flow): Refusal | 'drop' | undefined =>
    this.screen(request, flow.remote.address, !isStream(flow.transport));

  /** Told of every message that was sent. */
  readonly sent = (bytes: Buffer, { transport, remote }: Flow): void => {
    const key = isStream(transport) ? undefined : this.sources.keyOf(remote.address);
    if (key !== undefined) this.proofs.sent(key, bytes);
  };

  /** Our tag in the answers to a request that came by this flow. */
  readonly tagFor = ({ transport, remote }: Flow): string => {
    const key = isStream(transport) ? undefined : this.sources.keyOf(remote.address);

    return key === undefined ? newTag() : this.proofs.tagFor(key);
  };

  /** Whether an answer is surely our own, and not handed on; that of a stream counts as such. */
  wrote(response: SipResponse, { transport, remote }: Flow): boolean {
    const key = isStream(transport) ? undefined : this.sources.keyOf(remote.address);

    return key === undefined || this.proofs.isTagOf(key, response.toTag);
  }

  admits(address: string, datagram?: Buffer): boolean {
    const key = this.sources.keyOf(address);
    if (key === undefined) return true;
    const now = this.ports.clock.now();
    if (this.bans.has(key, now)) {
      this.counts.banned += 1;
      return false;
    }
    const source = this.table.get(key, now);
    const narrow = datagram && source.doubt && now < source.doubt.narrowUntil ? source.doubt : undefined;
    if ((narrow?.few ?? source.messages).take(now)) return true;
    const isOwn = datagram === undefined || this.proofs.inDatagram(key, datagram);
    if (datagram && isOwn && this.table.doubtOf(source, now).messages.take(now)) return true;
    this.counts.flood += 1;
    this.exceeded(key, source, now, isOwn);

    return false;
  }

  inspect(bytes: Buffer): void {
    const fault = sizeFault(bytes, this.options);
    if (!fault) return;
    this.counts.size += 1;
    throw fault;
  }

  opens(address: string): boolean {
    const key = this.sources.keyOf(address);
    if (key === undefined) return true;
    const now = this.ports.clock.now();
    const source = this.bans.has(key, now) ? undefined : this.table.get(key, now);
    if (source && source.connections < this.options.connectionsPerSource) {
      source.connections += 1;
      return true;
    }
    this.counts.connections += 1;

    return false;
  }

  closed(address: string): void {
    const key = this.sources.keyOf(address);
    const source = key === undefined ? undefined : this.table.find(key);
    if (source) source.connections = Math.max(0, source.connections - 1);
  }

  /**
   * Judges a request that begins a transaction, neither ACK nor CANCEL.
   * @returns what it is refused with, without any state; `drop` for no answer at all; undefined when it is welcome
   */
  screen(request: SipRequest, address: string, isForgeable = false): Refusal | 'drop' | undefined {
    this.late.note();
    const isInside = request.toTag !== undefined;
    const verdict = this.screenSource(request, address, isForgeable);
    if (verdict) return verdict;
    // Calls under way are never cut: they are what the server is to be kept alive for.
    if (!this.late.isShedding || isInside || isEmergency(request)) return undefined;
    this.counts.overload += 1;

    return refusal();
  }

  /** Whether no limit holds for the address. */
  trusts(address: string): boolean {
    return this.sources.keyOf(address) === undefined;
  }

  /** Somebody sent wrong credentials. */
  authFailed(address: string): void {
    this.counts.failures += 1;
    const key = this.sources.keyOf(address);
    if (key === undefined) return;
    const now = this.ports.clock.now();
    const source = this.table.get(key, now);
    // An office behind one address is not shut out for one forgotten password; whoever checks it throttles that user.
    if (source.failures.add(now) >= this.options.authBan && !source.proven) this.ban(key, 'authentication', now);
  }

  /** Somebody proved who he is. */
  authSucceeded(address: string): void {
    const key = this.sources.keyOf(address);
    if (key === undefined) return;
    const source = this.table.get(key, this.ports.clock.now());
    source.proven = true;
    source.failures.reset();
  }

  stats(): DefenceStats {
    const { banned, flood, rate, overload, size, connections, failures, narrowed } = this.counts;

    return {
      dropped: { banned, flood },
      refused: { rate, overload, size },
      connectionsRefused: connections,
      authFailures: failures,
      narrowed,
      bans: { active: this.bans.active(this.ports.clock.now()), total: this.bans.total },
      sources: this.table.size,
      shedding: this.late.isShedding,
      lateness: this.late.last,
    };
  }

  /** Twice is harmless. */
  close(): void {
    this.late.close();
  }

  private screenSource(request: SipRequest, address: string, isForgeable: boolean): Refusal | 'drop' | undefined {
    const key = this.sources.keyOf(address);
    if (key === undefined) return undefined;
    const now = this.ports.clock.now();
    const source = this.table.get(key, now);
    const limit = request.toTag === undefined ? 'requests' : 'dialogRequests';
    if (source[limit].take(now)) return undefined;
    const isOwn = !isForgeable || this.proofs.inRequest(key, request);
    if (isForgeable && isOwn && this.table.doubtOf(source, now)[limit].take(now)) return undefined;
    this.counts.rate += 1;
    this.exceeded(key, source, now, isOwn);

    return source.answers.take(now) ? refusal() : 'drop';
  }

  /** @param isOwn whether the source surely sent it itself: nobody is banned for what another may have sent in his name */
  private exceeded(key: string, source: Source, now: number, isOwn: boolean): void {
    if (!isOwn) this.doubt(key, this.table.doubtOf(source, now), now);
    else if (source.excess.add(now) >= this.options.floodBan) this.ban(key, 'flood', now);
    if (now - this.lastLog < logInterval) return;
    this.lastLog = now;
    this.ports.log.warn({ source: key, ...this.stats() }, 'a SIP source is beyond its limits');
  }

  /** Too much that may be forged: it costs a look at each datagram from now on, and few of them are read. */
  private doubt(key: string, doubt: Doubt, now: number): void {
    if (doubt.excess.add(now) < this.options.floodBan) return;
    if (now >= doubt.narrowUntil) {
      this.counts.narrowed += 1;
      this.ports.log.warn({ source: key }, 'datagrams that may not be of this SIP source are cut down');
    }
    doubt.narrowUntil = now + narrowTime;
  }

  private ban(key: string, why: string, now: number): void {
    if (!this.bans.add(key, now)) return;
    const source = this.table.find(key);
    source?.excess.reset();
    source?.failures.reset();
    this.ports.log.warn({ source: key, why, seconds: this.options.banTime / 1_000 }, 'a SIP source is banned');
    this.ports.disconnect((address) => this.sources.keyOf(address) === key);
  }

  private logShedding(shedding: boolean, late: number): void {
    const { overload } = this.counts;
    const words = shedding ? 'the server is late: new SIP requests get 503' : 'new SIP requests are taken again';
    this.ports.log.warn({ late, refused: overload }, words);
  }
}

function refusal(): Refusal {
  const seconds = retryLeast + Math.floor(Math.random() * retrySpread);

  return { status: 503, headers: [['Retry-After', String(seconds)]] };
}
