import { SightlineError, errorTable, type ErrorCode } from '../lib/errors';

/** The cause in a call's record that stands for a code of the error table: `QUEUE_FULL` is `queue-full`. */
export function causeOf(code: ErrorCode): string {
  return code.toLowerCase().replaceAll('_', '-');
}

/** Causes that are no codes, and the code that a caller who was not answered yet gets for them. */
const others: Readonly<Record<string, ErrorCode>> = {
  overflowed: 'QUEUE_FULL',
  emergency: 'QUEUE_FULL',
  closed: 'QUEUE_FULL',
  shutdown: 'SHUTTING_DOWN',
  replaced: 'CALL_GONE',
  callback: 'USER_OFFLINE',
  removed: 'TICKET_GONE',
  bye: 'USER_OFFLINE',
  gone: 'USER_OFFLINE',
  'no-ack': 'USER_OFFLINE',
  'session-expired': 'USER_OFFLINE',
  'media-lost': 'MEDIA_GONE',
};

/** The error that a cause stands for; what is unknown is INTERNAL. */
export function errorOf(cause: string, detail?: string): SightlineError {
  const code = cause.toUpperCase().replaceAll('-', '_');
  const known = code in errorTable ? (code as ErrorCode) : others[cause];

  return new SightlineError(known ?? 'INTERNAL', detail);
}

/** Causes by which a talk breaks off although neither of the two has ended it. */
const unmeant: ReadonlySet<string> = new Set([
  'gone',
  'no-ack',
  'session-expired',
  'restart',
  'shutdown',
  'media-lost',
  'internal',
]);

/** Whether a talk was cut off: who calls again is to reach the same person. */
export function isCutOff(cause: string): boolean {
  return unmeant.has(cause);
}
