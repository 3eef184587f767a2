import { lookup, Resolver } from 'node:dns/promises';
import type { NaptrRecord, SrvRecord } from 'node:dns';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import { AnswerCache } from './cache';
import type { Answer } from './cache';

/** What is asked of DNS. Each is empty when the name has no such record; rejects when nobody could be asked. */
export interface Questions {
  naptr(name: string): Promise<readonly NaptrRecord[]>;
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** IPv4 and IPv6 addresses. */
  addresses(name: string): Promise<readonly string[]>;
}

export interface DnsOptions {
  /** Servers to ask in place of the system's, as `192.0.2.53`, `192.0.2.53:5353` or `[2001:db8::53]:53`. */
  servers?: readonly string[];
  /** Milliseconds that one server may take; it is asked twice. Default 2,000. */
  timeout?: number;
  clock?: Clock;
}

/** Seconds that NAPTR and SRV records are kept: Node does not tell their TTL. */
const serviceTtl = 60;
/** Seconds that "there is none" is kept. */
const noneTtl = 30;
/** Seconds that what the system's own look-up told (hosts file, local names) is kept. */
const systemTtl = 30;
/** The longest that anything is kept, in seconds, whatever its TTL. */
const longestTtl = 3_600;
const none: ReadonlySet<string | undefined> = new Set(['ENOTFOUND', 'ENODATA']);

/** DNS with a memory. Answers are kept by their TTL; one that is over is used a little longer when nobody can be asked. */
export class Dns implements Questions {
  private readonly resolver: Resolver;
  private readonly usesSystem: boolean;
  private readonly services: AnswerCache<NaptrRecord | SrvRecord>;
  private readonly hosts: AnswerCache<string>;

  /** @throws TypeError for a server that is no address */
  constructor({ servers = [], timeout = 2_000, clock = systemClock }: DnsOptions = {}) {
    this.resolver = new Resolver({ timeout, tries: 2 });
    this.usesSystem = servers.length === 0;
    if (!this.usesSystem) this.resolver.setServers(servers);
    this.services = new AnswerCache(clock);
    this.hosts = new AnswerCache(clock);
  }

  async naptr(name: string): Promise<readonly NaptrRecord[]> {
    const ask = (): Promise<NaptrRecord[]> => this.resolver.resolveNaptr(name);

    return (await this.services.get(`NAPTR ${name}`, () => service(ask))) as readonly NaptrRecord[];
  }

  async srv(name: string): Promise<readonly SrvRecord[]> {
    const ask = (): Promise<SrvRecord[]> => this.resolver.resolveSrv(name);

    return (await this.services.get(`SRV ${name}`, () => service(ask))) as readonly SrvRecord[];
  }

  addresses(name: string): Promise<readonly string[]> {
    return this.hosts.get(name, () => this.askAddresses(name));
  }

  /** Forgets all answers and gives up what is being asked. */
  close(): void {
    this.resolver.cancel();
    this.services.clear();
    this.hosts.clear();
  }

  private async askAddresses(name: string): Promise<Answer<string>> {
    // A name without a dot is one of this machine or its surroundings, which the system knows and a name server does not.
    const isLocal = this.usesSystem && !name.includes('.');
    const asked = await Promise.allSettled(
      isLocal
        ? []
        : [
            orNone(() => this.resolver.resolve4(name, { ttl: true })),
            orNone(() => this.resolver.resolve6(name, { ttl: true })),
          ],
    );
    const found = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (found.length > 0) {
      const ttl = Math.min(longestTtl, ...found.map((one) => one.ttl));

      return { records: found.map(({ address }) => address), ttl };
    }
    if (this.usesSystem) return askSystem(name);
    for (const one of asked) if (one.status === 'rejected') throw one.reason;

    return { records: [], ttl: noneTtl };
  }
}

async function service<T>(ask: () => Promise<T[]>): Promise<Answer<T>> {
  const records = await orNone(ask);

  return { records, ttl: records.length > 0 ? serviceTtl : noneTtl };
}

async function askSystem(name: string): Promise<Answer<string>> {
  const found = await orNone(() => lookup(name, { all: true }));

  return { records: found.map(({ address }) => address), ttl: found.length > 0 ? systemTtl : noneTtl };
}

async function orNone<T>(ask: () => Promise<T[]>): Promise<T[]> {
  try {
    return await ask();
  } catch (error) {
    if (none.has((error as NodeJS.ErrnoException).code)) return [];
    throw error;
  }
}
