import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { lastingPort } from '../support/ports';
import { dialScreen, World } from './world';

jest.setTimeout(30_000);

test('a Redis of its own outlives a crash, serves the next start with all it had, and ends with that', async () => {
  const data = await mkdtemp(path.join(os.tmpdir(), 'sightline-own-'));
  const socket = path.join(data, 'redis', 'redis.sock');
  // The same port at each start, so that the phones of before learn that their calls are gone.
  const port = String(await lastingPort());
  const env = { SIGHTLINE_DATA: data, REDIS_URL: undefined, SIGHTLINE_NODE: 'own', SIGHTLINE_SIP_PORT: port };
  const before = await World.open({ env });
  const first = await dialScreen(await before.terminal('1001', { screen: true }), '6100');
  await first.screen.waitFor('queue');
  await before.server.child.stop('SIGKILL');
  expect(await pings(socket)).toBe(true);

  const after = await World.open({ env });
  const second = await dialScreen(await after.terminal('1002', { screen: true }), '6100');
  await second.screen.waitFor('queue', ({ position }) => position === 2);
  const again = await dialScreen(await after.terminal('1001', { screen: true }), '6100');
  expect(await again.screen.waitFor('queue')).toMatchObject({ position: 1 });
  await before.close();
  await after.close();
  expect(after.server.child.exit).toEqual({ code: 0, signal: null });
  expect(await pings(socket)).toBe(false);
  await rm(data, { recursive: true });
});

async function pings(socket: string): Promise<boolean> {
  const client = new Redis(socket, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    await client.connect();

    return (await client.ping()) === 'PONG';
  } catch {
    return false;
  } finally {
    client.disconnect();
  }
}
