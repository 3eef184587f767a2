/**
 * What `sightline/sipd` offers: a SIP server in the process, for applications that are written for drachtio-server.
 * README.md beside this file shows how it is used. What is not named here may change at any time.
 */
export { startSipd } from './server';
export type { Connection, Sipd, SipdOptions } from './server';
export type { AuthFailure } from './defence/security-log';
export type { LocalServer } from './local/local-srf';

/** Where new requests go (`applicationRoute`). */
export type {
  ApplicationRoute,
  ApplicationRouter,
  ListeningApplication,
  ProxyTargets,
  RouteByWeb,
} from './drachtio/outbound';

/** The limits against floods and guessed passwords (`defence`). */
export { defaultDefence } from './defence/options';
export type { DefenceOptions } from './defence/options';
export type { Rate } from './defence/bucket';
export type { DefenceStats } from './defence/defence';

/** Certificates of SIP (`tls`) and of the control port (`controlTls`); a file that cannot serve. */
export { CertificateError } from '../lib/certificate';
export type { TlsFiles } from '../lib/certificate';
export type { ClientCertificates } from '../lib/tls-faults';
export type { TlsOptions } from './transport/certificates';

/** Time: the system's, or one that a test moves by hand. */
export { ManualClock, systemClock } from '../lib/clock';
export type { Clock } from '../lib/clock';
/** The timers of SIP, and how to make all of them faster in proportion. */
export { defaultTimers, scaledTimers } from './transaction/timers';
export type { Timers } from './transaction/timers';

/** Counters, and their text for Prometheus. */
export { prometheus, prometheusType } from './stats/prometheus';
export type { DropCause, SipdStats } from './stats/stats';
export type { CountedMethod, MessageCount, MessageStats, StatusClass } from './stats/message-counts';
export type { TransactionStats } from './transaction/types';
export type { TransportStats } from './transport/types';

/** Messages as they were on the wire, as a picture in text, as a pcap file. */
export type { TraceEvent } from './trace/event';
export type { LadderOptions } from './trace/ladder';
export type { Trace } from './trace/trace';
export type { TraceOptions } from './trace/tracer';
export { drawLadder } from './trace/ladder';
export { maskSecrets } from './trace/mask';
export { pcapFile, pcapHeader, pcapRecord } from './trace/pcap';

/** The parser and writer of messages. */
export { parseDatagram, SipSyntaxError } from './message/parse';
export { Headers, SipRequest, SipResponse } from './message/message';
export type { SipMessage } from './message/message';
export { toBuffer } from './message/serialize';

/** A port could not be opened. */
export { TransportError } from './transport/types';
export type { NetworkOptions } from './network';
export type { DnsOptions } from './resolve/dns';
export type { StreamOptions } from './transport/connection';
export type { Addresses, Endpoint, ExternalAddress, ListenEndpoint, TransportName } from './transport/types';
export type { Logger } from '../lib/logger';
