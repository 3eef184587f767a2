import { isIP } from 'node:net';
import type { SipMessage } from '../message/message';
import { isFlow } from '../transport/flow';
import type { Destination, Target } from '../transport/types';
import { locate } from './locate';
import type { LocateContext } from './locate';
import type { Downs } from './downs';

/** One attempt at a request. */
export interface Way {
  target: Target;
  /** Only tried when the attempt before it found no connection: UDP for what was too long for it (RFC 3261 section 18.1.1). */
  isFallback?: true;
}

export interface WaysContext extends LocateContext {
  downs: Downs;
  /** Bytes beyond which a request does not go by UDP; 0 lets any length go. */
  maxDatagram: number;
  /** Whether a socket of ours reaches that address by that transport. */
  reaches(target: Target): boolean;
}

/** Room for the Via that is added later. */
const viaLength = 120;

/** Whether nothing is to be found out or chosen: the message goes there and nowhere else. */
export function isPlain(message: SipMessage, destination: Destination, context: WaysContext): boolean {
  // A flow is the way itself: what is behind it may be reached by nothing else.
  if (isFlow(destination)) return true;
  if (isIP(destination.address) === 0) return false;

  return destination.transport !== 'udp' || !isTooLong(message, destination, context);
}

/** What to try for a target, in this order. @throws TransportError */
export async function waysTo(message: SipMessage, target: Target, context: WaysContext): Promise<Way[]> {
  const found = await locate(target, context);
  const reached = found.filter((one) => context.reaches(one));
  // With no socket for any of them the first attempt tells what is missing.
  const targets = context.downs.order(reached.length > 0 ? reached : found);

  return targets.flatMap((one) => waysOf(message, one, context));
}

/** What to try for one address. */
export function waysOf(message: SipMessage, target: Target, context: WaysContext): Way[] {
  if (target.transport !== 'udp' || !isTooLong(message, target, context)) return [{ target }];
  const byTcp: Target = { ...target, transport: 'tcp' };
  // Whoever refused TCP a moment ago is not asked again for each message.
  if (context.downs.has(byTcp) || !context.reaches(byTcp)) return [{ target }];

  return [{ target: byTcp }, { target, isFallback: true }];
}

function isTooLong(message: SipMessage, target: Target, { maxDatagram, serves }: WaysContext): boolean {
  if (maxDatagram === 0 || message.kind !== 'request' || target.secure || !serves('tcp')) return false;

  return lengthOf(message) > maxDatagram;
}

/** The bytes of a message on the wire, near enough; cheaper than making them. */
function lengthOf(message: SipMessage): number {
  let length = message.body.length + viaLength;
  message.headers.forEach((name, value) => (length += name.length + value.length + 4));

  return length;
}
