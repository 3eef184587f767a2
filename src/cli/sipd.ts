import { systemClock } from '../lib/clock';
import type { Config } from '../lib/config';
import { controlPort, warnOfOpenControlPort } from '../lib/control-port';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { sipSockets } from '../lib/sip-sockets';
import { openSecurityLog } from '../sipd/defence/security-log';
import { defenceSettings } from '../sipd/defence/settings';
import { startSipd, type Sipd } from '../sipd/server';
import { openTraceFile } from '../sipd/trace/trace-file';
import { routerOf } from './route';

/** `sightline sipd`: the embedded SIP server as a process of its own. Dialogs outlive the application that made them. */
export async function startStandaloneSipd(config: Config, log: Logger): Promise<Pick<Sipd, 'close'>> {
  const { controlSecret } = config;
  if (controlSecret === undefined) {
    throw new SightlineError(
      'CONFIG_INVALID',
      'SIGHTLINE_CONTROL_SECRET is not set: choose a secret of at least 8 characters, and give the application ' +
        `DRACHTIO_URL=${config.controlCert === undefined ? 'tcp' : 'tls'}://:<the secret>@${config.controlHost}:${config.controlPort}`,
    );
  }
  warnOfOpenControlPort(config, log);
  const lines = openSecurityLog(config.securityLog, log);
  const trace = openTraceFile(config.sipTrace, log);
  const sipd = await startSipd({
    ...sipSockets(config),
    ...controlPort(config),
    applicationRoute: routerOf(config),
    secret: controlSecret,
    log,
    defence: defenceSettings(config),
    trace: trace && ((event) => trace.add(event)),
    authFailed: (failure) => lines?.authFailed(failure, systemClock.now()),
  });
  log.info({ sip: sipd.addresses }, 'ready');

  return { close: () => sipd.close().then(() => Promise.all([lines?.close(), trace?.close()]).then(() => undefined)) };
}
