const DIGITS = /^[0-9*#A-D]$/;

/**
 * The digit of an INFO that carries DTMF, or undefined when the body has none. Two forms are in use, neither in an RFC:
 * `application/dtmf-relay` with `Signal=5` and `Duration=160` lines, and `application/dtmf` with the bare digit. 10 and 11 stand
 * for star and hash in both, after the event numbers of RFC 4733.
 */
export function readDtmfInfo(contentType: string | undefined, body: Buffer | string): string | undefined {
  const type = (contentType ?? '').split(';')[0]?.trim().toLowerCase();
  const text = (typeof body === 'string' ? body : body.toString('latin1')).slice(0, 200);
  if (type === 'application/dtmf') return digitOf(text);
  if (type !== 'application/dtmf-relay') return undefined;
  const signal = /^[ \t]*signal[ \t]*=(.*)$/im.exec(text)?.[1];

  return signal === undefined ? undefined : digitOf(signal);
}

function digitOf(text: string): string | undefined {
  const digit = text.trim().toUpperCase();
  if (digit === '10') return '*';
  if (digit === '11') return '#';

  return DIGITS.test(digit) ? digit : undefined;
}
