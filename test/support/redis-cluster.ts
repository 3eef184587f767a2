import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './redis';

const SLOTS = 16_384;
const HOST = '127.0.0.1';

/** A Redis Cluster of masters without replicas, on ports of its own. */
export interface TestCluster {
  ports: number[];
  /** The port of the master that holds a key. */
  ownerOf(key: string): Promise<number>;
  close(): Promise<void>;
}

export async function startCluster(masters = 3): Promise<TestCluster> {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'sightline-cluster-'));
  const servers: { port: number; bus: number; child: ChildProcess; client: Redis }[] = [];
  for (let index = 0; index < masters; index++) {
    const [port, bus] = [await freePort(), await freePort()];
    const place = ['--port', port, '--cluster-port', bus, '--bind', HOST, '--dir', dir, '--save', ''];
    const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${index}.conf`];
    const child = spawn('redis-server', [...place, ...cluster].map(String), { stdio: 'ignore' });
    await once(child, 'spawn');
    const client = new Redis(port, HOST, { retryStrategy: () => 10, enableReadyCheck: false });
    client.on('error', () => undefined);
    servers.push({ port, bus, child, client });
  }
  const width = Math.ceil(SLOTS / masters);
  for (const [index, { client }] of servers.entries()) {
    await client.call('CLUSTER', 'ADDSLOTSRANGE', index * width, Math.min(SLOTS, (index + 1) * width) - 1);
    for (const { port, bus } of servers) await client.call('CLUSTER', 'MEET', HOST, port, bus);
  }
  await Promise.all(servers.map(({ client }) => untilWhole(client, masters)));

  return {
    ports: servers.map(({ port }) => port),
    ownerOf: async (key) => {
      const slot = Number(await servers[0]!.client.call('CLUSTER', 'KEYSLOT', key));

      return servers[Math.floor(slot / width)]!.port;
    },
    close: async () => {
      for (const { child, client } of servers) {
        client.disconnect();
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Until a master knows all others, and that together they hold everything. */
async function untilWhole(client: Redis, masters: number): Promise<void> {
  for (const end = Date.now() + 15_000; ;) {
    const info = (await client.call('CLUSTER', 'INFO')) as string;
    if (info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${masters}`)) return;
    if (Date.now() > end) throw new Error(`the cluster does not come together: ${info}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
