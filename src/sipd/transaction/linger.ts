import type { SipRequest, SipResponse } from '../message/message';
import type { Destination, Flow } from '../transport/types';
import type { ClientEntry, ServerEntry, TransactionContext } from './context';
import type { TimerOwner } from './wheel';

/**
 * The tail of a transaction, in which it only absorbs what the network repeats. It holds the bytes to repeat and where
 * to, and nothing of the messages: at 200 calls a second tens of thousands of these live at once. The bytes are kept as
 * a latin1 string, which is exact for any byte, lies in one piece on the heap and holds on to no larger buffer.
 */
class Bytes {
  private readonly text: string;

  constructor(
    wire: Buffer,
    private readonly destination: Destination,
  ) {
    this.text = wire.toString('latin1');
  }

  send(context: TransactionContext): void {
    context.counts.retransmissionsSent += 1;
    // Nobody is left to hear of a failure; the far end repeats itself and so do we.
    context.transport.send(Buffer.from(this.text, 'latin1'), this.destination).catch(() => undefined);
  }
}

/** What is repeated in answer to a repetition. */
export interface Repeat {
  wire: Buffer;
  destination: Destination;
}

export type ServerLingerState = 'accepted' | 'completed' | 'confirmed';

/** Timers I, J and L of a server transaction whose user has nothing more to do with it. */
export class ServerLinger implements ServerEntry, TimerOwner<'over'> {
  readonly localTag = undefined;
  private readonly bytes: Bytes | undefined;

  constructor(
    private readonly context: TransactionContext,
    private readonly key: string,
    readonly state: ServerLingerState,
    ms: number,
    repeat?: Repeat,
  ) {
    this.bytes = repeat && new Bytes(repeat.wire, repeat.destination);
    context.servers.set(key, this);
    context.wheel.start(ms, this, 'over');
  }

  receive(request: SipRequest, flow: Flow): void {
    if (request.method === 'ACK') {
      if (this.state === 'accepted') this.context.acknowledged(request, flow);
      return;
    }
    this.context.counts.retransmissionsReceived += 1;
    this.bytes?.send(this.context);
  }

  onTimer(): void {
    this.context.removeServer(this.key, this);
  }
}

/** Timers D and K of a client transaction: further final responses are absorbed, an INVITE's with another ACK. */
export class ClientLinger implements ClientEntry, TimerOwner<'over'> {
  readonly state = 'completed';
  /** Nobody is told of what is absorbed here. */
  readonly isForwarded = true;
  private readonly bytes: Bytes | undefined;

  constructor(
    private readonly context: TransactionContext,
    private readonly key: string,
    ms: number,
    repeat?: Repeat,
  ) {
    this.bytes = repeat && new Bytes(repeat.wire, repeat.destination);
    context.clients.set(key, this);
    context.wheel.start(ms, this, 'over');
  }

  receive(response: SipResponse): void {
    this.context.counts.retransmissionsReceived += 1;
    if (response.status >= 300) this.bytes?.send(this.context);
  }

  onTimer(): void {
    this.context.removeClient(this.key, this);
  }
}
