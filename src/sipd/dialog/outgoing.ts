import { randomUUID } from 'node:crypto';
import type { SipRequest, SipResponse } from '../message/message';
import type { ClientTransaction } from '../transaction/types';
import type { Destination, Flow } from '../transport/types';
import type { Dialog } from './dialog';

export type ResponseListener = (request: OutgoingRequest, response: SipResponse, flow: Flow | undefined) => void;

/** A request of ours on its way. */
export class OutgoingRequest {
  /** What applications name it by. */
  readonly id: string = randomUUID();
  /** Whoever asked for it; undefined for the server's own and when that one is gone. */
  owner: object | undefined = undefined;
  transaction: ClientTransaction | undefined = undefined;

  constructor(
    /** With its Via, once it was sent. */
    readonly request: SipRequest,
    readonly destination: Destination,
    public dialog: Dialog | undefined,
    /** Gets every response but 100. */
    public onResponse: ResponseListener,
  ) {}

  get method(): string {
    return this.request.method;
  }
}
