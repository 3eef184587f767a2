import { randomUUID } from 'node:crypto';
import type { SipRequest } from '../message/message';
import type { ServerTransaction } from '../transaction/types';
import type { Dialog } from './dialog';

/** A request from the network that waits for the application's answer. */
export class IncomingRequest {
  /** What applications name it by. */
  readonly id: string = randomUUID();
  /** Whoever the face above gave it to. */
  owner: object | undefined = undefined;
  /** The application answered with more than 100. */
  hasProgress = false;

  constructor(
    readonly transaction: ServerTransaction,
    public dialog: Dialog | undefined,
    /** When it came, in milliseconds. */
    readonly since: number,
  ) {}

  get request(): SipRequest {
    return this.transaction.request;
  }

  get method(): string {
    return this.transaction.request.method;
  }

  get hasFinal(): boolean {
    return this.transaction.finalStatus !== undefined;
  }
}
