import { isIP } from 'node:net';
import { systemClock } from '../lib/clock';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import { Dns } from './resolve/dns';
import type { DnsOptions } from './resolve/dns';
import { Downs } from './resolve/downs';
import { RoutedTransactions } from './resolve/routed-transactions';
import type { TransactionLayer } from './transaction/transaction-layer';
import type { TlsOptions } from './transport/certificates';
import type { StreamOptions } from './transport/connection';
import type { TransportLayer, TransportOptions } from './transport/transport-layer';
import type { ExternalAddress, ListenEndpoint, Target } from './transport/types';

/** How this server stands in its network. */
export interface NetworkOptions {
  /** Sockets besides those that `host` and the ports name: several addresses, IPv4 and IPv6. */
  listen?: readonly ListenEndpoint[];
  /** The certificate for TLS and WSS, and the authorities that others' are held to. */
  tls?: TlsOptions;
  /** The address in Via and Contact for everybody, when others reach us at another one than `host`. */
  publicAddress?: string;
  /** The same for those outside our networks only. */
  external?: ExternalAddress;
  dns?: Pick<DnsOptions, 'servers' | 'timeout'>;
  /** Bytes beyond which a request goes by TCP in place of UDP (RFC 3261 section 18.1.1); default 1,300, 0 switches never. */
  maxDatagram?: number;
  /** Limits of connections. */
  connections?: Partial<StreamOptions>;
}

/** RFC 3261 section 18.1.1, for a path whose MTU is not known. */
const maxDatagram = 1_300;

export function transportOptions(options: NetworkOptions, log: Logger): TransportOptions {
  const { tls, publicAddress, external, connections } = options;

  return { ...connections, log, tls, publicAddress, external };
}

/** Puts the look-up of names, and what follows from it, before the transaction layer. The caller closes both. */
export function routed(
  layer: TransactionLayer,
  transport: TransportLayer,
  options: NetworkOptions & { clock?: Clock },
  log: Logger,
): { transactions: RoutedTransactions; dns: Dns } {
  const dns = new Dns(options.dns);
  const context = {
    questions: dns,
    downs: new Downs(options.clock ?? systemClock),
    maxDatagram: options.maxDatagram ?? maxDatagram,
    random: Math.random,
    serves: (name: Target['transport']) => transport.serves(name),
    reaches: ({ transport: name, address }: Target) => isIP(address) !== 0 && transport.reaches(name, address),
  };

  return { transactions: new RoutedTransactions(layer, transport, context, log), dns };
}
