import { formatHostPort } from '../message/grammar';
import type { Target } from '../transport/types';

/**
 * Our Contact, made for one transport, for another that DNS chose: the address of ours there, and its transport. What the
 * application wrote itself, with an address that is not ours, stays as it is.
 */
export function adaptContact(contact: string, from: Target, to: Target): string {
  const own = formatHostPort(from.address, from.port);
  if (from.transport === to.transport && from.address === to.address && from.port === to.port) return contact;
  const parts = new RegExp(`^(.*<sips?:(?:[^@>]*@)?)${escaped(own)}([;>?].*)$`, 's').exec(contact);
  if (!parts) return contact;
  const rest = parts[2]!.replace(/^((?:;[^;>?]*)*?);transport=[^;>?]*/i, '$1');
  const param = to.transport === 'udp' || parts[1]!.includes('<sips:') ? '' : `;transport=${to.transport}`;

  return `${parts[1]}${formatHostPort(to.address, to.port)}${param}${rest}`;
}

function escaped(text: string): string {
  return text.replace(/[.[\]]/g, '\\$&');
}
