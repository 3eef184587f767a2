import { TypedEmitter } from '../../lib/emitter';
import type { Headers, SipRequest, SipResponse } from '../message/message';
import type { ClientEvents, ClientTransaction } from '../transaction/types';
import type { TransportError } from '../transport/types';
import type { Flow, Target } from '../transport/types';
import type { Way } from './ways';

export interface AttemptsContext {
  /** Sends the request in a transaction of its own; its Via is added there. */
  begin(request: SipRequest, target: Target): ClientTransaction;
  /** A place failed: for so many milliseconds others go first. */
  failed(target: Target, ms: number): void;
  report(error: unknown, event: string): void;
}

/** How long a place that does not answer, or cannot be connected to, stands behind others; in ms. */
const downFor = 30_000;
/** The longest that a 503 keeps us away by its Retry-After, in ms. */
const longestRetryAfter = 600_000;
/** After so many that did not answer at all, the user has waited long enough: each takes 64*T1. */
const maxTimeouts = 2;

/**
 * One request that is tried at one place after the other until one takes it (RFC 3263 section 4.3): each attempt is a
 * transaction of its own, and the user sees them as one. The next is tried when there is no connection, no answer, or 503,
 * and never after a provisional response other than 100 or a cancel.
 */
export class Attempts extends TypedEmitter<ClientEvents> implements ClientTransaction {
  private current: ClientTransaction | undefined;
  private ways: Way[] = [];
  private timeouts = 0;
  private isTaken = false;
  private cancelled: { headers: Headers | undefined } | undefined;
  private offs: (() => void)[] = [];

  constructor(
    readonly request: SipRequest,
    private readonly context: AttemptsContext,
  ) {
    super((error, event) => context.report(error, event));
  }

  get id(): string {
    return this.current?.id ?? '';
  }

  get state(): string {
    return this.current?.state ?? 'resolving';
  }

  get flow(): Flow | undefined {
    return this.current?.flow;
  }

  /** Begins with the first of these. */
  start(ways: readonly Way[]): void {
    this.ways = [...ways];
    this.next();
  }

  /** There is no way at all. */
  fail(error: TransportError): void {
    this.emit('transportError', error);
    this.emit('terminated');
  }

  /** Before the request has gone out, it is cancelled once it has: a CANCEL needs something to cancel. */
  cancel(headers?: Headers): boolean {
    if (this.request.method !== 'INVITE') return false;
    this.cancelled ??= { headers };

    return this.current?.cancel(headers) ?? true;
  }

  private next(): void {
    const way = this.ways.shift();
    if (!way) throw new Error('There is no way left');
    for (const off of this.offs) off();
    const transaction = this.context.begin(this.request, way.target);
    this.current = transaction;
    this.offs = [
      transaction.on('response', (response, flow) => this.onResponse(way, response, flow)),
      transaction.on('timeout', () => this.onTimeout(way)),
      transaction.on('transportError', (error) => this.onTransportError(way, error)),
      transaction.on('terminated', () => this.emit('terminated')),
    ];
    if (this.cancelled) transaction.cancel(this.cancelled.headers);
  }

  private onResponse(way: Way, response: SipResponse, flow: Flow): void {
    if (response.status === 503) {
      const seconds = Number(/^\s*(\d{1,7})/.exec(response.headers.get('Retry-After') ?? '')?.[1] ?? 0);
      this.context.failed(way.target, Math.min(seconds * 1000, longestRetryAfter));
      if (this.tryOther()) return;
    }
    this.isTaken ||= response.status > 100;
    this.emit('response', response, flow);
  }

  private onTimeout(way: Way): void {
    this.timeouts += 1;
    if (!this.isTaken) this.context.failed(way.target, downFor);
    if (this.timeouts >= maxTimeouts || !this.tryOther()) this.emit('timeout');
  }

  private onTransportError(way: Way, error: TransportError): void {
    if (!this.isTaken) this.context.failed(way.target, downFor);
    if (!this.isOver && this.ways.length > 0) this.next();
    else this.emit('transportError', error);
  }

  private get isOver(): boolean {
    return this.isTaken || this.cancelled !== undefined;
  }

  /** Goes on at another place; not by another transport at the same one. */
  private tryOther(): boolean {
    if (this.isOver) return false;
    while (this.ways[0]?.isFallback) this.ways.shift();
    if (this.ways.length === 0) return false;
    this.next();

    return true;
  }
}
