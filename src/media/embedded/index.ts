import { systemClock, type Clock } from '../../lib/clock';
import type { PortRange } from '../../lib/config';
import type { Logger } from '../../lib/logger';
import { Producer } from './produce';
import { EmbeddedServer } from './server';

export type { EmbeddedServer } from './server';

export interface EmbeddedMediaOptions {
  /** The address that RTP ports are bound to; for 0.0.0.0 or ::, descriptions name the first address that others can reach. */
  host: string;
  ports: PortRange;
  /** Folder of the clips that were made, see Producer. */
  cacheDir: string;
  log: Logger;
  clock?: Clock;
}

/**
 * Starts the media server in this process: packets are handled by a worker thread of its own, ffmpeg by child processes. Ports are bound as
 * endpoints need them. @throws SightlineError MEDIA_GONE when the worker cannot be started.
 */
export async function startEmbeddedMedia(options: EmbeddedMediaOptions): Promise<EmbeddedServer> {
  const { host, ports, cacheDir, log, clock = systemClock } = options;
  const producer = new Producer({ cacheDir, log });
  const server = new EmbeddedServer({ host, ports, log, clock, producer });
  try {
    await server.start();
  } catch (error) {
    await server.close();
    throw error;
  }

  return server;
}
