import type { Clock } from '../lib/clock';
import { Closer } from '../lib/closer';
import type { Logger } from '../lib/logger';
import { AuthAnswers } from './defence/auth-answers';
import { Defence } from './defence/defence';
import { defaultDefence } from './defence/options';
import type { DefenceOptions } from './defence/options';
import type { AuthFailure } from './defence/security-log';
import { withDefaults } from './defaults';
import { leastInterval } from './dialog/session-timer';
import { hostPort } from './dialog/target';
import { UserAgent } from './dialog/user-agent';
import { ControlServer } from './drachtio/control-server';
import { Edge } from './drachtio/edge';
import type { ApplicationRouter } from './drachtio/outbound';
import { Parking } from './drachtio/parking';
import { routed, transportOptions } from './network';
import type { NetworkOptions } from './network';
import type { LocalServer } from './local/local-srf';
import { Proxy } from './proxy/proxy';
import { MessageCounts } from './stats/message-counts';
import { dropsOf } from './stats/stats';
import type { SipdStats } from './stats/stats';
import type { TraceEvent } from './trace/event';
import type { Trace } from './trace/trace';
import { Tracer } from './trace/tracer';
import type { TraceOptions } from './trace/tracer';
import { TransactionLayer } from './transaction/transaction-layer';
import type { TransactionOptions } from './transaction/transaction-layer';
import { defaultTimers } from './transaction/timers';
import type { Timers } from './transaction/timers';
import { TransportLayer } from './transport/transport-layer';
import type { TlsOptions } from './transport/certificates';
import type { Bound } from './transport/sockets';
import type { Addresses, Endpoint } from './transport/types';

export interface SipdOptions extends NetworkOptions {
  /** The IPv4 or IPv6 address of the SIP sockets that are named by a port alone; 127.0.0.1 unless told otherwise. */
  host?: string;
  /** SIP over UDP; 0 takes any free port, and a transport without a port is not opened. */
  udpPort?: number;
  tcpPort?: number;
  /** SIP over TLS; needs `tls`. */
  tlsPort?: number;
  /** SIP over WebSocket (RFC 7118). */
  wsPort?: number;
  /** SIP over secure WebSocket; needs `tls`. */
  wssPort?: number;
  /** The port that applications connect to; any free one unless told otherwise. */
  controlPort?: number;
  /** The address of the control port; the loopback unless told otherwise, as it is the way to command the server. */
  controlHost?: string;
  /** The certificate of the control port, which speaks nothing but TLS then; plain TCP unless given. */
  controlTls?: TlsOptions;
  /** What becomes of a new request, or the web server that is asked; the connected applications get them in turn unless given. */
  applicationRoute?: ApplicationRouter;
  /** What applications authenticate with; made up unless given: `Sipd.connection` has it. */
  secret?: string;
  /** A logger of pino; silent unless given. */
  log?: Logger;
  /** The timers of RFC 3261 in milliseconds; those of the RFC unless given. */
  timers?: Timers;
  /** The time that every timer of the protocol runs by; that of the system unless given. */
  clock?: Clock;
  /** Told of every message from the start, secrets masked; `Sipd.trace` captures them at any time. */
  trace?: (event: TraceEvent) => void;
  /** Extensions that the application supports besides those of the server: others are refused with 420 when required. */
  extensions?: readonly string[];
  /** The least session interval that is taken, in seconds; RFC 4028 allows none below 90. */
  minSessionExpires?: number;
  /** The limits that differ from `defaultDefence`. */
  defence?: Partial<DefenceOptions>;
  /** False where the application itself tells `Sipd.defence` of credentials; else that is read from its answers. */
  readsAuthAnswers?: boolean;
  /** Told of each failed authentication that was read from an answer to a source that is not trusted. */
  authFailed?: (failure: AuthFailure) => void;
}

export type { SipdStats } from './stats/stats';

/** Where and how an application connects to the control port. */
export interface Connection {
  host: string;
  port: number;
  secret: string;
}

export interface Sipd {
  /** The true addresses, with the ports that were taken. */
  readonly addresses: Addresses & { control: Endpoint };
  /** What drachtio-srf's `connect` wants to know. */
  readonly connection: Connection;
  /** The way in for an application of this process, beside the control port. */
  readonly local: LocalServer;
  /** Told by whoever checks credentials, with the address that a request came from; with `readsAuthAnswers: false`. */
  readonly defence: Pick<Defence, 'authFailed' | 'authSucceeded'>;
  stats(): SipdStats;
  /** Captures messages from now on, until it is stopped. */
  trace(options?: TraceOptions): Trace;
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
export async function startSipd(given: SipdOptions = {}): Promise<Sipd> {
  const options = withDefaults(given);
  const { clock, log } = options;
  const timers = options.timers ?? defaultTimers;
  const closer = new Closer((name, error) => log.warn({ err: error, name }, 'A part of the SIP server did not close'));
  const defence = new Defence(options.defence ?? {}, {
    clock,
    log,
    disconnect: (belongs) => transport.disconnect(belongs),
  });
  closer.add('defence', () => defence.close());
  const network = { ...transportOptions(options, log), clock, guard: defence, ...defence.streamOptions };
  const transport = new TransportLayer(network);
  const counts = new MessageCounts(transport);
  const tracer = new Tracer(transport, clock);
  closer.add('counters and traces', () => [counts, tracer].forEach((one) => one.close()));
  if (options.trace) tracer.watch(options.trace);
  closer.add('transport', () => transport.close());
  const extensions = [...ownExtensions, ...(options.extensions ?? []).map((name) => name.toLowerCase())];
  closer.add('proofs of addresses', transport.on('sent', defence.sent));
  const checks = { extensions };
  const layer = new TransactionLayer({ transport, timers, clock, log, checks, ...watch(options, defence) });
  const { transactions, dns } = routed(layer, transport, options, log);
  closer.add('name look-up', () => dns.close());
  closer.add('transactions', () => transactions.close());
  const settings = { minSessionExpires: options.minSessionExpires ?? leastInterval };
  const agent = new UserAgent({ clock, timers, settings, log, transactions, transport });
  closer.add('user agent', () => agent.close());
  const control = new ControlServer({
    host: options.controlHost ?? '127.0.0.1',
    port: options.controlPort,
    secret: options.secret,
    hostports: () => hostports(transport.listening),
    log,
    tls: options.controlTls,
    clock,
  });
  const parking = new Parking(clock, 50 * timers.t1, (incoming) => {
    agent.refuse(incoming, incoming.method === 'BYE' ? 200 : 503, [['Retry-After', '5']]);
  });
  const proxy = new Proxy({ agent, transactions, transport, clock, timers, log, secret: options.secret });
  closer.add('proxy', () => proxy.close());
  transport.keepOpen(() => new Set([...agent.flowsInUse(), ...proxy.flowsInUse()]));
  const edge = new Edge({ agent, control, transport, parking, proxy, log, clock, router: options.applicationRoute });
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
    connection: { host: control.address.address, port: control.address.port, secret: options.secret },
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
      messages: counts.stats(),
      drops: dropsOf(transactions.stats(), transport.stats(), defence.stats()),
      proxied: proxy.size,
      transactions: transactions.stats(),
      transport: transport.stats(),
      defence: defence.stats(),
    }),
    trace: (traceOptions) => tracer.trace(traceOptions),
    reloadCertificates: () => [transport.reloadCertificates(), control.reloadCertificate()].every(Boolean),
    close: () => closer.close(),
  };
}

/** What the defence has to do with requests and their answers. */
function watch(options: SipdOptions, defence: Defence): Pick<TransactionOptions, 'screen' | 'tagFor' | 'answered'> {
  const { authFailed: failed, defence: limits, readsAuthAnswers } = options;
  const capacity = limits?.capacity ?? defaultDefence.capacity;
  const answers = readsAuthAnswers === false ? undefined : new AuthAnswers({ defence, failed, capacity });

  return { screen: defence.asScreen, tagFor: defence.tagFor, answered: answers?.answered };
}

/** As applications are told our addresses: `udp/127.0.0.1:5060`; UDP comes last, as drachtio-srf takes the last one. */
function hostports(listening: readonly Bound[]): string[] {
  return (['wss', 'ws', 'tls', 'tcp', 'udp'] as const).flatMap((transport) =>
    listening
      .filter((one) => one.transport === transport)
      .map(({ local }) => `${transport}/${hostPort(local.address, local.port)}`),
  );
}
