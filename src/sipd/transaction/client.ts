import { TypedEmitter } from '../../lib/emitter';
import { StateMachine } from '../../lib/state-table';
import type { StateTable } from '../../lib/state-table';
import type { Headers, SipRequest, SipResponse } from '../message/message';
import { toBuffer } from '../message/serialize';
import { isStream } from '../transport/flow';
import { TransportError } from '../transport/types';
import type { Destination, Flow } from '../transport/types';
import type { ClientEntry, FlowUser, TransactionContext } from './context';
import { ClientLinger } from './linger';
import { inviteClient, nonInviteClient } from './machines';
import type { ClientInput, ClientState, InviteClientInput, InviteClientState } from './machines';
import { ackFor, cancelFor } from './requests';
import type { ClientEvents, ClientTransaction } from './types';
import type { TimerOwner, WheelTimer } from './wheel';

type Kind = 'resend' | 'deadline';

/** What both client transactions do: send, repeat, fail, end. */
abstract class ClientTx<S extends string, I extends string>
  extends TypedEmitter<ClientEvents>
  implements ClientTransaction, ClientEntry, FlowUser, TimerOwner<Kind>
{
  flow: Flow | undefined;
  protected readonly machine: StateMachine<S, I>;
  /** The request's bytes, as long as they may have to be repeated. */
  protected wire: Buffer | undefined;
  protected interval: number;
  protected deadline: WheelTimer | undefined;
  private resend: WheelTimer | undefined;

  constructor(
    protected readonly context: TransactionContext,
    readonly id: string,
    readonly request: SipRequest,
    protected readonly destination: Destination,
    table: StateTable<S, I>,
    initial: S,
    onThrow: (error: unknown, event: string) => void,
  ) {
    super(onThrow);
    this.machine = new StateMachine(`${request.method} client transaction`, table, initial);
    this.interval = context.timers.t1;
  }

  get isForwarded(): boolean {
    return this.request.headers.all('Via').length > 1;
  }

  get state(): string {
    return this.machine.state;
  }

  /** Sends the request for the first time and starts Timers A or E, and B or F. */
  start(): void {
    const { wheel, timers } = this.context;
    this.context.clients.set(this.id, this);
    this.wire = toBuffer(this.request);
    this.deadline = wheel.start(64 * timers.t1, this, 'deadline');
    if (!isStream(this.destination.transport)) this.resendIn(this.interval);
    this.context.transport.send(this.wire, this.destination).then(
      (flow) => this.sent(flow),
      (error: unknown) => this.failed(asTransportError(error)),
    );
  }

  abstract receive(response: SipResponse, flow: Flow): void;
  abstract cancel(headers?: Headers): boolean;

  onTimer(kind: Kind): void {
    if (kind === 'deadline') this.expired();
    else this.repeat();
  }

  flowClosed(): void {
    this.failed(
      new TransportError('FLOW_CLOSED', `The connection was closed before the response to ${this.request.method}`),
    );
  }

  /** Timer B, C, F or M has run out. */
  protected abstract expired(): void;
  /** The interval after this one. */
  protected abstract nextInterval(): number;
  protected abstract fail(): boolean;
  /** Whether a response is still awaited. */
  protected abstract get isWaiting(): boolean;

  /** It ends without a final response. */
  protected givenUp(): void {
    // Only an INVITE leaves the far end with something that somebody has to end.
  }

  protected resendIn(ms: number): void {
    this.resend = this.context.wheel.start(ms, this, 'resend');
  }

  protected stopResending(): void {
    this.context.wheel.stop(this.resend);
    this.resend = undefined;
  }

  /** Takes the transaction out of the table; no event follows but `terminated`. */
  protected end(): void {
    this.leave();
    this.context.removeClient(this.id, this);
    this.emit('terminated');
  }

  /** Stops all that runs for this object; the table may keep another in its place. */
  protected leave(): void {
    const { wheel } = this.context;
    this.stopResending();
    wheel.stop(this.deadline);
    this.deadline = undefined;
    this.wire = undefined;
    this.unwatch();
  }

  protected unwatch(): void {
    if (this.flow && isStream(this.flow.transport)) this.context.unwatchFlow(this.flow, this);
  }

  private sent(flow: Flow): void {
    this.flow = flow;
    if (!isStream(flow.transport) || !this.isWaiting) return;
    // It may have been closed before we came to hear that the request had left.
    if (this.context.transport.isOpen(flow)) this.context.watchFlow(flow, this);
    else this.flowClosed();
  }

  private repeat(): void {
    if (!this.wire) return;
    this.context.counts.retransmissionsSent += 1;
    this.context.transport
      .send(this.wire, this.flow ?? this.destination)
      .catch((error: unknown) => this.failed(asTransportError(error)));
    this.interval = this.nextInterval();
    this.resendIn(this.interval);
  }

  private failed(error: TransportError): void {
    if (!this.fail()) return;
    this.givenUp();
    this.emit('transportError', error);
    this.end();
  }
}

/** RFC 3261 section 17.1.1 with RFC 6026. */
export class InviteClientTx extends ClientTx<InviteClientState, InviteClientInput> {
  private wantsCancel: { headers: Headers | undefined } | undefined;
  private isCancelSent = false;

  constructor(
    context: TransactionContext,
    id: string,
    request: SipRequest,
    destination: Destination,
    onThrow: (error: unknown, event: string) => void,
  ) {
    super(context, id, request, destination, inviteClient, 'calling', onThrow);
  }

  receive(response: SipResponse, flow: Flow): void {
    const { status } = response;
    const input = status < 200 ? 'provisional' : status < 300 ? 'accepted' : 'rejected';
    if (!this.machine.can(input)) return;
    const from = this.machine.state;
    this.machine.apply(input);
    if (input === 'provisional') this.progress(response, flow);
    else if (input === 'accepted') this.accepted(response, flow, from === 'accepted');
    else this.rejected(response, flow);
  }

  cancel(headers?: Headers): boolean {
    const { state } = this.machine;
    if (state !== 'calling' && state !== 'proceeding') return false;
    this.wantsCancel ??= { headers };
    if (state === 'proceeding') this.sendCancel();

    return true;
  }

  protected get isWaiting(): boolean {
    return this.machine.state === 'calling' || this.machine.state === 'proceeding';
  }

  /** Timer A doubles without a bound; Timer B ends it. */
  protected nextInterval(): number {
    return this.interval * 2;
  }

  protected fail(): boolean {
    if (!this.machine.can('fail')) return false;
    this.machine.apply('fail');

    return true;
  }

  protected expired(): void {
    this.deadline = undefined;
    if (this.machine.state === 'accepted') {
      this.machine.apply('over');
      this.end();
    } else if (this.machine.state === 'proceeding' && !this.isCancelSent) {
      // Timer C: what rings for ever is cancelled, and ends at the latest 64*T1 after that.
      this.cancel();
    } else {
      this.machine.apply('timeout');
      this.givenUp();
      this.emit('timeout');
      this.end();
    }
  }

  /** Not what was never sent; not a re-INVITE, as the end of its call ends it too; of what we forward others are the callers. */
  protected override givenUp(): void {
    if (this.flow && this.request.toTag === undefined && !this.isForwarded) this.context.gaveUp(this.id, this.request);
  }

  private progress(response: SipResponse, flow: Flow): void {
    this.stopResending();
    this.wire = undefined;
    if (!this.isCancelSent) this.restartDeadline(this.context.timers.c);
    if (this.wantsCancel) this.sendCancel();
    this.emit('response', response, flow);
  }

  /** Every 2xx goes to the user until Timer M, because each wants an ACK. */
  private accepted(response: SipResponse, flow: Flow, isFurther: boolean): void {
    if (!isFurther) {
      this.stopResending();
      this.wire = undefined;
      this.unwatch();
      this.restartDeadline(64 * this.context.timers.t1);
    }
    this.emit('response', response, flow);
  }

  private rejected(response: SipResponse, flow: Flow): void {
    const destination = this.flow ?? this.destination;
    const wire = toBuffer(ackFor(this.request, response));
    this.leave();
    this.context.transport.send(wire, destination).catch(() => undefined);
    if (isStream(destination.transport)) this.context.removeClient(this.id, this);
    else new ClientLinger(this.context, this.id, this.context.timers.d, { wire, destination });
    this.emit('response', response, flow);
    this.emit('terminated');
  }

  private sendCancel(): void {
    if (this.isCancelSent) return;
    this.isCancelSent = true;
    // RFC 3261 section 9.1: no final response within 64*T1 of the CANCEL, and the INVITE is taken for cancelled.
    this.restartDeadline(64 * this.context.timers.t1);
    this.context.sendOwn(cancelFor(this.request, this.wantsCancel?.headers), this.flow ?? this.destination);
  }

  private restartDeadline(ms: number): void {
    this.context.wheel.stop(this.deadline);
    this.deadline = this.context.wheel.start(ms, this, 'deadline');
  }
}

/** RFC 3261 section 17.1.2. */
export class NonInviteClientTx extends ClientTx<ClientState, ClientInput> {
  constructor(
    context: TransactionContext,
    id: string,
    request: SipRequest,
    destination: Destination,
    onThrow: (error: unknown, event: string) => void,
  ) {
    super(context, id, request, destination, nonInviteClient, 'trying', onThrow);
  }

  receive(response: SipResponse, flow: Flow): void {
    const input = response.status < 200 ? 'provisional' : 'final';
    if (!this.isWaiting) return;
    this.machine.apply(input);
    if (input === 'final') this.finish();
    this.emit('response', response, flow);
    if (input === 'final') this.emit('terminated');
  }

  cancel(): boolean {
    return false;
  }

  protected get isWaiting(): boolean {
    return this.machine.state === 'trying' || this.machine.state === 'proceeding';
  }

  protected nextInterval(): number {
    const { t2 } = this.context.timers;

    return this.machine.state === 'proceeding' ? t2 : Math.min(this.interval * 2, t2);
  }

  protected fail(): boolean {
    if (!this.machine.can('fail')) return false;
    this.machine.apply('fail');

    return true;
  }

  protected expired(): void {
    this.deadline = undefined;
    this.machine.apply('timeout');
    this.emit('timeout');
    this.end();
  }

  private finish(): void {
    const isReliable = isStream(this.destination.transport);
    this.leave();
    if (isReliable) this.context.removeClient(this.id, this);
    else new ClientLinger(this.context, this.id, this.context.timers.t4);
  }
}

function asTransportError(error: unknown): TransportError {
  if (error instanceof TransportError) return error;

  return new TransportError('EIO', error instanceof Error ? error.message : String(error), { cause: error });
}
