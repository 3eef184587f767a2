import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SightlineError } from '../../../src/lib/errors';
import { silentLogger } from '../../../src/lib/logger';
import { openStore } from '../../../src/store/connection';
import type { Store } from '../../../src/store/connection';
import { startRedis } from '../../support/redis';
import type { TestRedis } from '../../support/redis';

const log = silentLogger;

function once(store: Store, event: 'up' | 'down'): Promise<void> {
  return new Promise((resolve) => store.once(event, resolve));
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;

    return 'no error';
  } catch (error) {
    return error instanceof SightlineError ? error.code : String(error);
  }
}

describe('a Redis of our own', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'sightline-store-'));
  });

  afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

  it('is told what one turn has to say by one write, or at once when somebody waits for it', async () => {
    const store = await openStore({ log, dataDir });
    try {
      const { redis } = store;
      const held = (): number => redis.stream.writableCorked;
      const answers = [redis.set('a', '1'), redis.set('b', '2')];
      expect(held()).toBe(1);
      redis.hurry();
      expect(held()).toBe(0);
      answers.push(redis.set('c', '3'));
      expect(held()).toBe(1);
      await Promise.all(answers);
      expect(held()).toBe(0);
      redis.hurry();
      expect(await redis.mget('a', 'b', 'c')).toEqual(['1', '2', '3']);
    } finally {
      await store.close();
    }
  });

  it('may be closed in the very moment in which its subscriptions come back', async () => {
    const store = await openStore({ log, dataDir });
    const { subscriber } = store;
    await subscriber.subscribe('news');
    const back = new Promise((resolve) => {
      // By now ioredis has asked for the channel again; a rejection that nobody hears would fail this test.
      subscriber.once('ready', () => {
        subscriber.disconnect();
        // Before the answer can come.
        subscriber.stream.destroy();
        resolve(undefined);
      });
    });
    subscriber.disconnect(true);
    await back;
    await new Promise((resolve) => subscriber.once('end', resolve));
    await store.close();
    await pause(10);
  });

  it('leaves no timer behind, by which its process would live on', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const store = await openStore({ log, dataDir });
    await store.close();
    // What is due at once may be there still; the timer that this is about would be there for two seconds.
    for (let tries = 0; timers() > before && tries < 50; tries++) await pause(10);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('starts, keeps what it is given over a restart, and is gone after close', async () => {
    const first = await openStore({ log, dataDir });
    await first.redis.set('k', 'kept');
    const setting = await first.redis.config('GET', 'maxmemory-policy');
    expect(setting).toEqual(['maxmemory-policy', 'noeviction']);
    await first.close();
    await first.close();
    expect(await codeOf(first.redis.get('k'))).toBe('STORE_UNAVAILABLE');

    const second = await openStore({ log, dataDir });
    expect(await second.redis.get('k')).toBe('kept');
    await second.close();
    expect(await codeOf(openStore({ log, url: second.url }))).toBe('STORE_UNAVAILABLE');
  });

  it('is joined by a second one on the same data, and lives as long as the first', async () => {
    const first = await openStore({ log, dataDir });
    const second = await openStore({ log, dataDir });
    await first.redis.set('k', '1');
    expect(await second.redis.get('k')).toBe('1');
    await second.close();
    expect(await first.redis.get('k')).toBe('1');
    await first.close();
    expect(await codeOf(openStore({ log, url: first.url }))).toBe('STORE_UNAVAILABLE');
  });

  it('is started once by two that come at the same time', async () => {
    const both = await Promise.all([openStore({ log, dataDir }), openStore({ log, dataDir })]);
    await both[0].redis.set('k', '1');
    expect(await both[1].redis.get('k')).toBe('1');
    await Promise.all(both.map((store) => store.close()));
  });

  it('is taken over from a process that was killed, and then ends with the new one', async () => {
    const first = await openStore({ log, dataDir });
    await first.redis.set('k', 'kept');
    // What a killed process leaves behind: a server that runs, and the number of a process that does not.
    writeFileSync(path.join(dataDir, 'owner.pid'), '999999999');
    const second = await openStore({ log, dataDir });
    expect(await second.redis.get('k')).toBe('kept');
    const down = once(first, 'down');
    await second.close();
    await down;
    await first.close();
  });

  it('is started again when it dies', async () => {
    const store = await openStore({ log, dataDir });
    await store.redis.set('k', 'kept');
    const pid = Number(/process_id:(\d+)/.exec(await store.redis.info('server'))?.[1]);
    const down = once(store, 'down');
    const up = once(store, 'up');
    process.kill(pid, 'SIGKILL');
    await down;
    expect(store.available).toBe(false);
    await up;
    expect(await store.redis.get('k')).toBe('kept');
    await store.close();
  });

  it('works when the path is too long for a Unix socket', async () => {
    const long = path.join(dataDir, 'x'.repeat(120));
    const store = await openStore({ log, dataDir: long });
    expect(await store.redis.ping()).toBe('PONG');
    await store.close();
  });
});

describe('a Redis elsewhere', () => {
  let server: TestRedis;

  beforeAll(async () => {
    server = await startRedis({ appendonly: true });
  });

  afterAll(() => server.close());

  it('says which URL cannot be reached, without its password, and what to do', async () => {
    const url = `redis://user:very-secret@127.0.0.1:1`;
    const error = await openStore({ log, url }).catch((thrown: unknown) => thrown as SightlineError);
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((error as SightlineError).message).toMatch(/redis:\/\/user:\*\*\*@127\.0\.0\.1:1 .*ECONNREFUSED.*REDIS_URL/);
    expect(JSON.stringify(error) + String(error)).not.toContain('very-secret');
  });

  it('fails at once while Redis is away, and comes back with its subscriptions', async () => {
    const store = await openStore({ log, url: server.url });
    const heard: string[] = [];
    store.subscriber.on('message', (_channel, message) => heard.push(message));
    await store.subscriber.subscribe('news');
    const down = once(store, 'down');
    await server.kill();
    await down;
    expect(await codeOf(store.redis.get('k'))).toBe('STORE_UNAVAILABLE');
    expect(await codeOf(store.whenAvailable(5))).toBe('STORE_UNAVAILABLE');
    const up = store.whenAvailable(10_000);
    await server.start();
    await up;
    const message = new Promise((resolve) => store.subscriber.once('message', resolve));
    await store.redis.publish('news', 'hello');
    await message;
    expect(heard).toEqual(['hello']);
    await store.close();
  });

  it('tells who runs a pipeline that Redis went away, and nobody else', async () => {
    const store = await openStore({ log, url: server.url });
    const unheard: unknown[] = [];
    const hear = (reason: unknown): number => unheard.push(reason);
    process.on('unhandledRejection', hear);
    server.freeze();
    const underWay = store.redis.pipeline().set('k', '1').get('k').exec();
    await server.kill();
    const results = (await underWay) ?? [];
    expect(results.map(([error]) => error instanceof Error)).toEqual([true, true]);
    const away = (await store.redis.pipeline().get('k').exec()) ?? [];
    expect(away.map(([error]) => error instanceof Error)).toEqual([true]);
    // Rejections that nobody hears are told after the microtasks of a turn.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', hear);
    expect(unheard).toEqual([]);
    await server.start();
    await store.close();
  });

  it('keeps nobody waiting when it is closed', async () => {
    const store = await openStore({ log, url: server.url });
    const down = once(store, 'down');
    await server.kill();
    await down;
    const waiting = codeOf(store.whenAvailable(60_000));
    await store.close();
    expect(await waiting).toBe('SHUTTING_DOWN');
    expect(await codeOf(store.whenAvailable(60_000))).toBe('SHUTTING_DOWN');
    await server.start();
  });

  it('goes and comes once when its connection for commands breaks, and takes the one for channels along', async () => {
    const store = await openStore({ log, url: server.url });
    const told: string[] = [];
    store.on('down', () => told.push('down'));
    store.on('up', () => told.push('up'));
    await store.subscriber.subscribe('news');
    const former = store.subscriber.stream;
    const up = once(store, 'up');
    store.redis.stream.destroy();
    await up;
    expect(store.subscriber.stream).not.toBe(former);
    // It is heard by then.
    expect(await store.redis.publish('news', 'hello')).toBe(1);
    await store.redis.ping();
    expect(told).toEqual(['down', 'up']);
    await store.close();
  });

  it('gives up a command that Redis does not answer', async () => {
    const store = await openStore({ log, url: server.url });
    server.freeze();
    expect(await codeOf(store.redis.get('k'))).toBe('STORE_UNAVAILABLE');
    server.thaw();
    await store.close();
  });

  it('leaves an answer of Redis as it is', async () => {
    const store = await openStore({ log, url: server.url });
    await store.redis.set('text', 'a');
    await expect(store.redis.incr('text')).rejects.toThrow(/not an integer/);
    await store.close();
  });
});
