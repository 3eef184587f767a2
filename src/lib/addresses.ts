import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface Endpoint {
  host: string;
  port: number;
}

const wildcards = new Set(['0.0.0.0', '::', '']);

/** Whether an address is of this machine alone. */
export function isLoopback(address: string): boolean {
  return address === 'localhost' || address === '::1' || /^(::ffff:)?127(\.\d{1,3}){3}$/i.test(address);
}

/** The addresses of this machine that a listener on `host` is reached by. */
export function addressesOf(host: string): string[] {
  if (!wildcards.has(host)) return [host];

  return Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

/** The address to name in messages when listening on `host`: itself, or the first that others can reach. */
export function advertisedAddress(host: string): string {
  if (!wildcards.has(host)) return host;
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4');

  return outside?.address ?? '127.0.0.1';
}

/** Reads drachtio's `udp/127.0.0.1:5060` or `ws/[::1]:5066`; undefined when it is something else. */
export function parseHostport(text: string): (Endpoint & { transport: string }) | undefined {
  const match = /^(\w+)\/(\[[^\]]+\]|[^:]+):(\d+)/.exec(text.trim());
  if (!match) return undefined;
  const [, transport = '', host = '', port = ''] = match;

  return { transport, host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

/** `127.0.0.1:5060`, or `[::1]:5060`. */
export function hostPort({ host, port }: Endpoint): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}
