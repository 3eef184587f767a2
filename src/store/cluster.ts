import net from 'node:net';
import tls from 'node:tls';
import { AbstractConnector, Redis } from 'ioredis';
import type { RedisOptions } from 'ioredis';
import type { ClusterNode, ClusterUrl } from '../lib/cluster-url';

/** How long one node may take to say who has the slot, in ms: then the next is asked. */
const QUESTION_TIMEOUT = 1_000;
/** How often one node may send us on to another. */
const MOST_HOPS = 5;

/** What a node of a cluster says of a slot that it does not serve, or of which it cannot serve a key just now; nothing was done then. */
const refusal = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN) /;
/** While a slot is moved key by key, a script may find out on its way that it does not reach what it needs: some of it is done. */
const brokenOff = /^ERR Script attempted to access a non local key/;
/** After these the connection is made anew: its node is not the one to talk to, or what was believed has to be compared with the store. */
const parting = /^(MOVED|CLUSTERDOWN|READONLY|MASTERDOWN) /;

/** Whether an answer of Redis means that the cluster cannot serve the key just now. */
export function isClusterRefusal(message: string): boolean {
  return refusal.test(message) || brokenOff.test(message);
}

/**
 * Connects to a Redis Cluster as to one Redis. All keys of a site are in one slot, so there is one node to talk to, its master: it is
 * looked for whenever a connection is made, and a connection whose node says that it has the slot no longer is made anew. So a
 * failover, or a move of the slot, is to everybody above a Redis that was away for a moment.
 */
export class ClusterMaster {
  /** The node that was the master last, or is said to be it. */
  private likely: ClusterNode | undefined;

  constructor(
    private readonly url: ClusterUrl,
    /** Any key of the site. */
    private readonly key: string,
  ) {}

  /** What an ioredis client needs for it. */
  options(): RedisOptions {
    const connect = (): Promise<net.Socket> => this.connect();

    return {
      ...this.access(),
      Connector: class extends MasterConnector {
        constructor(options: unknown) {
          super((options as RedisOptions).disconnectTimeout ?? 0, connect);
        }
      },
      reconnectOnError: (error) => {
        this.likely = movedTo(error, this.likely) ?? this.likely;

        return parting.test(error.message) || brokenOff.test(error.message);
      },
    };
  }

  /** @throws Error with what the last node said when none knows a master. */
  async find(): Promise<ClusterNode> {
    let reason: unknown;
    for (const node of [...(this.likely ? [this.likely] : []), ...this.url.nodes]) {
      try {
        this.likely = await this.follow(node);

        return this.likely;
      } catch (error) {
        reason = error;
      }
    }
    this.likely = undefined;
    throw reason ?? new Error('no node of the cluster is named');
  }

  /** Asks a node, then the one that it names, until one serves the key itself. */
  private async follow(first: ClusterNode): Promise<ClusterNode> {
    let node = first;
    for (let hops = 0; hops < MOST_HOPS; hops++) {
      const next = await this.ask(node);
      if (!next) return node;
      node = next;
    }
    throw new Error('the nodes of the cluster send us from one to the other');
  }

  /** Where a node says that the key is; undefined when it is there itself. */
  private async ask(node: ClusterNode): Promise<ClusterNode | undefined> {
    const client = new Redis({
      ...node,
      ...this.access(),
      ...{ lazyConnect: true, enableReadyCheck: false, retryStrategy: null, maxRetriesPerRequest: 0 },
      disconnectTimeout: 100,
      ...{ connectTimeout: QUESTION_TIMEOUT, commandTimeout: QUESTION_TIMEOUT, connectionName: 'sightline-seeks' },
    });
    let reason: unknown;
    client.on('error', (error) => (reason = error));
    try {
      await client.connect();
      await client.exists(this.key);

      return undefined;
    } catch (error) {
      const next = movedTo(error, node);
      // A slot that is just on its way is still served here.
      if (next || isAsk(error)) return next;
      throw reason ?? error;
    } finally {
      client.disconnect();
    }
  }

  private access(): RedisOptions {
    const { username, password } = this.url;

    return {
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      ...(this.url.tls ? { tls: {} } : {}),
    };
  }

  private async connect(): Promise<net.Socket> {
    const { host, port } = await this.find();

    return this.url.tls
      ? tls.connect({ host, port, ...(net.isIP(host) === 0 ? { servername: host } : {}) })
      : net.connect({ host, port });
  }
}

/** What `MOVED 3999 host:port` names; without a host it is another port of the node that said it. */
function movedTo(error: unknown, from: ClusterNode | undefined): ClusterNode | undefined {
  const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(error instanceof Error ? error.message : '') ?? [];
  const there = host === '' ? from?.host : host;

  return there === undefined ? undefined : { host: there, port: Number(port) };
}

function isAsk(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('ASK ');
}

/** Makes the connections of one client. One that fails is a stream that is closed: that is what makes ioredis try again. */
abstract class MasterConnector extends AbstractConnector {
  constructor(
    disconnectTimeout: number,
    private readonly open: () => Promise<net.Socket>,
  ) {
    super(disconnectTimeout);
  }

  override check(info: unknown): boolean {
    return (info as { role?: string }).role !== 'slave';
  }

  override async connect(): Promise<net.Socket> {
    this.connecting = true;
    try {
      this.stream = await this.open();
      this.stream.once('error', (error) => (this.firstError = error));
    } catch (error) {
      this.firstError = error as Error;
      this.stream = new net.Socket();
      this.stream.destroy();
    }
    // Nobody wants it any more.
    if (!this.connecting) this.stream.destroy();

    return this.stream;
  }
}
