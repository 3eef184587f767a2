import { CertificateError, readCertificate } from './certificate';
import type { TlsFiles } from './certificate';

/** What is asked of those who connect: nothing, a certificate if they have one, or one at any rate. */
export type ClientCertificates = 'off' | 'optional' | 'required';

interface TlsSettings {
  tlsCert: string | undefined;
  tlsKey: string | undefined;
  tlsCa: string | undefined;
  tlsClients: ClientCertificates;
}

const variables: Readonly<Record<keyof TlsFiles, string>> = {
  cert: 'SIGHTLINE_TLS_CERT',
  key: 'SIGHTLINE_TLS_KEY',
  ca: 'SIGHTLINE_TLS_CA',
};

/** What is wrong with the settings of TLS, their files included, each with its variable and the remedy. */
export function tlsFaults({ tlsCert, tlsKey, tlsCa, tlsClients }: TlsSettings): string[] {
  const faults: string[] = [];
  if (tlsCert !== undefined && tlsKey === undefined) {
    faults.push('SIGHTLINE_TLS_KEY: is missing; name the file with the private key of SIGHTLINE_TLS_CERT');
  }
  if (tlsKey !== undefined && tlsCert === undefined) {
    faults.push('SIGHTLINE_TLS_CERT: is missing; name the file with the certificate of SIGHTLINE_TLS_KEY');
  }
  if (tlsClients !== 'off' && tlsCa === undefined) {
    faults.push(
      'SIGHTLINE_TLS_CA: is missing; name the file with the authorities that sign the clients of SIGHTLINE_TLS_CLIENTS',
    );
  }
  for (const files of [{ cert: tlsCert, key: tlsKey }, { ca: tlsCa }]) {
    const fault = faultOf(files);
    if (fault !== undefined) faults.push(fault);
  }

  return faults;
}

function faultOf(files: Partial<TlsFiles>): string | undefined {
  try {
    readCertificate(files);
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;

    return `${variables[error.part]}: ${error.message}; name a file in PEM that this user may read`;
  }

  return undefined;
}
