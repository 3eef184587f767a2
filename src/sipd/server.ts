import { systemClock } from '../lib/clock';
import type { Clock } from '../lib/clock';
import { Closer } from '../lib/closer';
import type { Logger } from '../lib/logger';
import { Defence } from './defence/defence';
import type { DefenceStats } from './defence/defence';
import type { DefenceOptions } from './defence/options';
import { leastInterval } from './dialog/session-timer';
import { hostPort } from './dialog/target';
import { UserAgent } from './dialog/user-agent';
import { ControlServer } from './drachtio/control-server';
import { Edge } from './drachtio/edge';
import { Parking } from './drachtio/parking';
import { routed, transportOptions } from './network';
import type { NetworkOptions } from './network';
import type { LocalServer } from './local/local-srf';
import { Proxy } from './proxy/proxy';
import { TransactionLayer } from './transaction/transaction-layer';
import { defaultTimers } from './transaction/timers';
import type { Timers } from './transaction/timers';
import type { TransactionStats } from './transaction/types';
import { TransportLayer } from './transport/transport-layer';
import type { Bound } from './transport/sockets';
import type { Addresses, Endpoint, TransportStats } from './transport/types';

export interface SipdOptions extends NetworkOptions {
  /** The IPv4 or IPv6 address of the SIP sockets that are named by a port alone. */
  host: string;
  /** SIP over UDP; 0 takes any free port, and a transport without a port is not opened. */
  udpPort?: number;
  tcpPort?: number;
  /** SIP over TLS; needs `tls`. */
  tlsPort?: number;
  /** SIP over WebSocket (RFC 7118). */
  wsPort?: number;
  /** SIP over secure WebSocket; needs `tls`. */
  wssPort?: number;
  /** The port that applications connect to. */
  controlPort: number;
  /** The address of the control port; the loopback unless told otherwise, as it is the way to command the server. */
  controlHost?: string;
  /** What applications authenticate with. */
  secret: string;
  log: Logger;
  timers?: Timers;
  /** Time, for tests that move it by hand; that of the machine unless told otherwise. */
  clock?: Clock;
  /** Extensions that the application supports besides those of the server: others are refused with 420 when required. */
  extensions?: readonly string[];
  /** The least session interval that is taken, in seconds; RFC 4028 allows none below 90. */
  minSessionExpires?: number;
  /** The limits that differ from `defaultDefence`. */
  defence?: Partial<DefenceOptions>;
}

export interface SipdStats {
  /** Applications connected. */
  applications: number;
  dialogs: number;
  /** Requests of the network that wait for an answer of the application. */
  incoming: number;
  /** Requests of the application under way. */
  outgoing: number;
  /** Clients on streams that registered. */
  registeredFlows: number;
  /** Requests inside dialogs that wait for an application to connect. */
  parked: number;
  transactions: TransactionStats;
  transport: TransportStats;
  defence: DefenceStats;
}

export interface Sipd {
  /** The true addresses, with the ports that were taken. */
  readonly addresses: Addresses & { control: Endpoint };
  /** The way in for an application of this process, beside the control port. */
  readonly local: LocalServer;
  /** Told by whoever checks credentials, with the address that a request came from. */
  readonly defence: Pick<Defence, 'authFailed' | 'authSucceeded'>;
  stats(): SipdStats;
  /** Reads the certificates anew, for new connections. @returns false when one could not be used; the former stays then */
  reloadCertificates(): boolean;
  /** Closes every socket and stops every timer; calls are not ended. May be called twice. */
  close(): Promise<void>;
}

/** The option tags that this server itself knows (RFC 3262, RFC 4028). */
const ownExtensions = ['100rel', 'timer'];

/**
 * Starts a SIP server that applications control by the protocol of drachtio-server. Several may run in one process.
 * @throws TransportError, or the system's error for the control port, when a port cannot be had; nothing is left open then
 */
export async function startSipd(options: SipdOptions): Promise<Sipd> {
  const { log } = options;
  const timers = options.timers ?? defaultTimers;
  const clock = options.clock ?? systemClock;
  const closer = new Closer((name, error) => log.warn({ err: error, name }, 'A part of the SIP server did not close'));
  const defence = new Defence(options.defence ?? {}, {
    clock,
    log,
    disconnect: (belongs) => transport.disconnect(belongs),
  });
  closer.add('defence', () => defence.close());
  const network = transportOptions(options, log);
  const transport = new TransportLayer({ ...network, guard: defence, ...defence.streamOptions });
  closer.add('transport', () => transport.close());
  const extensions = [...ownExtensions, ...(options.extensions ?? []).map((name) => name.toLowerCase())];
  const checks = { extensions };
  const layer = new TransactionLayer({ transport, timers, clock, log, checks, screen: defence.asScreen });
  const { transactions, dns } = routed(layer, transport, options, log);
  closer.add('name look-up', () => dns.close());
  closer.add('transactions', () => transactions.close());
  const settings = { minSessionExpires: options.minSessionExpires ?? leastInterval };
  const agent = new UserAgent({ clock, timers, settings, log, transactions, transport });
  closer.add('user agent', () => agent.close());
  transport.keepOpen(() => agent.flowsInUse());
  const control = new ControlServer({
    host: options.controlHost ?? '127.0.0.1',
    port: options.controlPort,
    secret: options.secret,
    hostports: () => hostports(transport.listening),
    log,
  });
  const parking = new Parking(clock, 50 * timers.t1, (incoming) => {
    agent.refuse(incoming, incoming.method === 'BYE' ? 200 : 503, [['Retry-After', '5']]);
  });
  const proxy = new Proxy({ agent, transactions, transport, clock, log, secret: options.secret });
  closer.add('proxy', () => proxy.close());
  const edge = new Edge(agent, control, transport, parking, proxy, log);
  closer.add('edge', () => edge.close());
  try {
    await transport.listen(options);
    await transport.listen(options.listen ?? []);
    await control.listen();
    closer.add('control port', () => control.close());
  } catch (error) {
    await closer.close();
    throw error;
  }

  return {
    addresses: { ...transport.addresses, control: control.address },
    local: {
      agent,
      hostports: () => hostports(transport.listening),
      join: (application) => control.join(application),
      leave: (application) => control.leave(application),
    },
    defence,
    stats: () => ({
      applications: control.count,
      ...agent.stats(),
      parked: parking.size,
      transactions: transactions.stats(),
      transport: transport.stats(),
      defence: defence.stats(),
    }),
    reloadCertificates: () => transport.reloadCertificates(),
    close: () => closer.close(),
  };
}

/** As applications are told our addresses: `udp/127.0.0.1:5060`; UDP comes last, as drachtio-srf takes the last one. */
function hostports(listening: readonly Bound[]): string[] {
  return (['wss', 'ws', 'tls', 'tcp', 'udp'] as const).flatMap((transport) =>
    listening
      .filter((one) => one.transport === transport)
      .map(({ local }) => `${transport}/${hostPort(local.address, local.port)}`),
  );
}
