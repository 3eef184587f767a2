import { SightlineError } from '../../../src/lib/errors';
import { silentLogger } from '../../../src/lib/logger';
import { openStore } from '../../../src/store/connection';
import type { Store } from '../../../src/store/connection';
import { makeKeys, type Keys } from '../../../src/store/keys';
import { startCluster, type TestCluster } from '../../support/redis-cluster';
import { lastingPort } from '../../support/ports';
import { randomSite } from '../../support/redis';

/** The store on a Redis Cluster: one connection to the master of the site, wherever that is. */

const log = silentLogger;
let cluster: TestCluster;
let keys: Keys;
let store: Store | undefined;

beforeAll(async () => {
  cluster = await startCluster();
}, 30_000);

afterAll(() => cluster.close());

beforeEach(() => {
  keys = makeKeys(randomSite());
});

afterEach(() => store?.close());

async function open(url = cluster.url): Promise<Store> {
  store = await openStore({ url, key: keys.root, log });

  return store;
}

function once(from: Store, event: 'up' | 'down'): Promise<void> {
  return new Promise((resolve) => from.once(event, resolve));
}

async function portOf({ redis }: Store): Promise<number> {
  const [, port] = (await redis.config('GET', 'port')) as string[];

  return Number(port);
}

/** What is published under the site's name, from now on. */
async function heardOn({ subscriber }: Store): Promise<string[]> {
  const heard: string[] = [];
  subscriber.on('message', (_channel: string, text: string) => heard.push(text));
  await subscriber.subscribe(keys.changesChannel);

  return heard;
}

it('talks to the master of the site, whichever node is asked first, and whichever is dead', async () => {
  const holders = new Set<number>();
  for (let sites = 0; holders.size < cluster.ports.length; sites++) {
    keys = makeKeys(randomSite());
    const dead = `redis-cluster://127.0.0.1:${await lastingPort()}`;
    const opened = await open(`${dead},127.0.0.1:${cluster.ports[sites % cluster.ports.length]}`);
    await opened.redis.set(keys.emergency, 'text');
    expect(await opened.redis.pipeline().get(keys.emergency).exists(keys.nodes).exec()).toEqual([
      [null, 'text'],
      [null, 0],
    ]);
    expect(await portOf(opened)).toBe(await cluster.ownerOf(keys.root));
    holders.add(await portOf(opened));
    await opened.close();
  }
});

it('follows a slot that moves to another master: it is down, then up, with everything that was there', async () => {
  const moved = await open();
  const heard = await heardOn(moved);
  await moved.redis.set(keys.emergency, 'text');
  const to = await cluster.moveSlot(keys.root);
  const [down, up] = [once(moved, 'down'), once(moved, 'up')];
  await expect(moved.redis.get(keys.emergency)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await Promise.all([down, up]);
  expect(await portOf(moved)).toBe(to);
  expect(await moved.redis.get(keys.emergency)).toBe('text');
  await moved.redis.publish(keys.changesChannel, 'news');
  await moved.subscriber.ping();
  while (heard.length === 0) await new Promise((resolve) => moved.subscriber.once('message', resolve));
  expect(heard).toEqual(['news']);
});

it('follows a failover: the replica that takes the place of a dead master is the one to talk to', async () => {
  const opened = await open();
  const heard = await heardOn(opened);
  await opened.redis.set(keys.emergency, 'text');
  const up = once(opened, 'up');
  await cluster.failOver(keys.root);
  await up;
  expect(await portOf(opened)).toBe(await cluster.ownerOf(keys.root));
  expect(await opened.redis.get(keys.emergency)).toBe('text');
  const coming = new Promise((resolve) => opened.subscriber.once('message', resolve));
  await opened.redis.publish(keys.changesChannel, 'news');
  await coming;
  expect(heard).toEqual(['news']);
}, 30_000);

it('says at the start what is wrong when no node answers, without the password', async () => {
  const url = `redis-cluster://user:secret@127.0.0.1:${await lastingPort()},127.0.0.1:${await lastingPort()}`;
  const error = await openStore({ url, key: keys.root, log }).catch((thrown: unknown) => thrown as SightlineError);
  expect(error).toBeInstanceOf(SightlineError);
  expect((error as SightlineError).code).toBe('STORE_UNAVAILABLE');
  expect((error as SightlineError).message).toMatch(
    /redis-cluster:\/\/user:\*\*\*@127.* cannot be reached .*ECONNREFUSED/,
  );
});

it('closes while it looks for the master', async () => {
  const opened = await open();
  const down = once(opened, 'down');
  opened.redis.stream.destroy();
  await down;
  await opened.close();
  await opened.close();
  await expect(opened.redis.get(keys.emergency)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});
