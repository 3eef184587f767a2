import { createHash, X509Certificate } from 'node:crypto';
import { CipherContext, HashAlgorithm, NamedCurveAlgorithm, SignatureAlgorithm } from 'werift';
import { attributes } from '../../sdp/document';

/** What we show in DTLS handshakes. */
export interface Certificate {
  /** PEM. */
  cert: string;
  /** PEM. */
  key: string;
  signatureHash: { hash: 4; signature: 3 };
  /** The value of `a=fingerprint`. */
  fingerprint: string;
}

let own: Promise<Certificate> | undefined;

/** A self-signed certificate, made once and kept for the process: the descriptions say which one it is, nobody vouches for it. */
export function ownCertificate(): Promise<Certificate> {
  own ??= makeCertificate();

  return own;
}

export async function makeCertificate(): Promise<Certificate> {
  const signatureHash = { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 } as const;
  const made = await CipherContext.createSelfSignedCertificateWithKey(signatureHash, NamedCurveAlgorithm.secp256r1_23);
  const fingerprint = `sha-256 ${new X509Certificate(made.certPem).fingerprint256}`;

  return { cert: made.certPem, key: made.keyPem, signatureHash: { hash: 4, signature: 3 }, fingerprint };
}

export interface Fingerprint {
  algorithm: string;
  value: string;
}

/** From the strongest on; weaker ones are not believed (RFC 8122 section 5). */
const ALGORITHMS: Readonly<Record<string, string>> = { 'sha-512': 'sha512', 'sha-384': 'sha384', 'sha-256': 'sha256' };

/** The fingerprints that a peer named, of the strongest algorithm among them that we know. */
export function readFingerprints(lines: readonly string[]): Fingerprint[] {
  const all = attributes(lines, 'fingerprint').map((value) => {
    const [algorithm = '', digest = ''] = value.split(/\s+/);

    return { algorithm: algorithm.toLowerCase(), value: digest.toUpperCase() };
  });
  const strongest = Object.keys(ALGORITHMS).find((name) => all.some(({ algorithm }) => algorithm === name));

  return all.filter(({ algorithm }) => algorithm === strongest);
}

/** Whether a certificate (DER) is one of those that the peer named. */
export function matchesFingerprint(certificate: Buffer, fingerprints: readonly Fingerprint[]): boolean {
  return fingerprints.some(({ algorithm, value }) => {
    const hash = ALGORITHMS[algorithm];
    if (!hash) return false;
    const digest = createHash(hash).update(certificate).digest('hex').toUpperCase();

    return digest.match(/../g)?.join(':') === value;
  });
}
