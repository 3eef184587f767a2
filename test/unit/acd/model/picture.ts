import type { Redis } from 'ioredis';
import { readRecord, recordFields } from '../../../../src/acd/rows';
import type { Keys } from '../../../../src/store/keys';

export type Hash = Record<string, string>;

/** An offer as the store writes it into its ticket; see `offersOf` in src/acd/lua/includes/ticket.lua. */
export interface StoredOffer {
  offerId: string;
  seatId: string;
  expiresAt: string;
}

/** All that the store holds of a site, at one moment. */
export interface Picture {
  tickets: Map<string, Hash>;
  seats: Map<string, Hash>;
  queues: Map<string, Hash>;
  sets: Map<string, string[]>;
  /** Members of sorted sets with their scores. */
  scores: Map<string, Map<string, number>>;
  hashes: Map<string, Hash>;
  /** How much has happened to each ticket. */
  events: Map<string, number>;
  revision: number;
}

const dump = `
  local all = {}
  for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
    local kind = redis.call('TYPE', key).ok
    local value
    if kind == 'hash' then value = redis.call('HGETALL', key)
    elseif kind == 'zset' then value = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
    elseif kind == 'set' then value = redis.call('SMEMBERS', key)
    elseif kind == 'list' then value = { tostring(redis.call('LLEN', key)) }
    else value = { redis.call('GET', key) } end
    all[#all + 1] = { string.sub(key, #ARGV[1] + 1), kind, value }
  end
  return all`;

export async function takePicture(redis: Redis, keys: Keys): Promise<Picture> {
  const all = (await redis.eval(dump, 0, keys.root)) as [string, string, string[]][];
  const picture: Picture = {
    ...{ tickets: new Map(), seats: new Map(), queues: new Map(), sets: new Map() },
    ...{ scores: new Map(), hashes: new Map(), events: new Map(), revision: 0 },
  };
  for (const [key, type, value] of all) {
    const colon = key.indexOf(':');
    const [kind, id] = colon < 0 ? ['', key] : [key.slice(0, colon), key.slice(colon + 1)];
    if (kind === 'ticket' || kind === 'seat') {
      const fields = readRecord(value[0] ?? '');
      const record = Object.fromEntries(recordFields[kind].map((name, index) => [name, fields[index] ?? '']));
      picture[kind === 'ticket' ? 'tickets' : 'seats'].set(id, record);
    } else if (kind === 'queue') picture.queues.set(id, toHash(value));
    else if (kind === 'history') picture.events.set(id, Number(value[0]));
    else if (key === 'revision') picture.revision = Number(value[0]);
    else if (type === 'hash') picture.hashes.set(key, toHash(value));
    else if (type === 'zset')
      picture.scores.set(key, new Map(Object.entries(toHash(value)).map(([member, score]) => [member, Number(score)])));
    else picture.sets.set(key, value);
  }

  return picture;
}

/** Takes away all that a site has left behind. */
export async function wipe(redis: Redis, keys: Keys): Promise<void> {
  const left = `local all = redis.call('KEYS', ARGV[1] .. '*') if #all > 0 then redis.call('UNLINK', unpack(all)) end`;
  await redis.eval(left, 0, keys.root);
}

function toHash(flat: readonly string[]): Hash {
  const hash: Hash = {};
  for (let index = 0; index < flat.length; index += 2) hash[flat[index] ?? ''] = flat[index + 1] ?? '';

  return hash;
}

export function offersOf(ticket: Hash): StoredOffer[] {
  if (!ticket.offers) return [];

  return ticket.offers.split(';').map((text) => {
    const [offerId = '', , seatId = '', expiresAt = ''] = text.split(',');

    return { offerId, seatId, expiresAt };
  });
}

export function assert(truth: boolean, what: string, ...details: unknown[]): void {
  if (!truth) throw new Error(`${what}: ${details.map((detail) => JSON.stringify(detail)).join(' ')}`);
}

export function same(what: string, actual: Iterable<string>, expected: Iterable<string>): void {
  const [is, should] = [[...actual].sort(), [...expected].sort()];
  assert(is.join(' ') === should.join(' '), what, { is, should });
}
