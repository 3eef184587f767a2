import { randomUUID } from 'node:crypto';
import type { SipRequest, SipResponse } from '../message/message';
import type { Return } from './loops';

/** What a branch of RFC 3261 begins with (section 8.1.1.7). */
const cookie = 'z9hG4bK';

/** A branch that nobody can guess, so that a forged response finds no transaction. */
export function newBranch(): string {
  return cookie + randomUUID();
}

/** The tag of our side of a dialog. */
export function newTag(): string {
  return randomUUID();
}

/**
 * The key of the server transaction that a request belongs to: branch, sent-by and method (RFC 3261 section 17.2.3). An
 * ACK and a CANCEL find the INVITE by `method`.
 */
export function serverKey(request: SipRequest, method = keyMethod(request.method)): string {
  const { branch, host, port } = request.via;
  // A bare cookie tells nothing (RFC 4475 section 3.2.1): such a request is matched as one of RFC 2543.
  if (branch !== undefined && branch.length > cookie.length && branch.startsWith(cookie)) {
    return keyOf(branch, host, port, method);
  }

  return oldKey(request, method);
}

/** RFC 2543 had no branches that are unique: the same section names what is compared instead. */
function oldKey(request: SipRequest, method: string): string {
  const { host, port, branch } = request.via;

  return keyOf('2543', request.uri, request.fromTag, request.callId, request.cseq.number, host, port, branch, method);
}

/**
 * The parts as one text. Joining copies them; a template would keep the parts, and each of those, being a slice, the
 * whole message that it was cut from, for as long as the key is in the table.
 */
function keyOf(...parts: (string | number | undefined)[]): string {
  return parts.join('|');
}

function keyMethod(method: string): string {
  return method === 'ACK' ? 'INVITE' : method;
}

/** The key of the client transaction that a request of ours makes, or that a response belongs to (section 17.1.3). */
export function clientKey(message: SipRequest | SipResponse): string {
  return keyOf(message.via.branch, message.cseq.method);
}

/**
 * What is the same in two copies of one request that came by different ways (section 8.2.2.2). Undefined for requests
 * within a dialog, which cannot fork. One that was sent on from here and came back for somebody else is no copy.
 */
export function mergeKey(request: SipRequest, cameBack?: Return): string | undefined {
  if (request.toTag !== undefined) return undefined;
  if (cameBack === 'spiral') {
    return keyOf(request.fromTag, request.callId, request.cseq.number, request.method, request.uri);
  }

  return keyOf(request.fromTag, request.callId, request.cseq.number, request.method);
}
