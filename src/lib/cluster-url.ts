/** A Redis Cluster as `REDIS_URL` names it. */
export interface ClusterUrl {
  /** Some of its nodes, of which one has to answer. */
  readonly nodes: readonly ClusterNode[];
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
}

export interface ClusterNode {
  readonly host: string;
  readonly port: number;
}

const shape = /^(redis|rediss)-cluster:\/\/(?:([^:@/\s]*)(?::([^@/\s]*))?@)?([^@/\s]+)\/?$/;
const defaultPort = 6379;

/** Whether an address is meant as one of a cluster. */
export function isClusterUrl(text: string): boolean {
  return /^rediss?-cluster:/.test(text);
}

/**
 * Reads `redis-cluster://[user:password@]host[:port],host[:port],…`; `rediss-cluster://` is the same over TLS.
 *
 * @returns undefined for what is no such address.
 */
export function parseClusterUrl(text: string): ClusterUrl | undefined {
  const [, scheme, username, password, hosts = ''] = shape.exec(text) ?? [];
  const nodes = hosts.split(',').map(parseNode);
  if (!scheme || !nodes.every((node) => node !== undefined)) return undefined;
  try {
    return {
      nodes,
      ...(username ? { username: decodeURIComponent(username) } : {}),
      ...(password ? { password: decodeURIComponent(password) } : {}),
      tls: scheme === 'rediss',
    };
  } catch {
    return undefined;
  }
}

/** `host`, `host:port` or `[v6]:port`, as a URL has them. */
export function parseNode(text: string): ClusterNode | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([\da-fA-F:.]+)\]|([^[\]:,\s]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? defaultPort : Number(digits);

  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
