import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';

/** What the subjectAltName of a certificate says about whom it is for. */
interface AltNames {
  /** The hosts of `sip:` URIs that have nothing else. */
  uris: string[];
  dns: string[];
  addresses: string[];
}

/**
 * Whether a certificate is that of a SIP domain (RFC 5922 section 7.2): by a `sip:` URI in subjectAltName, else by a DNS
 * name there, else, where it has neither, by the CN. A wildcard matches nothing. A far end that was named by an IP address
 * is held to an IP address in subjectAltName.
 * @returns the fault, or undefined when all is well
 */
export function verifySipIdentity(
  domain: string,
  certificate: Pick<PeerCertificate, 'subject' | 'subjectaltname'>,
): Error | undefined {
  const names = altNames(certificate.subjectaltname ?? '');
  const isProven =
    isIP(domain) !== 0
      ? names.addresses.some((one) => sameAddress(one, domain))
      : provesDomain(names, certificate, domain);

  return isProven ? undefined : new Error(`The certificate is not that of ${domain}`);
}

function provesDomain(names: AltNames, certificate: Pick<PeerCertificate, 'subject'>, domain: string): boolean {
  const wanted = domain.toLowerCase().replace(/\.$/, '');
  if (names.uris.length > 0) return names.uris.includes(wanted);
  if (names.dns.length > 0) return names.dns.includes(wanted);
  // A name may stand there twice.
  const common = (certificate.subject as Record<string, string | string[] | undefined> | undefined)?.CN;

  return [common].flat().some((one) => one?.toLowerCase() === wanted);
}

/** Reads Node's text of the extension: `DNS:a.example, URI:sip:b.example`; a value with odd characters is in quotes. */
function altNames(text: string): AltNames {
  const names: AltNames = { uris: [], dns: [], addresses: [] };
  for (const [, kind, quoted, plain] of text.matchAll(/(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g)) {
    // A quoted value holds what no name of a host may hold: commas, quotes, control characters.
    if (quoted !== undefined || plain === undefined) continue;
    if (kind === 'DNS') names.dns.push(plain.toLowerCase());
    else if (kind === 'IP Address') names.addresses.push(plain);
    else if (kind === 'URI') names.uris.push(...sipHost(plain));
  }

  return names;
}

/** RFC 5922 section 7.1: a URI with a user part names no domain. */
function sipHost(uri: string): string[] {
  const host = /^sip:([^@;?]+)$/i.exec(uri)?.[1];

  return host === undefined ? [] : [host.toLowerCase()];
}

function sameAddress(a: string, b: string): boolean {
  return isIP(a) === isIP(b) && canonical(a) === canonical(b);
}

/** IPv6 has many spellings; a URL has one. */
function canonical(address: string): string {
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
