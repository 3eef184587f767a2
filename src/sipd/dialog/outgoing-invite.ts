import type { StateTable } from '../../lib/state-table';
import { StateMachine } from '../../lib/state-table';
import type { SipRequest } from '../message/message';
import type { Destination } from '../transport/types';
import type { Dialog, InviteOfOurs } from './dialog';
import { OutgoingRequest } from './outgoing';

type State = 'calling' | 'answered' | 'acknowledged' | 'failed';
type Input = 'answer' | 'acknowledge' | 'fail';

const inviteTable: StateTable<State, Input> = {
  calling: { answer: 'answered', fail: 'failed' },
  answered: { acknowledge: 'acknowledged' },
  acknowledged: {},
  failed: {},
};

/** One branch of a forked INVITE. */
export interface Branch {
  dialog: Dialog;
  /** RSeq of the last reliable provisional response. */
  rseq?: number;
  /** The ACK to the branch's 2xx, for its repeats. */
  ack?: { request: SipRequest; destination: Destination };
}

/** An INVITE of ours, from the request to 64*T1 after its 2xx, so that each repeat of the 2xx gets its ACK. */
export class OutgoingInvite extends OutgoingRequest implements InviteOfOurs {
  private readonly machine = new StateMachine<State, Input>('outgoing INVITE', inviteTable, 'calling');
  /** By the peer's tag. */
  readonly branches = new Map<string, Branch>();
  /** The branch whose 2xx came first: the one that the application knows. */
  winner: Branch | undefined = undefined;
  /** Why the dialog is to be ended right after its ACK, e.g. because the INVITE was cancelled. */
  endReason: string | undefined = undefined;

  get state(): State {
    return this.machine.state;
  }

  apply(input: Input): void {
    this.machine.apply(input);
  }

  get seq(): number {
    return this.request.cseq.number;
  }

  get isAnswered(): boolean {
    return this.machine.state === 'answered';
  }

  cancel(): void {
    if (this.machine.state === 'calling') this.transaction?.cancel();
  }
}
