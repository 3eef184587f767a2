import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { systemClock, type Clock } from '../../lib/clock';
import type { PortRange } from '../../lib/config';
import { SightlineError } from '../../lib/errors';
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
 * endpoints need them. @throws SightlineError MEDIA_GONE when the worker cannot be started,
 * MEDIA_UNAVAILABLE when there is no such host.
 */
export async function startEmbeddedMedia(options: EmbeddedMediaOptions): Promise<EmbeddedServer> {
  const { ports, cacheDir, log, clock = systemClock } = options;
  const host = await addressOf(options.host);
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

async function addressOf(host: string): Promise<string> {
  if (isIP(host)) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new SightlineError(
      'MEDIA_UNAVAILABLE',
      `There is no host ${host} to bind RTP ports to; correct SIGHTLINE_HOST`,
      { cause },
    );
  }
}
