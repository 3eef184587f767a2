import type tls from 'node:tls';
import { readCertificate } from './certificate';

/** What Node says of a certificate that it does not accept, in its errors' `code`. */
const distrust = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The code of an error by which a connection ended because of the far end's certificate; undefined for every other error. */
export function distrustCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;

  return typeof code === 'string' && distrust.has(code) ? code : undefined;
}

/** What to do about a far end that `applicationRoute` leads to and whose certificate is not accepted; undefined for every other error. */
export function distrustWords(error: unknown): string | undefined {
  const code = distrustCode(error);
  if (code === undefined) return undefined;

  return (
    `its certificate is not accepted (${code}): it has to name the host and to hold good, and its authority has to be known, ` +
    'by `tls` of applicationRoute (SIGHTLINE_ROUTE_CA) or NODE_EXTRA_CA_CERTS'
  );
}

/**
 * For a connection whose far end is held to what is in a file in PEM: authorities, or its very certificate, whoever signed that
 * (from Node 20.18 on; before, only one that signed itself). Without a file: to the authorities that come with Node, and to those of
 * NODE_EXTRA_CA_CERTS.
 * @throws CertificateError
 */
export function heldTo(file: string | undefined): tls.ConnectionOptions {
  if (file === undefined) return {};

  return { ca: readCertificate({ ca: file }).ca, allowPartialTrustChain: true };
}
