import path from 'node:path';
import type { PortRange } from '../lib/config';
import type { Logger } from '../lib/logger';
import { startEmbeddedMedia } from './embedded';
import type { MediaServer } from './port';

export interface MediaOptions {
  host: string;
  ports: PortRange;
  /** Folder for what is kept; clips that were made go into one of its own. */
  dataDir: string;
  log: Logger;
}

/**
 * Opens the media engine of the configuration: the one in this process. @throws SightlineError MEDIA_GONE when it cannot be started.
 */
export function openMedia({ host, ports, dataDir, log }: MediaOptions): Promise<MediaServer> {
  return startEmbeddedMedia({ host, ports, cacheDir: path.join(dataDir, 'media-cache'), log });
}
