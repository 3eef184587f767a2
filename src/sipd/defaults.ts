import { systemClock } from '../lib/clock';
import type { Clock } from '../lib/clock';
import { newToken } from '../lib/ids';
import { silentLogger } from '../lib/logger';
import type { Logger } from '../lib/logger';

interface Defaults {
  host: string;
  controlPort: number;
  secret: string;
  log: Logger;
  clock: Clock;
}

/** The options with what was left out. A server that was told no port at all takes free ones for UDP and TCP. */
export function withDefaults<T extends Partial<Defaults>>(given: T): T & Defaults {
  const defaults: Defaults = {
    host: '127.0.0.1',
    controlPort: 0,
    secret: newToken(),
    log: silentLogger,
    clock: systemClock,
  };
  const named = Object.entries(given).filter(([, value]) => value !== undefined);
  const listens = named.some(([name]) => name === 'listen' || (name.endsWith('Port') && name !== 'controlPort'));

  return { ...given, ...defaults, ...(listens ? {} : { udpPort: 0, tcpPort: 0 }), ...Object.fromEntries(named) };
}
