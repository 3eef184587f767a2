import type { SipResponse } from '../message/message';
import { bodyOf, headerLines } from './messages';
import type { Content, LocalRequest } from './messages';

export type AckListener = (ack: LocalRequest) => void;

/** What a response needs of the application's face. */
export interface ResponseHome {
  /** Sends it. @returns the response and the id of its dialog; an error when it could not be sent. */
  respond(
    id: string,
    spec: { status: number; reason: string; headers: [string, string][]; body: Buffer },
  ): { response: SipResponse; dialogId: string } | Error;
  /** The ACK or PRACK of this dialog goes to the listener. */
  awaitAck(dialogId: string, listener: AckListener): void;
  /** The request has its final response. */
  answered(id: string): void;
}

/** The application's answers to one request. */
export class LocalResponse {
  private dialogId = '';
  private isFinal = false;

  constructor(
    private readonly home: ResponseHome,
    /** Of the request. */
    private readonly id: string,
  ) {}

  get finalResponseSent(): boolean {
    return this.isFinal;
  }

  get stackDialogId(): string {
    return this.dialogId;
  }

  send(status: number, content: Content = {}, callback?: (error: unknown) => void, onAck?: AckListener): void {
    if (this.isFinal) {
      callback?.(new Error('a final response was sent already'));
      return;
    }
    if (status >= 200) this.isFinal = true;
    const spec = { status, reason: '', headers: headerLines(content), body: bodyOf(content) };
    const sent = this.home.respond(this.id, spec);
    if (status >= 200) this.home.answered(this.id);
    if (sent instanceof Error) {
      callback?.(sent);
      return;
    }
    this.dialogId = sent.dialogId;
    if (onAck && (status === 200 || sent.response.headers.has('RSeq'))) this.home.awaitAck(sent.dialogId, onAck);
    callback?.(null);
  }
}
