import type { Logger } from '../../../lib/logger';
import type { Pacer } from './pacer';
import type { Ports } from './ports';

/** What every endpoint of the worker shares. */
export interface EndContext {
  ports: Ports;
  pacer: Pacer;
  log: Logger;
}
