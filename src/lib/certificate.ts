import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import tls from 'node:tls';

/** Files in PEM. */
export interface TlsFiles {
  /** Our certificate, followed by those between it and its authority. */
  cert: string;
  /** Its private key, without a passphrase. */
  key: string;
  /** The authorities that the far ends' certificates are held to; those that come with Node when missing. */
  ca?: string;
}

/** What was in the files. */
export interface TlsMaterial {
  cert?: string;
  key?: string;
  ca?: string;
}

/** A file cannot serve. The message names it and says why; it never holds what is in the file. */
export class CertificateError extends Error {
  constructor(
    readonly part: keyof TlsFiles,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CertificateError';
  }
}

/**
 * Reads the files that are named and tries them: each can be read and is of its kind, and certificate and key are a pair.
 * @throws CertificateError
 */
export function readCertificate(files: Partial<TlsFiles>): TlsMaterial {
  const cert = readPart('cert', files.cert, /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/, 'certificate');
  const key = readPart('key', files.key, /-----BEGIN [A-Z ]*PRIVATE KEY-----/, 'private key');
  const ca = readPart('ca', files.ca, /-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/, 'certificate');
  const asContext = (material: TlsMaterial) => () => tls.createSecureContext(material);
  if (cert) tryPart('cert', `${files.cert} is not a certificate that can be used`, asContext({ cert }));
  if (key) tryPart('key', `${files.key} is no private key that can be used; has it a passphrase?`, asContext({ key }));
  if (cert && key) tryPart('key', `${files.key} is not the key of ${files.cert}`, asContext({ cert, key }));
  // A context takes what it can read of a list of authorities, and is silent about the rest.
  if (ca) tryPart('ca', `${files.ca} is not a certificate that can be used`, () => new X509Certificate(ca));

  return { cert, key, ca };
}

/** The last moment that the first certificate in a PEM text holds good, in ms since the epoch. */
export function certificateEnd(pem: string): number {
  return Date.parse(new X509Certificate(pem).validTo);
}

function readPart(part: keyof TlsFiles, file: string | undefined, mark: RegExp, kind: string): string | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    throw new CertificateError(part, `${file} cannot be read (${code})`, { cause: error });
  }
  if (!mark.test(text)) throw new CertificateError(part, `${file} holds no ${kind} in PEM`);

  return text;
}

function tryPart(part: keyof TlsFiles, words: string, attempt: () => unknown): void {
  try {
    attempt();
  } catch (error) {
    throw new CertificateError(part, words, { cause: error });
  }
}
