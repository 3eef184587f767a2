import type { Config } from './config';
import type { Logger } from './logger';

/** The part of the configuration that the control port of an embedded SIP server is started with. */
export function controlPort({ controlHost, controlPort: port, controlCert: cert, controlKey: key }: Config) {
  return { controlHost, controlPort: port, ...(cert !== undefined && { controlTls: { cert, key } }) };
}

/** Who commands the server can make calls at the owner's cost: on a network its secret has to be kept from listeners. */
export function warnOfOpenControlPort({ controlHost, controlCert }: Config, log: Logger): void {
  const isLoopback = controlHost === 'localhost' || controlHost === '::1' || controlHost.startsWith('127.');
  if (isLoopback || controlCert !== undefined) return;
  log.warn(
    { host: controlHost },
    'The control port is open to the network without TLS, and applications tell the secret there; ' +
      'set SIGHTLINE_CONTROL_TLS_CERT and SIGHTLINE_CONTROL_TLS_KEY, or SIGHTLINE_CONTROL_HOST=127.0.0.1',
  );
}
