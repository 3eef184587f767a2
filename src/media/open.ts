import path from 'node:path';
import type { PortRange } from '../lib/config';
import type { Logger } from '../lib/logger';
import { startEmbeddedMedia } from './embedded';
import { type MediaSrf, openFreeswitchServers } from './freeswitch';
import type { MediaServer } from './port';

export interface MediaOptions {
  host: string;
  ports: PortRange;
  /** Folder for what is kept; clips that were made go into one of its own. */
  dataDir: string;
  log: Logger;
  /** Takes FreeSWITCH servers instead of the engine in this process. */
  freeswitch?: {
    /** One or several, separated by commas: `esl://:password@host:8021`. */
    urls: string;
    /** The drachtio-srf application, through whose SIP edge they are called. */
    srf: MediaSrf;
    /** The address of this machine that they can reach. */
    listenAddress: string;
    /** What is ours on servers that several applications share; stable over restarts. */
    owner?: string;
  };
}

/**
 * Opens the media engine of the configuration: FreeSWITCH servers, or the one in this process.
 *
 * @throws SightlineError MEDIA_GONE when the one in this process cannot be started; MEDIA_UNAVAILABLE or CONFIG_INVALID as
 *   `openFreeswitchServers`, which waits for nobody: servers that cannot be used yet are tried again.
 */
export function openMedia({ host, ports, dataDir, log, freeswitch }: MediaOptions): Promise<MediaServer> {
  if (freeswitch) return openFreeswitchServers({ ...freeswitch, folder: path.join(dataDir, 'media'), log });

  return startEmbeddedMedia({ host, ports, cacheDir: path.join(dataDir, 'media-cache'), log });
}
