import type { Config } from './config';
import { SightlineError } from './errors';

/** What is wrong, and what to do; `{setting}` names the variable that the port comes from. */
const remedies: Record<string, string> = {
  EADDRINUSE: 'another process has that port; end it, or give another port with {setting}',
  EACCES: 'this user may not open that port; give one above 1023 with {setting}',
  EADDRNOTAVAIL:
    'this machine has no such address; correct SIGHTLINE_HOST, SIGHTLINE_SIP_HOSTS or SIGHTLINE_CONTROL_HOST',
  ENOTFOUND: 'there is no such host name; correct SIGHTLINE_HOST',
  EAI_AGAIN: 'the host name cannot be looked up now; give an address with SIGHTLINE_HOST',
};

interface SystemFault {
  code: string;
  port: number | undefined;
}

/**
 * A port or an address that cannot be had is for the operator to mend: the error as CONFIG_INVALID that says where and
 * how. Any other error is given back as it is.
 */
export function asListenFault(thrown: unknown, config: Config): unknown {
  const fault = systemFault(thrown) ?? systemFault((thrown as { cause?: unknown } | undefined)?.cause);
  const remedy = fault && remedies[fault.code];
  if (!fault || remedy === undefined) return thrown;
  const host = fault.port === config.controlPort ? config.controlHost : config.host;
  const where = fault.port === undefined ? host : `${host}:${fault.port}`;
  const words = `Cannot listen on ${where}: ${remedy.replace('{setting}', settingOf(fault.port, config))}`;

  return new SightlineError('CONFIG_INVALID', words, { cause: thrown });
}

function systemFault(thrown: unknown): SystemFault | undefined {
  const { code, port, syscall } = (thrown ?? {}) as { code?: unknown; port?: unknown; syscall?: unknown };
  if (typeof code !== 'string' || typeof syscall !== 'string') return undefined;

  return { code, port: typeof port === 'number' ? port : undefined };
}

function settingOf(port: number | undefined, config: Config): string {
  if (port === config.httpPort) return 'SIGHTLINE_HTTP_PORT';
  if (port === config.wsPort) return 'SIGHTLINE_WS_PORT';
  if (port === config.tlsPort) return 'SIGHTLINE_SIP_TLS_PORT';
  if (port === config.wssPort) return 'SIGHTLINE_WSS_PORT';

  return port === config.controlPort ? 'SIGHTLINE_CONTROL_PORT' : 'SIGHTLINE_SIP_PORT';
}
