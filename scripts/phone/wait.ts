import { TypedEmitter, type EventMap } from '../../src/lib/emitter';

/** A wait that came to nothing. */
export class WaitError extends Error {
  constructor(what: string, ms: number, seen?: string) {
    super(`waited ${ms} ms for ${what} in vain${seen === undefined ? '' : `; ${seen}`}`);
    this.name = 'WaitError';
  }
}

export interface WaitOptions<A extends unknown[]> {
  /** ms; default 10,000. */
  timeout?: number;
  where?: (...args: A) => boolean;
  /** Said in the error when nothing came. */
  seen?: () => string;
}

/** Rejects when `promise` takes longer than `ms`. */
export async function within<T>(promise: Promise<T>, ms: number, what: string, seen?: () => string): Promise<T> {
  let limit: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    limit = setTimeout(() => reject(new WaitError(what, ms, seen?.())), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(limit);
  }
}

/** An emitter whose events can be waited for. */
export class WaitableEmitter<E extends EventMap> extends TypedEmitter<E> {
  /** The arguments of the next event of this name. @throws WaitError after the time limit. */
  next<K extends keyof E & string>(event: K, options: WaitOptions<E[K]> = {}): Promise<E[K]> {
    const ms = options.timeout ?? 10_000;

    return new Promise((resolve, reject) => {
      const off = this.on(event, (...args: E[K]) => {
        if (options.where && !options.where(...args)) return;
        clearTimeout(limit);
        off();
        resolve(args);
      });
      const limit = setTimeout(() => {
        off();
        reject(new WaitError(`'${event}'`, ms, options.seen?.()));
      }, ms);
    });
  }
}
