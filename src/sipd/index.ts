/**
 * What `sightline/sipd` offers: a SIP server in the process, for applications that are written for drachtio-server.
 * README.md beside this file shows how it is used. What is not named here may change at any time.
 */
export { startSipd } from './server';
export type { Connection, Sipd, SipdOptions } from './server';
export type { AuthFailure } from './defence/security-log';

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
export type { Addresses, Endpoint, ListenEndpoint, TransportName } from './transport/types';
export type { Logger } from '../lib/logger';
