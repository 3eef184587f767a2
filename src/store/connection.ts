import type { Redis } from 'ioredis';
import { Closer } from '../lib/closer';
import { TypedEmitter } from '../lib/emitter';
import { SightlineError } from '../lib/errors';
import { redactUrl } from '../lib/logger';
import type { Logger } from '../lib/logger';
import { inProject } from '../lib/paths';
import { commandClient, subscriberClient } from './client';
import type { StoreRedis } from './client';
import { startEmbedded } from './embedded';
import type { EmbeddedRedis } from './embedded';

export interface StoreOptions {
  /** `redis://`, `rediss://`, `redis-cluster://` or `unix:/path`; without it a redis-server of our own is started. */
  url?: string;
  /** Any key of the site, by which a cluster is asked for the master of them all. */
  key?: string;
  log: Logger;
  /** Where the redis-server of our own keeps its data; by default `.sightline/redis` in the project. */
  dataDir?: string;
}

export type StoreEvents = {
  /** Redis is there again after a break; subscriptions are back too. */
  up: [];
  /** Redis is gone; commands fail with STORE_UNAVAILABLE until `up`. */
  down: [];
};

/** The connection to Redis that the whole application shares. */
export class Store extends TypedEmitter<StoreEvents> {
  private readonly closer: Closer;
  private up = true;
  private closed = false;
  /** Those who wait for Redis: ended without an error when it is back. */
  private readonly waiting = new Set<(error?: SightlineError) => void>();

  constructor(
    readonly redis: StoreRedis,
    readonly subscriber: Redis,
    readonly url: string,
    private readonly log: Logger,
    embedded?: EmbeddedRedis,
  ) {
    super((error, event) => log.error({ err: error, event }, 'a listener of the store threw'));
    this.closer = new Closer((name, error) => log.warn({ err: error, name }, 'closing failed'));
    if (embedded) this.closer.add('redis-server', () => embedded.close());
    this.closer.add('subscriber', () => subscriber.disconnect());
    this.closer.add('redis', () => redis.disconnect());
    for (const client of [redis, subscriber]) {
      client.on('ready', () => this.onReady());
      client.on('close', () => this.onLost(client));
      client.on('error', (error: unknown) => log.debug({ err: error }, 'redis connection'));
    }
  }

  /** False between `down` and `up`. */
  get available(): boolean {
    return this.up && !this.closed;
  }

  /**
   * Waits until Redis can be used.
   * @throws SightlineError STORE_UNAVAILABLE when it is not back after `patience` ms, SHUTTING_DOWN when this is closed.
   */
  whenAvailable(patience: number): Promise<void> {
    if (this.closed) return Promise.reject(new SightlineError('SHUTTING_DOWN'));
    if (this.up) return Promise.resolve();

    return new Promise((resolve, reject) => {
      const end = (error?: SightlineError): void => {
        clearTimeout(timer);
        this.waiting.delete(end);
        if (error) reject(error);
        else resolve();
      };
      const timer = setTimeout(() => {
        end(new SightlineError('STORE_UNAVAILABLE', undefined, { retryAfter: 1 }));
      }, patience);
      this.waiting.add(end);
    });
  }

  /** Opens the connection for channels anew: it leads to wherever the Redis of this store is now. */
  listenAnew(): void {
    if (!this.closed && this.subscriber.status === 'ready') this.subscriber.stream.destroy();
  }

  close(): Promise<void> {
    this.closed = true;
    for (const end of this.waiting) end(new SightlineError('SHUTTING_DOWN'));

    return this.closer.close();
  }

  private get isReady(): boolean {
    return this.redis.status === 'ready' && this.subscriber.status === 'ready';
  }

  private onReady(): void {
    if (this.up || !this.isReady) return;
    // Its channels were asked for again before that, so they are back with the answer. Where none comes, `ready` comes once more.
    this.subscriber.ping().then(
      () => this.onBack(),
      () => undefined,
    );
  }

  private onBack(): void {
    if (this.up || this.closed || !this.isReady) return;
    this.up = true;
    this.log.info({ url: redactUrl(this.url) }, 'the store is back');
    this.emit('up');
    for (const end of this.waiting) end();
  }

  private onLost(client: Redis): void {
    if (!this.up || this.closed) return;
    this.up = false;
    // Only who gives commands is told that the master is another now; both have to be at the same.
    if (client === this.redis) this.listenAnew();
    this.log.warn({ url: redactUrl(this.url) }, 'the store is lost');
    this.emit('down');
  }
}

/**
 * Connects to Redis, or starts a redis-server of our own when no URL is given.
 * @throws SightlineError STORE_UNAVAILABLE with the URL (its password left out) and what to do.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { log } = options;
  const embedded = options.url
    ? undefined
    : await startEmbedded(options.dataDir ?? inProject('.sightline', 'redis'), log);
  const url = options.url ?? embedded?.url ?? '';
  const { key = '' } = options;
  const clients = [commandClient(url, key), subscriberClient(url, key)] as const;
  try {
    await Promise.all(clients.map(connectOnce));
  } catch (error) {
    for (const client of clients) client.disconnect();
    await embedded?.close();
    throw unreachable(url, error);
  }

  return new Store(clients[0], clients[1], url, log, embedded);
}

/** The first connection is tried once: at the start it is better to say what is wrong than to keep trying. */
async function connectOnce(client: Redis): Promise<void> {
  let reason: unknown;
  const note = (error: unknown): void => {
    reason = error;
  };
  client.on('error', note);
  try {
    await client.connect();
  } catch (error) {
    throw reason ?? error;
  } finally {
    // Stays without a listener for a moment only: the Store adds its own in the same turn.
    client.off('error', note);
  }
}

function unreachable(url: string, cause: unknown): SightlineError {
  const why = cause instanceof Error ? cause.message : String(cause);

  return new SightlineError(
    'STORE_UNAVAILABLE',
    `Redis at ${redactUrl(url)} cannot be reached (${why}): start it, correct REDIS_URL, ` +
      'or unset REDIS_URL to let Sightline run a redis-server of its own',
    { cause },
  );
}
