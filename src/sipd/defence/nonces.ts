const longest = 256;

/** The nonces in challenges or credentials, those without end left out. */
export function noncesIn(text: string): string[] {
  return [...text.matchAll(/\bnonce\s*=\s*"([^"]*)"/gi)].map(([, nonce = '']) => nonce).filter(isShort);
}

function isShort(nonce: string): boolean {
  return nonce.length <= longest;
}
