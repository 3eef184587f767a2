import { CertificateError, certificateEnd, readCertificate } from './certificate';
import type { TlsFiles } from './certificate';

/** What is asked of those who connect: nothing, a certificate if they have one, or one at any rate. */
export type ClientCertificates = 'off' | 'optional' | 'required';

interface TlsSettings {
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
  tlsClients: ClientCertificates;
  controlCert: string | undefined;
  controlKey: string | undefined;
  drachtioCa: string | undefined;
  routeCa: string | undefined;
}

/** Files, each with the variable that names it. */
type Named = Partial<Record<keyof TlsFiles, readonly [variable: string, file: string | undefined]>>;

/**
 * What is wrong with the settings of TLS, their files included, each with its variable and the remedy. That the certificate of
 * SIP has expired is a warning of the log: phones may take it all the same, and calls are worth more than that. To the control port
 * nobody would connect.
 */
export function tlsFaults(settings: TlsSettings, now: number): string[] {
  const { tlsCert, tlsKey, tlsCa, tlsClients, controlCert, controlKey, drachtioCa, routeCa } = settings;
  const control = {
    cert: ['SIGHTLINE_CONTROL_TLS_CERT', controlCert],
    key: ['SIGHTLINE_CONTROL_TLS_KEY', controlKey],
  } as const;
  const faults = pairFaults({ cert: ['SIGHTLINE_TLS_CERT', tlsCert], key: ['SIGHTLINE_TLS_KEY', tlsKey] });
  if (tlsClients !== 'off' && tlsCa === undefined) {
    faults.push(
      'SIGHTLINE_TLS_CA: is missing; name the file with the authorities that sign the clients of SIGHTLINE_TLS_CLIENTS',
    );
  }
  faults.push(...fileFaults({ ca: ['SIGHTLINE_TLS_CA', tlsCa] }));
  const controlFaults = pairFaults(control);
  faults.push(...controlFaults);
  if (controlFaults.length === 0) faults.push(...expiryFaults(...control.cert, now));
  faults.push(...fileFaults({ ca: ['SIGHTLINE_DRACHTIO_CA', drachtioCa] }));
  faults.push(...fileFaults({ ca: ['SIGHTLINE_ROUTE_CA', routeCa] }));

  return faults;
}

/** A certificate and its key: one without the other, a fault in either, and where there is none, whether they belong together. */
function pairFaults({ cert, key }: Required<Pick<Named, 'cert' | 'key'>>): string[] {
  const [[certName, certFile], [keyName, keyFile]] = [cert, key];
  const faults: string[] = [];
  if (certFile !== undefined && keyFile === undefined) {
    faults.push(`${keyName}: is missing; name the file with the private key of ${certName}`);
  }
  if (keyFile !== undefined && certFile === undefined) {
    faults.push(`${certName}: is missing; name the file with the certificate of ${keyName}`);
  }
  const own = [...fileFaults({ cert }), ...fileFaults({ key })];
  const isPair = own.length === 0 && certFile !== undefined && keyFile !== undefined;

  return [...faults, ...(isPair ? fileFaults({ cert, key }) : own)];
}

function fileFaults(named: Named): string[] {
  const files = Object.fromEntries(Object.entries(named).map(([part, [, file]]) => [part, file]));
  try {
    readCertificate(files);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;

    return [`${named[error.part]![0]}: ${error.message}; name a file in PEM that this user may read`];
  }

  return [];
}

function expiryFaults(variable: string, file: string | undefined, now: number): string[] {
  const { cert } = readCertificate({ cert: file });
  const end = cert === undefined ? Infinity : certificateEnd(cert);
  if (end >= now) return [];

  return [
    `${variable}: ${file} expired at ${new Date(end).toISOString()}; name one that holds good, no application connects to it`,
  ];
}
