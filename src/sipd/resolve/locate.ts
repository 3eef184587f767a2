import type { NaptrRecord, SrvRecord } from 'node:dns';
import { isIP } from 'node:net';
import type { Target, TransportName } from '../transport/types';
import { TransportError } from '../transport/types';
import type { Questions } from './dns';
import { orderByWeight } from './order';

/** The transports that DNS can name, as a server is dialled: a WebSocket never is. */
type Dialled = 'udp' | 'tcp' | 'tls';

/** What RFC 3263 section 4.1 calls them in NAPTR, and what stands before the domain in SRV. */
const services: Readonly<Record<Dialled, { naptr: string; prefix: string }>> = {
  udp: { naptr: 'sip+d2u', prefix: '_sip._udp.' },
  tcp: { naptr: 'sip+d2t', prefix: '_sip._tcp.' },
  tls: { naptr: 'sips+d2t', prefix: '_sips._tcp.' },
};
/** Ours when DNS has none. */
const preference: readonly Dialled[] = ['udp', 'tcp', 'tls'];
/** A domain with more places than these is not asked through. */
const maxPlaces = 16;

export interface LocateContext {
  questions: Questions;
  /** The transports that we have a socket for. */
  serves(transport: TransportName): boolean;
  /** From 0 up to, but not including, 1. */
  random(): number;
}

/** A place to look up: the host of an SRV record, or the name itself. */
interface Place {
  transport: TransportName;
  host: string;
  port: number;
}

/**
 * Where a request goes (RFC 3263 section 4): the addresses of a target, those to be tried first at the front. A target with
 * an address stands for itself.
 * @throws TransportError ENOTFOUND when there is none, NO_SERVICE when the domain says that it offers none
 */
export async function locate(target: Target, context: LocateContext): Promise<Target[]> {
  const { secure } = target;
  if (isIP(target.address) !== 0) return [target];
  const domain = target.domain ?? target.address;
  const places = (await placesOf(target, context)).slice(0, maxPlaces);
  const found = await Promise.allSettled(places.map((place) => addressesOf(place, context)));
  const targets = found
    .flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
    .map(({ transport, host, port }): Target => {
      const isProven = transport === 'tls' || transport === 'wss';

      return { transport, address: host, port, ...(isProven && { domain }), ...(secure && { secure }) };
    });
  if (targets.length === 0) {
    const cause: unknown = found.find((one) => one.status === 'rejected')?.reason;
    throw new TransportError('ENOTFOUND', `The name ${target.address} has no address`, { cause });
  }

  return targets.slice(0, maxPlaces);
}

async function placesOf(target: Target, context: LocateContext): Promise<Place[]> {
  const { transport, address: host, port, open } = target;
  const itself = { transport, host, port };
  // Names without a dot are those of a machine in the neighbourhood; no zone has services for them.
  if (!open?.port || !host.includes('.')) return [itself];
  const wanted = open.transport ? await transportsOf(target, context) : [known(transport, host)];
  const answers = await Promise.all(
    wanted.map(async (one) => ({
      ...one,
      records: one.name === '' ? [] : await quietly(context.questions.srv(one.name)),
    })),
  );
  const records = answers.flatMap((one) =>
    orderByWeight(one.records, context.random).map((record) => ({ ...one, record })),
  );
  if (records.length === 0) return [open.transport ? fallback(itself, target, context) : itself];
  // RFC 2782: a single dot says that the service is decidedly not there.
  const offered = records.filter(({ record }) => record.name !== '' && record.name !== '.');
  if (offered.length === 0) throw new TransportError('NO_SERVICE', `The domain ${host} offers no such service`);

  return offered.map((one) => ({ transport: one.transport, host: one.record.name, port: one.record.port }));
}

interface Service {
  transport: TransportName;
  /** The name of its SRV records; empty where there are none. */
  name: string;
}

function known(transport: TransportName, host: string): Service {
  const service = services[transport as Dialled] as (typeof services)[Dialled] | undefined;

  return { transport, name: service === undefined ? '' : service.prefix + host };
}

/** The services that NAPTR records name and we have a socket for, else all of ours (RFC 3263 section 4.1). */
async function transportsOf(target: Target, context: LocateContext): Promise<Service[]> {
  const usable = preference.filter((one) => (target.secure ? one === 'tls' : true) && context.serves(one));
  const named = (await quietly(context.questions.naptr(target.address))).flatMap((record) => {
    const transport = usable.find((one) => services[one].naptr === record.service.toLowerCase());
    const isService = transport !== undefined && record.flags.toLowerCase() === 's' && record.replacement !== '';

    return isService ? [{ ...record, transport }] : [];
  });
  const order = Math.min(...named.map((one) => one.order));
  const first = named.filter((one) => one.order === order).sort(byPreference);
  if (first.length > 0) return first.map(({ transport, replacement }) => ({ transport, name: replacement }));

  return usable.map((one) => known(one, target.address));
}

function byPreference(a: NaptrRecord, b: NaptrRecord): number {
  return a.preference - b.preference;
}

/** The name itself by its default transport, or by the first of ours where we have no socket for that. */
function fallback(itself: Place, target: Target, context: LocateContext): Place {
  if (target.secure || context.serves(itself.transport)) return itself;
  const transport = preference.find((one) => context.serves(one)) ?? itself.transport;

  return { transport, host: itself.host, port: transport === 'tls' ? 5061 : 5060 };
}

async function addressesOf(place: Place, { questions }: LocateContext): Promise<Place[]> {
  if (isIP(place.host) !== 0) return [place];

  return (await questions.addresses(place.host)).map((host) => ({ ...place, host }));
}

/** A name server that fails at NAPTR or SRV, as some do that never heard of them, may still know addresses. */
async function quietly<T extends NaptrRecord | SrvRecord>(question: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await question;
  } catch {
    return [];
  }
}
