import type { QueueConfig } from '../acd/config';
import type { CallRecord } from './record';
import type { CallState } from './state';

/** How long a terminal that was cut off while it waited may dial its number again, in seconds, unless its queue says otherwise. */
const redialSeconds = 60;
/** How long one who is to be called back may dial its number to have its place back before, in seconds. */
const callbackRedialSeconds = 3600;

/** Ends of a call that its caller did not mean, or that keep its place: so is the way back to it. */
const keepsPlace: ReadonlySet<string> = new Set([
  'bye',
  'cancelled',
  'callback',
  'gone',
  'session-expired',
  'no-ack',
  'restart',
  'shutdown',
  'store-unavailable',
  'internal',
]);

/**
 * How long the routing number of a call that has ended may be dialled again, in ms; undefined: it has served its one use. `from` is the
 * state in which the call ended.
 */
export function redialTime(
  { end, queue }: CallRecord,
  from: CallState,
  config: (queue: string) => Pick<QueueConfig, 'grace'> | undefined,
): number | undefined {
  const waited = from === 'queued' || from === 'offered';
  if (!waited || !keepsPlace.has(end?.cause ?? '')) return undefined;
  if (end?.cause === 'callback') return callbackRedialSeconds * 1000;

  return ((queue && config(queue)?.grace) || redialSeconds) * 1000;
}
