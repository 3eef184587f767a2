import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { lastingPort } from './ports';

const SLOTS = 16_384;
const HOST = '127.0.0.1';

interface Server {
  port: number;
  bus: number;
  child: ChildProcess;
  client: Redis;
}

/** A Redis Cluster of masters without replicas, on ports of its own. Closed in one go. */
export class TestCluster {
  private readonly dir = mkdtempSync(path.join(os.tmpdir(), 'sightline-cluster-'));
  private readonly servers: Server[] = [];

  static async start(masters: number): Promise<TestCluster> {
    const cluster = new TestCluster();
    for (let index = 0; index < masters; index++) await cluster.add();
    const width = Math.ceil(SLOTS / masters);
    for (const [index, { client }] of cluster.servers.entries()) {
      await client.call('CLUSTER', 'ADDSLOTSRANGE', index * width, Math.min(SLOTS, (index + 1) * width) - 1);
    }
    await cluster.meet();

    return cluster;
  }

  get ports(): number[] {
    return this.servers.map(({ port }) => port);
  }

  /** As `REDIS_URL` names it. */
  get url(): string {
    return `redis-cluster://${this.ports.map((port) => `${HOST}:${port}`).join(',')}`;
  }

  /** The port of the master that holds a key. */
  async ownerOf(key: string): Promise<number> {
    return (await this.owner(key)).port;
  }

  /** Moves the slot of a key, with all that is in it, to another master, which is returned by its port. */
  async moveSlot(key: string): Promise<number> {
    const from = await this.owner(key);
    const to = this.servers.find((server) => server !== from)!;
    const slot = await this.slotOf(key);
    const [fromId, toId] = [await idOf(from), await idOf(to)];
    await to.client.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await from.client.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    const keys = (await from.client.call('CLUSTER', 'GETKEYSINSLOT', slot, 10_000)) as string[];
    if (keys.length > 0) await from.client.call('MIGRATE', HOST, to.port, '', 0, 5_000, 'KEYS', ...keys);
    for (const { client } of [to, from]) await client.call('CLUSTER', 'SETSLOT', slot, 'NODE', toId);

    return to.port;
  }

  /** Kills the master of a key, whose place a replica takes that has been started for it. */
  async failOver(key: string): Promise<void> {
    const master = await this.owner(key);
    const replica = await this.add();
    await this.meet();
    await replica.client.call('CLUSTER', 'REPLICATE', await idOf(master));
    await untilTold(replica.client, ['INFO', 'replication'], ['role:slave', 'master_link_status:up']);
    await master.client.call('WAIT', 1, 5_000);
    await this.end(master);
    await replica.client.call('CLUSTER', 'FAILOVER', 'TAKEOVER');
    await untilTold(replica.client, ['CLUSTER', 'INFO'], ['cluster_state:ok']);
  }

  async close(): Promise<void> {
    for (const server of [...this.servers]) await this.end(server);
    rmSync(this.dir, { recursive: true, force: true });
  }

  private async add(): Promise<Server> {
    const [port, bus] = [await lastingPort(), await lastingPort()];
    const place = ['--port', port, '--cluster-port', bus, '--bind', HOST, '--dir', this.dir, '--save', ''];
    const cluster = ['--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`];
    const quick = ['--repl-diskless-sync-delay', 0];
    const child = spawn('redis-server', [...place, ...cluster, ...quick].map(String), { stdio: 'ignore' });
    await once(child, 'spawn');
    const client = new Redis(port, HOST, { retryStrategy: () => 10, enableReadyCheck: false });
    client.on('error', () => undefined);
    const server = { port, bus, child, client };
    this.servers.push(server);

    return server;
  }

  /** Makes all know each other, and waits until they together hold everything. */
  private async meet(): Promise<void> {
    for (const { client } of this.servers) {
      for (const { port, bus } of this.servers) await client.call('CLUSTER', 'MEET', HOST, port, bus);
    }
    const whole = ['cluster_state:ok', `cluster_known_nodes:${this.servers.length}`];
    await Promise.all(this.servers.map(({ client }) => untilTold(client, ['CLUSTER', 'INFO'], whole)));
  }

  private async slotOf(key: string): Promise<number> {
    return Number(await this.servers[0]!.client.call('CLUSTER', 'KEYSLOT', key));
  }

  private async owner(key: string): Promise<Server> {
    for (const server of this.servers) {
      const isThere = await server.client.exists(key).then(
        () => true,
        () => false,
      );
      if (isThere) return server;
    }
    throw new Error(`no master holds ${key}`);
  }

  private async end(server: Server): Promise<void> {
    this.servers.splice(this.servers.indexOf(server), 1);
    server.client.disconnect();
    const gone = once(server.child, 'exit');
    server.child.kill('SIGKILL');
    await gone;
  }
}

export function startCluster(masters = 3): Promise<TestCluster> {
  return TestCluster.start(masters);
}

async function idOf({ client }: Server): Promise<string> {
  return (await client.call('CLUSTER', 'MYID')) as string;
}

/** Asks again until the answer has all of these. */
async function untilTold(client: Redis, [command = '', ...args]: string[], wanted: readonly string[]): Promise<void> {
  for (const end = Date.now() + 15_000; ;) {
    const told = (await client.call(command, ...args)) as string;
    if (wanted.every((text) => told.includes(text))) return;
    if (Date.now() > end) throw new Error(`the cluster does not come to ${wanted.join(' ')}: ${told}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
