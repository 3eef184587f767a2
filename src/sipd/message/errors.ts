import type { Headers } from './headers';

/** What could be read of a faulty request. Its headers may be faulty too: whoever answers checks what they copy. */
export interface PartialRequest {
  readonly method: string;
  readonly uri: string;
  readonly headers: Headers;
}

/** Input that is not SIP as RFC 3261 has it. The parser throws nothing else. */
export class SipSyntaxError extends Error {
  constructor(
    /** The status that a request of this kind is answered with: 400, 413, 505 or 513. */
    readonly status: number,
    /** What is wrong, fit for a reason phrase: printable ASCII that repeats nothing of the input. */
    readonly reason: string,
    /** Set when the message was a request and its start line and header lines could be told apart. */
    public request?: PartialRequest,
  ) {
    // No stack is gathered: nobody reads where bad input was found, and whoever floods us with it should cost us little.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(reason);
    Error.stackTraceLimit = limit;
    this.name = 'SipSyntaxError';
  }
}

/** A syntax error that is answered with 400. */
export function badSyntax(reason: string): SipSyntaxError {
  return new SipSyntaxError(400, reason);
}
