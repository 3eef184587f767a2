/** Header fields that hold credentials, each with its folded lines (RFC 3261 sections 7.3.1 and 20). */
const credentials =
  /^((?:(?:Proxy-)?Authorization|(?:Proxy-)?Authentication-Info)[ \t]*:[ \t]*)(.*(?:\r?\n[ \t].*)*)/gim;
/** In a digest only these tell of the password (RFC 7616); what else is in it is needed to see why it failed. */
const digestSecret = /\b((?:response|rspauth)[ \t\r\n]*=[ \t\r\n]*)("[^"]*"?|[^\s,;]*)/gi;
/** Lines of SDP that carry media keys: RFC 4568, RFC 4567, RFC 4566 section 5.12, and the ICE password of RFC 8839. */
const keyLine = /^(a=crypto:|a=key-mgmt:|k=|a=ice-pwd:)(.*)/gim;

/**
 * The bytes of a message with its secrets overwritten by `x`, as many as there were, so that Content-Length stays right.
 * The same buffer comes back when there are none. What is no SIP at all is looked at in the same way.
 */
export function maskSecrets(bytes: Buffer): Buffer {
  // latin1 is exact for any byte, and regular expressions on it count bytes.
  const text = bytes.toString('latin1');
  const masked = text
    .replace(credentials, (_all, name: string, value: string) => name + maskCredentials(name, value))
    .replace(keyLine, (_all, name: string, value: string) => name + maskKeys(name.toLowerCase(), value));

  return masked === text ? bytes : Buffer.from(masked, 'latin1');
}

function maskCredentials(name: string, value: string): string {
  if (/^digest\b/i.test(value) || name.toLowerCase().includes('info')) {
    return value.replace(digestSecret, (_all, before: string, secret: string) => before + maskQuoted(secret));
  }
  const scheme = /^[^\s]*\s+/.exec(value)?.[0] ?? '';

  return scheme + crossOut(value.slice(scheme.length));
}

/** Of `a=crypto` only the keys go: the suite is what one looks for when media do not come. */
function maskKeys(name: string, value: string): string {
  if (name !== 'a=crypto:') return crossOut(value);

  return value.replace(/(inline:)([^|;\s]*)/gi, (_all, before: string, key: string) => before + crossOut(key));
}

function maskQuoted(secret: string): string {
  return secret.replace(/[^"\s]/g, 'x');
}

function crossOut(text: string): string {
  return text.replace(/\S/g, 'x');
}
