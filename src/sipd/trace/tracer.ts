import type { Clock } from '../../lib/clock';
import type { TypedEmitter } from '../../lib/emitter';
import { ownAddress } from '../transport/own-address';
import type { Flow, TransportEvents } from '../transport/types';
import type { TraceEvent, WatchOptions } from './event';
import { maskSecrets } from './mask';
import { Trace } from './trace';

export interface TraceOptions extends WatchOptions {
  /** The most messages that are kept, 10,000 unless told otherwise; the oldest go first. */
  limit?: number;
}

const defaultLimit = 10_000;

/** Tells of every message that comes and goes. While nobody wants to be told, nothing is done at all. */
export class Tracer {
  private readonly ends = new Set<() => void>();

  constructor(
    private readonly transport: Pick<TypedEmitter<TransportEvents>, 'on'>,
    private readonly clock: Clock,
  ) {}

  /** Calls `tell` with each message from now on; the returned function ends that and may be called twice. */
  watch(tell: (event: TraceEvent) => void, { secrets = 'mask' }: WatchOptions = {}): () => void {
    const note = (direction: 'in' | 'out', flow: Flow, raw: Buffer | undefined, fault?: string): void => {
      if (raw) tell(this.eventOf(direction, flow, secrets === 'keep' ? raw : maskSecrets(raw), fault));
    };
    const offs = [
      this.transport.on('message', (_message, flow, raw) => note('in', flow, raw)),
      this.transport.on('malformed', (error, flow, raw) => note('in', flow, raw, error.reason)),
      this.transport.on('sent', (bytes, flow) => note('out', flow, bytes)),
    ];
    const end = (): void => {
      for (const off of offs) off();
      this.ends.delete(end);
    };
    this.ends.add(end);

    return end;
  }

  /** Captures messages from now on. */
  trace({ limit = defaultLimit, ...options }: TraceOptions = {}): Trace {
    return new Trace(limit, (tell) => this.watch(tell, options));
  }

  /** Ends everything that was begun. */
  close(): void {
    for (const end of this.ends) end();
  }

  private eventOf(direction: 'in' | 'out', flow: Flow, bytes: Buffer, fault: string | undefined): TraceEvent {
    const { transport, local, remote } = flow;

    return {
      at: this.clock.now(),
      direction,
      transport,
      local: { address: ownAddress(local.address, remote.address), port: local.port },
      remote: { address: remote.address, port: remote.port },
      // Bytes that lie in a larger chunk of a stream would keep all of it.
      bytes: Buffer.from(bytes),
      ...(fault !== undefined && { fault }),
    };
  }
}
