import { Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import { parseClusterUrl } from '../lib/cluster-url';
import { SightlineError } from '../lib/errors';
import { ClusterMaster, isClusterRefusal } from './cluster';

/** How long a command may take before its caller is told that the store is not there, in ms. */
export const COMMAND_TIMEOUT = 1_500;

const common: RedisOptions = {
  connectTimeout: 2_000,
  // A connection that has just been lost is not waited for when closing.
  disconnectTimeout: 100,
  keepAlive: 5_000,
  // Quick at first, since most breaks are short; never slower than half a second, since calls wait for it.
  retryStrategy: (times) => Math.min(20 * times, 500),
  reconnectOnError: (error) => /^(READONLY|MASTERDOWN)/.test(error.message),
};

/**
 * The client for commands. It fails at once when Redis is away instead of keeping commands for later: a command that
 * its caller has given up must never be run behind his back.
 *
 * @param key any key of the site: in a cluster its master is the one to talk to.
 */
export function commandClient(url: string, key: string): StoreRedis {
  return new StoreRedis(url, key, {
    ...common,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: COMMAND_TIMEOUT,
    connectionName: 'sightline',
  });
}

/** The client for channels. Subscriptions may wait for Redis, and come back by themselves after a break. */
export function subscriberClient(url: string, key: string): Redis {
  return new StoreRedis(url, key, { ...common, maxRetriesPerRequest: null, connectionName: 'sightline-events' });
}

/** Speaks like any ioredis client, but a Redis that cannot be reached is a SightlineError. */
export class StoreRedis extends Redis {
  /** Lets go what is held back of this turn's writes. */
  private release: (() => void) | undefined;

  constructor(url: string, key: string, options: RedisOptions) {
    const cluster = parseClusterUrl(url);
    if (cluster) super({ ...options, ...new ClusterMaster(cluster, key).options(), lazyConnect: true });
    else if (url.startsWith('unix:')) super(url.replace(/^unix:(\/\/)?/, ''), { ...options, lazyConnect: true });
    else super(url, { ...options, lazyConnect: true });
  }

  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    this.gather();
    const answer = super.sendCommand(...args) as Promise<unknown>;
    // A pipeline listens to its commands itself and throws away what is returned here: a promise made from it would
    // reject with nobody listening, and end the process.
    if (isPipeline(args[1])) return answer;

    const told = answer.catch((error: unknown) => {
      // A Redis that does not answer is treated as one that is gone: whoever comes next learns it at once.
      if (error instanceof Error && error.message === 'Command timed out') this.stream.destroy();
      throw asStoreError(error);
    });
    // After a break ioredis subscribes again by itself and listens to no answer: closed in that moment, the process would end.
    if (/subscribe$/i.test(args[0].name)) told.catch(() => undefined);

    return told;
  }

  /**
   * What was said so far in this turn goes out now. For what a person waits for: the rest of the turn, often a millisecond of work,
   * is then done while Redis works.
   */
  hurry(): void {
    this.release?.();
  }

  /** What all calls have to say in one turn of the event loop goes out by one system call, and is answered by one. */
  private gather(): void {
    if (this.release || this.status !== 'ready') return;
    const { stream } = this;
    stream.cork();
    const release = (): void => {
      if (this.release !== release) return;
      this.release = undefined;
      stream.uncork();
    };
    this.release = release;
    setImmediate(release);
  }
}

function isPipeline(stream: Parameters<Redis['sendCommand']>[1]): boolean {
  return (stream as { isPipeline?: boolean } | undefined)?.isPipeline === true;
}

/** An answer of Redis (WRONGTYPE, NOSCRIPT, ...) stays what it is; everything else means that Redis was not there. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof SightlineError) return error;
  if (error instanceof Error && error.name === 'ReplyError') {
    const isAway = /^(LOADING|READONLY|MASTERDOWN)/.test(error.message) || isClusterRefusal(error.message);
    if (!isAway) return error;
  }

  return new SightlineError('STORE_UNAVAILABLE', undefined, { retryAfter: 1, cause: error });
}
