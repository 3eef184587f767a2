import type { Clock } from '../../lib/clock';
import type { StateTable } from '../../lib/state-table';
import { StateMachine } from '../../lib/state-table';
import type { SipResponse } from '../message/message';
import type { Timers } from '../transaction/timers';
import type { ServerTransaction } from '../transaction/types';
import type { Dialog, InviteOfPeer } from './dialog';
import { IncomingRequest } from './incoming';
import { ReliableProvisionals } from './reliable';

type State = 'proceeding' | 'held' | 'answered' | 'acknowledged' | 'failed';
type Input = 'hold' | 'answer' | 'fail' | 'acknowledge';

/** `held` is a 2xx that waits for the PRACK of a provisional response; `answered` waits for the ACK. */
const inviteTable: StateTable<State, Input> = {
  proceeding: { hold: 'held', answer: 'answered', fail: 'failed' },
  held: { answer: 'answered', fail: 'failed' },
  answered: { acknowledge: 'acknowledged', fail: 'failed' },
  acknowledged: {},
  failed: {},
};

export interface IncomingInviteEvents {
  /** The 2xx was repeated for 64*T1 and no ACK came. */
  onAckTimeout: (invite: IncomingInvite) => void;
  /** A reliable provisional response was repeated for 64*T1 and no PRACK came. */
  onPrackTimeout: (invite: IncomingInvite) => void;
}

/** An INVITE of the peer, from its arrival to the ACK (RFC 3261 sections 13.3 and 14.2). */
export class IncomingInvite extends IncomingRequest implements InviteOfPeer {
  private readonly machine = new StateMachine<State, Input>('incoming INVITE', inviteTable, 'proceeding');
  private reliable: ReliableProvisionals | undefined;
  private cancelRepeat: (() => void) | undefined;
  private cancelGiveUp: (() => void) | undefined;

  constructor(
    transaction: ServerTransaction,
    dialog: Dialog | undefined,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly events: IncomingInviteEvents,
  ) {
    super(transaction, dialog, clock.now());
  }

  get seq(): number {
    return this.request.cseq.number;
  }

  get isAnswered(): boolean {
    return this.machine.state === 'answered';
  }

  /** The application answered, and the 2xx waits for a PRACK. */
  get isHeld(): boolean {
    return this.machine.state === 'held';
  }

  override get hasFinal(): boolean {
    return this.machine.state !== 'proceeding';
  }

  provisional(response: SipResponse): void {
    this.transaction.respond(response);
  }

  reliableProvisional(response: SipResponse): void {
    this.reliable ??= new ReliableProvisionals(
      this.clock,
      this.timers,
      this.seq,
      (again) => this.transaction.respond(again),
      () => this.events.onPrackTimeout(this),
    );
    this.reliable.send(response);
  }

  prack(rack: string): boolean {
    return this.reliable?.acknowledge(rack) ?? false;
  }

  /** Sends the 2xx, after the PRACKs that are due, and repeats it until the ACK comes. */
  answer(response: SipResponse): void {
    if (this.reliable?.isPending) {
      this.machine.apply('hold');
      this.reliable.whenDone(() => this.sendAnswer(response));
    } else {
      this.sendAnswer(response);
    }
  }

  reject(response: SipResponse): void {
    this.machine.apply('fail');
    this.reliable?.stop();
    this.transaction.respond(response);
  }

  terminate(status: number): void {
    if (this.machine.state !== 'proceeding' && this.machine.state !== 'held') return;
    this.machine.apply('fail');
    this.reliable?.stop();
    this.transaction.reply(status);
  }

  acknowledge(): void {
    this.machine.apply('acknowledge');
    this.stopTimers();
    this.transaction.acknowledged();
  }

  stop(): void {
    this.reliable?.stop();
    this.stopTimers();
  }

  private sendAnswer(response: SipResponse): void {
    this.machine.apply('answer');
    this.transaction.respond(response);
    this.repeatAfter(this.timers.t1);
    this.cancelGiveUp = this.clock.after(64 * this.timers.t1, () => {
      this.stopTimers();
      this.machine.apply('fail');
      this.events.onAckTimeout(this);
    });
  }

  /** RFC 3261 section 13.3.1.4: also over streams, because a hop further on may use UDP. */
  private repeatAfter(ms: number): void {
    this.cancelRepeat = this.clock.after(ms, () => {
      this.transaction.resend();
      this.repeatAfter(Math.min(ms * 2, this.timers.t2));
    });
  }

  private stopTimers(): void {
    this.cancelRepeat?.();
    this.cancelGiveUp?.();
  }
}
