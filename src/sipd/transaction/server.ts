import { TypedEmitter } from '../../lib/emitter';
import { StateMachine } from '../../lib/state-table';
import type { SipRequest, SipResponse } from '../message/message';
import { makeResponse, withTag } from '../message/response';
import { toBuffer } from '../message/serialize';
import { isFlow, isStream } from '../transport/flow';
import { TransportError } from '../transport/types';
import type { Destination, Flow } from '../transport/types';
import type { ServerEntry, TransactionContext } from './context';
import { ServerLinger } from './linger';
import { inviteServer, nonInviteServer } from './machines';
import type { InviteServerInput, InviteServerState, ServerInput, ServerState } from './machines';
import type { ServerEvents, ServerTransaction } from './types';
import type { TimerOwner, WheelTimer } from './wheel';

type OnThrow = (error: unknown, event: string) => void;

/** What both server transactions do: answer, repeat the answer, end. */
abstract class ServerTx extends TypedEmitter<ServerEvents> implements ServerTransaction, ServerEntry {
  finalStatus: number | undefined;
  /** The bytes of the last response. */
  protected wire: Buffer | undefined;
  protected deadline: WheelTimer | undefined;
  private path: Destination | undefined;
  private tag: string | undefined;

  constructor(
    protected readonly context: TransactionContext,
    readonly id: string,
    readonly request: SipRequest,
    readonly flow: Flow,
    onThrow: OnThrow,
  ) {
    super(onThrow);
    context.servers.set(id, this);
  }

  abstract readonly state: string;

  get localTag(): string {
    this.tag ??= this.request.toTag ?? this.context.tagFor(this.flow);

    return this.tag;
  }

  respond(response: SipResponse): boolean {
    if (this.finalStatus !== undefined || this.state === 'terminated') return false;
    if (response.status > 100) this.tagTo(response);
    if (response.status >= 200) {
      this.finalStatus = response.status;
      this.context.answered(this.request, response, this.flow);
    }
    this.wire = toBuffer(response);
    this.transmit(this.wire);
    this.answered(response.status);

    return true;
  }

  reply(status: number, reason?: string, headers?: Iterable<readonly [string, string]>, body?: Buffer): boolean {
    return this.respond(makeResponse(this.request, status, reason, { headers, body }));
  }

  abstract resend(): void;
  abstract acknowledged(): void;
  abstract receive(request: SipRequest, flow: Flow): void;
  protected abstract answered(status: number): void;
  protected abstract fail(): boolean;

  protected get destination(): Destination {
    this.path ??= this.context.transport.responsePath(this.request.via, this.flow);

    return this.path;
  }

  protected get isReliable(): boolean {
    return isStream(this.flow.transport);
  }

  /** Sends the last response again. */
  protected repeat(): void {
    if (!this.wire) return;
    this.context.counts.retransmissionsSent += 1;
    this.transmit(this.wire);
  }

  protected transmit(bytes: Buffer): void {
    const { destination } = this;
    this.context.transport.send(bytes, destination).catch((error: unknown) => this.detour(bytes, destination, error));
  }

  protected end(): void {
    this.leave();
    this.context.removeServer(this.id, this);
    this.emit('terminated');
  }

  /** Stops all that runs for this object; the table may keep another in its place. */
  protected leave(): void {
    this.context.wheel.stop(this.deadline);
    this.deadline = undefined;
    this.wire = undefined;
  }

  /** The user's To tag becomes ours, so that a CANCEL is answered with the same. */
  private tagTo(response: SipResponse): void {
    const to = response.headers.get('To') ?? '';
    const tagged = withTag(to, this.localTag);
    if (tagged !== to) response.headers.set('To', tagged);
    else this.tag = response.toTag ?? this.tag;
  }

  /** A connection that closed meanwhile is replaced by a new one where that can be (RFC 3261 section 18.2.2). */
  private detour(bytes: Buffer, tried: Destination, error: unknown): void {
    const path = this.context.transport.responsePath(this.request.via, this.flow);
    const isElsewhere = isFlow(tried) && isFlow(path) ? tried.id !== path.id : isFlow(tried) !== isFlow(path);
    if (!this.isReliable || !isElsewhere) {
      this.failed(error);
      return;
    }
    this.path = path;
    this.context.transport.send(bytes, path).catch((again: unknown) => this.failed(again));
  }

  private failed(error: unknown): void {
    if (!this.fail()) return;
    const code = error instanceof TransportError ? error : new TransportError('EIO', String(error), { cause: error });
    this.emit('transportError', code);
    if (this.state === 'terminated') this.end();
  }
}

/** RFC 3261 section 17.2.1 with RFC 6026. */
export class InviteServerTx extends ServerTx implements TimerOwner<'trying' | 'resend' | 'deadline'> {
  private readonly machine = new StateMachine<InviteServerState, InviteServerInput>(
    'INVITE server transaction',
    inviteServer,
    'proceeding',
  );
  /** Runs until a first response; then for Timer G. */
  private timer: WheelTimer | undefined;
  private interval: number;

  constructor(context: TransactionContext, id: string, request: SipRequest, flow: Flow, onThrow: OnThrow) {
    super(context, id, request, flow, onThrow);
    this.interval = context.timers.t1;
    this.timer = context.wheel.start(context.timers.trying, this, 'trying');
  }

  get state(): InviteServerState {
    return this.machine.state;
  }

  receive(request: SipRequest, flow: Flow): void {
    if (request.method === 'ACK') {
      this.receiveAck(request, flow);
      return;
    }
    this.context.counts.retransmissionsReceived += 1;
    // In the accepted state the dialog layer repeats the 2xx by its own timer.
    if (this.state !== 'accepted') this.repeat();
  }

  /** A CANCEL came: true when it was in time. */
  cancelled(cancel: SipRequest): boolean {
    if (this.state !== 'proceeding') return false;
    this.emit('cancel', cancel);

    return true;
  }

  resend(): void {
    if (this.state === 'accepted') this.repeat();
  }

  acknowledged(): void {
    if (this.state !== 'accepted' || !this.deadline) return;
    const left = this.context.wheel.remaining(this.deadline);
    this.leave();
    new ServerLinger(this.context, this.id, 'accepted', left);
    this.emit('terminated');
  }

  onTimer(kind: 'trying' | 'resend' | 'deadline'): void {
    if (kind === 'trying') this.reply(100);
    else if (kind === 'resend') this.repeatFinal();
    else this.expired();
  }

  protected answered(status: number): void {
    const { wheel, timers } = this.context;
    wheel.stop(this.timer);
    this.timer = undefined;
    if (status < 200) {
      this.machine.apply('provisional');
      return;
    }
    this.machine.apply(status < 300 ? 'accepted' : 'rejected');
    // Timers L and H; Timer G only where the network may lose the response.
    this.deadline = wheel.start(64 * timers.t1, this, 'deadline');
    if (status >= 300 && !this.isReliable) this.timer = wheel.start(this.interval, this, 'resend');
  }

  protected fail(): boolean {
    if (!this.machine.can('fail')) return false;
    this.machine.apply('fail');

    return true;
  }

  protected override leave(): void {
    super.leave();
    this.context.wheel.stop(this.timer);
    this.timer = undefined;
  }

  private receiveAck(ack: SipRequest, flow: Flow): void {
    if (this.state === 'accepted') this.context.acknowledged(ack, flow);
    if (this.state !== 'completed') return;
    this.machine.apply('ack');
    this.leave();
    if (this.isReliable) this.context.removeServer(this.id, this);
    else new ServerLinger(this.context, this.id, 'confirmed', this.context.timers.t4);
    this.emit('terminated');
  }

  private repeatFinal(): void {
    this.repeat();
    this.interval = Math.min(this.interval * 2, this.context.timers.t2);
    this.timer = this.context.wheel.start(this.interval, this, 'resend');
  }

  private expired(): void {
    this.deadline = undefined;
    if (this.state === 'completed') {
      this.machine.apply('timeout');
      this.emit('timeout');
    } else {
      this.machine.apply('over');
    }
    this.end();
  }
}

/** RFC 3261 section 17.2.2. */
export class NonInviteServerTx extends ServerTx implements TimerOwner<'deadline'> {
  private readonly machine = new StateMachine<ServerState, ServerInput>(
    'server transaction',
    nonInviteServer,
    'trying',
  );

  constructor(context: TransactionContext, id: string, request: SipRequest, flow: Flow, onThrow: OnThrow) {
    super(context, id, request, flow, onThrow);
    this.deadline = context.wheel.start(64 * context.timers.t1, this, 'deadline');
  }

  get state(): ServerState {
    return this.machine.state;
  }

  receive(): void {
    this.context.counts.retransmissionsReceived += 1;
    this.repeat();
  }

  resend(): void {
    // Only a 2xx to an INVITE is repeated by its user.
  }

  acknowledged(): void {
    // Only an INVITE is acknowledged.
  }

  /** Nobody answered in the time that the client waits: an answer would come to nobody (RFC 4320 section 4.2). */
  onTimer(): void {
    this.deadline = undefined;
    this.machine.apply('timeout');
    this.emit('timeout');
    this.end();
  }

  protected answered(status: number): void {
    this.machine.apply(status < 200 ? 'provisional' : 'final');
    if (status < 200) return;
    const wire = this.wire!;
    this.leave();
    if (this.isReliable) this.context.removeServer(this.id, this);
    else
      new ServerLinger(this.context, this.id, 'completed', 64 * this.context.timers.t1, {
        wire,
        destination: this.destination,
      });
    this.emit('terminated');
  }

  protected fail(): boolean {
    if (!this.machine.can('fail')) return false;
    this.machine.apply('fail');

    return true;
  }
}
