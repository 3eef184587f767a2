/**
 * Whether a datagram is something that arrives on SIP ports but is no SIP: keep-alives of CRLF or NUL, STUN (its first
 * two bits are zero, so the first byte is a control character), RTP, RTCP and DTLS (first byte beyond ASCII or control).
 * The start line of a message begins with a token character, which is printable.
 */
export function isNotSip(bytes: Buffer): boolean {
  let at = 0;
  while (bytes[at] === 0x0d || bytes[at] === 0x0a) at += 1;
  const first = bytes[at];

  return first === undefined || first <= 0x20 || first >= 0x7f;
}
