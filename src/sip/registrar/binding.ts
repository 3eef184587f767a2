import type { SipUri } from './address';
import type { Source } from './exchange';

/** One device of a user: where it says it is, and where it was seen. */
export interface Binding {
  user: string;
  /** The contact URI as registered: the Request-URI of requests to the device. */
  contact: string;
  /** The name under which the contact is kept; equal for equal contacts. */
  key: string;
  /** Preference from 0 to 1. */
  q: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
  updatedAt: number;
  callId: string;
  cseq: number;
  /** `+sip.instance` as sent, quotes included (RFC 5626). */
  instance?: string;
  regId?: string;
  userAgent?: string;
  /** Where the REGISTER came from. */
  source: Source;
  /** Where requests to the device are to be sent; see `routeOf`. */
  route: Source;
}

/**
 * The name of a contact. With an instance and a reg-id it is these two, whatever the URI (RFC 5626 section 6); else the
 * parts of the URI that RFC 3261 section 19.1.4 compares.
 */
export function contactKey(uri: SipUri, instance?: string, regId?: string): string {
  if (instance && regId) return `${instance.replace(/\s/g, '').toLowerCase()};${regId}`;
  const transport = uri.params.get('transport')?.toLowerCase() ?? '';
  const user = encodeURIComponent(uri.user);

  return `${uri.scheme}:${user}@${uri.host}:${uri.port ?? ''};${transport}`;
}

/**
 * Where to send requests for a contact. The source of the REGISTER reaches devices behind NAT and those that hold a
 * connection open. Only a device that plainly sits behind no NAT (its Via and its Contact name the very address that we
 * saw) is believed when it asks to be called on another port.
 */
export function routeOf(uri: SipUri, source: Source, topVia: string): Source {
  if (source.transport !== 'udp' || uri.host !== source.address.toLowerCase()) return source;
  const sentBy = /^SIP\s*\/\s*2\.0\s*\/\s*UDP\s+\[?([^\s;,\]]+?)\]?(?:\s*:\s*(\d+))?\s*(?:[;,]|$)/i.exec(topVia.trim());
  if (sentBy?.[1]?.toLowerCase() !== uri.host || Number(sentBy[2] ?? 5060) !== source.port) return source;

  const transport = uri.params.get('transport')?.toLowerCase() === 'tcp' ? 'tcp' : 'udp';

  return { ...source, transport, port: uri.port ?? 5060 };
}

/** Best device first: the higher preference, then the one that registered last. */
export function byPreference(a: Binding, b: Binding): number {
  return b.q - a.q || b.updatedAt - a.updatedAt || (a.key < b.key ? -1 : 1);
}

/** The entry of a Contact header that tells a device of its binding (RFC 3261 section 10.3 step 8). */
export function contactHeader(binding: Binding, now: number): string {
  const parts = [`<${binding.contact}>`, `expires=${Math.max(0, Math.ceil((binding.expiresAt - now) / 1000))}`];
  if (binding.q !== 1) parts.push(`q=${binding.q}`);
  if (binding.instance) parts.push(`+sip.instance=${binding.instance}`);
  if (binding.regId) parts.push(`reg-id=${binding.regId}`);

  return parts.join(';');
}

/** The part of a REGISTER that changes contacts: those to write, and the keys of those to remove. */
export interface BindingUpdateParts {
  add: Binding[];
  remove: string[];
}
