import type { Redis } from 'ioredis';
import type { Keys } from '../../store/keys';
import { newNonceKey } from './digest';
import type { NonceKey } from './digest';

/**
 * The key that nonces of a site are signed with, made once and kept in Redis: nonces stay good through a restart and on
 * every node of the site.
 *
 * @throws SightlineError STORE_UNAVAILABLE.
 */
export async function siteNonceKey(redis: Redis, keys: Pick<Keys, 'nonceKey'>): Promise<NonceKey> {
  await redis.setnx(keys.nonceKey, newNonceKey().toString('hex'));

  return Buffer.from((await redis.get(keys.nonceKey)) ?? '', 'hex');
}
