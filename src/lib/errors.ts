/**
 * The one table of error codes. A code is never reused for another meaning; docs/errors.md lists them all and a test
 * compares the two. `http` is the status of REST answers (RFC 9457 problem+json), `sip` that of SIP answers, which
 * carry the code in a Warning header (RFC 3261 section 20.43, warn-code 399).
 */
export const errorTable = {
  // Requests that cannot be read.
  BAD_REQUEST: { http: 400, sip: 400, title: 'The request cannot be read' },
  REQUEST_TIMEOUT: { http: 408, sip: 408, title: 'The request did not arrive whole in time' },
  HEADER_TOO_LARGE: { http: 431, sip: 513, title: 'The header is larger than the server takes' },
  BODY_TOO_LARGE: { http: 413, sip: 413, title: 'The body is larger than the server takes' },
  UNSUPPORTED_MEDIA_TYPE: { http: 415, sip: 415, title: 'The content type is not taken here' },
  METHOD_NOT_ALLOWED: { http: 405, sip: 405, title: 'The method is not allowed here' },
  // Identity.
  AUTH_REQUIRED: { http: 401, sip: 401, title: 'Credentials are needed' },
  FORBIDDEN: { http: 403, sip: 403, title: 'This caller may not do that' },
  USER_MISMATCH: { http: 403, sip: 403, title: 'The credentials are those of another user' },
  // Routing.
  NOT_FOUND: { http: 404, sip: 404, title: 'There is nothing at this address' },
  SERVICE_UNKNOWN: { http: 404, sip: 404, title: 'The site has no such service' },
  NUMBER_UNKNOWN: { http: 404, sip: 404, title: 'The number is not in use' },
  NUMBER_FOREIGN: { http: 403, sip: 403, title: 'The routing number is leased to another caller' },
  NUMBER_EXPIRED: { http: 410, sip: 410, title: 'The routing number has expired; ask for help again' },
  NUMBER_USED: { http: 410, sip: 410, title: 'The routing number was used already; ask for help again' },
  TOO_MANY_LEASES: {
    http: 429,
    sip: 403,
    title: 'The terminal holds as many unused routing numbers as the site allows',
  },
  POOL_EXHAUSTED: { http: 503, sip: 503, title: 'No routing number is free' },
  USER_OFFLINE: { http: 480, sip: 480, title: 'The user is known but not registered' },
  LOOP: { http: 508, sip: 482, title: 'The call came back to where it has been' },
  // Registration.
  EXPIRES_TOO_BRIEF: { http: 400, sip: 423, title: 'The registration interval is too brief' },
  TOO_MANY_CONTACTS: { http: 403, sip: 403, title: 'The user has as many contacts as the site allows' },
  STALE_REGISTRATION: { http: 409, sip: 500, title: 'The REGISTER is older than one already seen' },
  // Calls.
  CALL_GONE: { http: 404, sip: 481, title: 'The call does not exist' },
  WRONG_STATE: { http: 409, sip: 491, title: 'The call, ticket or seat is not in a state that allows this' },
  BAD_INFO_PACKAGE: { http: 469, sip: 469, title: 'The info package was not announced for this call' },
  MEDIA_MISMATCH: { http: 488, sip: 488, title: 'The session descriptions have nothing in common' },
  SESSION_TOO_SMALL: { http: 422, sip: 422, title: 'The session interval is too small' },
  // Media.
  MEDIA_GONE: { http: 410, sip: 480, title: 'The media of this call are not there any more' },
  MEDIA_UNAVAILABLE: { http: 503, sip: 503, title: 'No media engine can do that now' },
  // Recordings.
  RECORDING_UNKNOWN: { http: 404, sip: 404, title: 'There is no such recording' },
  RECORDING_FORBIDDEN: { http: 403, sip: 403, title: 'Calls of this queue are not recorded' },
  RANGE_NOT_SATISFIABLE: { http: 416, sip: 400, title: 'The range lies outside the file' },
  STORAGE_FULL: { http: 507, sip: 500, title: 'Nothing more can be written: the disk is full' },
  // Queue.
  QUEUE_UNKNOWN: { http: 404, sip: 404, title: 'The site has no such queue' },
  QUEUE_FULL: { http: 503, sip: 503, title: 'The queue takes no more callers' },
  TICKET_GONE: { http: 410, sip: 410, title: 'The ticket is no longer waiting' },
  TICKET_UNKNOWN: { http: 404, sip: 404, title: 'There is no such ticket' },
  OFFER_GONE: { http: 410, sip: 410, title: 'The offer was withdrawn or has expired' },
  SEAT_UNKNOWN: { http: 404, sip: 404, title: 'The site has no such seat' },
  // The server itself.
  CONFIG_INVALID: { http: 500, sip: 500, title: 'The configuration has faults' },
  PLAN_INVALID: { http: 422, sip: 500, title: 'The dialplan has faults' },
  STORE_UNAVAILABLE: { http: 503, sip: 503, title: 'The state store cannot be reached; try again shortly' },
  EDGE_UNAVAILABLE: { http: 503, sip: 503, title: 'The SIP edge cannot be reached' },
  OVERLOADED: { http: 503, sip: 503, title: 'The server has as much work as it can do well' },
  SHUTTING_DOWN: { http: 503, sip: 503, title: 'The server is stopping' },
  INTERNAL: { http: 500, sip: 500, title: 'An error inside the server' },
} as const;

export type ErrorCode = keyof typeof errorTable;

export interface ErrorExtras {
  /** Seconds after which a new try makes sense; sent as Retry-After. */
  retryAfter?: number;
  /** WRONG_STATE: the thing as it is, for REST only; SIP has no place for it. */
  state?: object;
  cause?: unknown;
}

/** An expected failure: it has a code of the table and may be shown to the one who asked. */
export class SightlineError extends Error {
  readonly code: ErrorCode;
  readonly retryAfter: number | undefined;
  readonly state: object | undefined;

  constructor(code: ErrorCode, detail?: string, extras: ErrorExtras = {}) {
    super(detail ?? errorTable[code].title, { cause: extras.cause });
    this.name = 'SightlineError';
    this.code = code;
    this.retryAfter = extras.retryAfter;
    this.state = extras.state;
  }

  get http(): number {
    return errorTable[this.code].http;
  }

  get sip(): number {
    return errorTable[this.code].sip;
  }
}

/** Any thrown value as a SightlineError: unknown ones become INTERNAL and keep the original as cause. */
export function asSightlineError(thrown: unknown): SightlineError {
  if (thrown instanceof SightlineError) return thrown;
  return new SightlineError('INTERNAL', undefined, { cause: thrown });
}

/** The value of a Warning header that carries an error code to a SIP client. */
export function warningHeader(error: SightlineError): string {
  const text = error.message.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, "'");

  return `399 sightline "${error.code}: ${text}"`;
}
