import { standsAt } from './chars';

/** The methods of SIP that this project knows by name: RFC 3261, 3262, 3311, 6086, 3428, 3515, 6665 and 3903. */
export const knownMethods = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'PRACK',
  'UPDATE',
  'INFO',
  'MESSAGE',
  'REFER',
  'SUBSCRIBE',
  'NOTIFY',
  'PUBLISH',
] as const;

/** The method that is written there, when it is one of these: a text that all have in common, which is told from others quickly. */
export function methodAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  for (const method of knownMethods) if (method.length === end - start && standsAt(method, bytes, start)) return method;

  return undefined;
}
