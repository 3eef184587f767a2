import { SightlineError } from '../../lib/errors';
import { parseAddresses, parseParty, parseSipUri } from './address';
import type { Address, SipUri } from './address';
import { contactKey, routeOf } from './binding';
import type { Binding, BindingUpdateParts } from './binding';
import { sourceOf } from './exchange';
import type { SipRequest } from './exchange';

/** Registration intervals in seconds, and contacts a user may have. */
export interface RegisterLimits {
  minExpires: number;
  maxExpires: number;
  defaultExpires: number;
  contacts: number;
}

export const defaultRegisterLimits: RegisterLimits = {
  minExpires: 60,
  maxExpires: 3_600,
  defaultExpires: 3_600,
  contacts: 10,
};

const MAX_CONTACT_HEADER = 8_192;
const MAX_TEXT = 128;

/** What a REGISTER asks for, read from its headers alone (RFC 3261 section 10.2). */
export interface RegisterRequest {
  /** The address-of-record: the To header. */
  aor: SipUri;
  callId: string;
  cseq: number;
  /** `Contact: *`. */
  clear: boolean;
  contacts: { address: Address; uri: SipUri; expires: number }[];
}

/**
 * Reads a REGISTER.
 * @throws SightlineError BAD_REQUEST when a header cannot be read or they contradict each other.
 */
export function readRegister(req: SipRequest, limits: RegisterLimits): RegisterRequest {
  const cseq = /^(\d{1,10})\s+\S+$/.exec(req.get('CSeq')?.trim() ?? '');
  const callId = req.get('Call-ID')?.trim() ?? '';
  if (!cseq || Number(cseq[1]) >= 2 ** 31) throw bad('The CSeq header cannot be read');
  if (callId === '' || callId.length > 256) throw bad('The Call-ID header cannot be used');
  const contact = req.get('Contact')?.trim() ?? '';
  if (contact.length > MAX_CONTACT_HEADER) throw bad('The Contact header is too long');
  const expires = seconds(req.get('Expires'));
  const clear = contact === '*';
  // "Remove everything" must be meant: RFC 3261 section 10.3 step 6 takes it with Expires: 0 only.
  if (clear && expires !== 0) throw bad('Contact: * needs Expires: 0');

  return {
    aor: parseParty(req.get('To'), 'To'),
    callId,
    cseq: Number(cseq[1]),
    clear,
    contacts: clear ? [] : readContacts(contact, expires ?? limits.defaultExpires),
  };
}

function readContacts(header: string, defaultExpires: number): RegisterRequest['contacts'] {
  return parseAddresses(header, 'Contact').map((address) => {
    const uri = parseSipUri(address.uri);
    if (!uri) throw bad('A Contact is no SIP URI that this server can use');

    return { address, uri, expires: seconds(address.params.get('expires')) ?? defaultExpires };
  });
}

/** Seconds, or undefined when there are none or they cannot be read (RFC 3261 section 20.19 has them taken as absent). */
function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined;
}

/**
 * The bindings that a REGISTER adds and the contacts that it removes.
 * @throws SightlineError EXPIRES_TOO_BRIEF for an interval below the site's shortest.
 */
export function bindingsOf(
  req: SipRequest,
  request: RegisterRequest,
  limits: RegisterLimits,
  now: number,
): BindingUpdateParts {
  const add = new Map<string, Binding>();
  const remove = new Set<string>();
  for (const { address, uri, expires } of request.contacts) {
    if (expires > 0 && expires < limits.minExpires) throw new SightlineError('EXPIRES_TOO_BRIEF');
    const instance = short(address.params.get('+sip.instance'));
    const regId = short(address.params.get('reg-id'));
    const key = contactKey(uri, instance, regId);
    add.delete(key);
    remove.delete(key);
    if (expires === 0) remove.add(key);
    else {
      const expiresAt = now + Math.min(expires, limits.maxExpires) * 1000;
      add.set(key, { ...bindingBase(req, request, address, uri), key, instance, regId, expiresAt, updatedAt: now });
    }
  }

  return { add: [...add.values()], remove: [...remove] };
}

function bindingBase(req: SipRequest, request: RegisterRequest, address: Address, uri: SipUri) {
  const source = sourceOf(req);
  const q = Number(address.params.get('q') || 1);

  return {
    user: request.aor.user,
    contact: address.uri,
    q: q >= 0 && q <= 1 ? q : 1,
    callId: request.callId,
    cseq: request.cseq,
    userAgent: short(req.get('User-Agent')),
    source,
    route: routeOf(uri, source, req.get('Via') ?? ''),
  };
}

function short(text: string | undefined): string | undefined {
  return text && text.length <= MAX_TEXT ? text : undefined;
}

function bad(detail: string): SightlineError {
  return new SightlineError('BAD_REQUEST', detail);
}
