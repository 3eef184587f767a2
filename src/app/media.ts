import path from 'node:path';
import type { CallManager } from '../calls/manager';
import type { Recorder } from '../calls/recording';
import { advertisedAddress } from '../lib/addresses';
import type { openMedia } from '../media/open';
import type { MediaServer } from '../media/port';
import { Speech } from '../media/speech';
import type { Edge } from '../sip/edge';
import type { Base } from './base';

export function openSpeech({ config, log, closer }: Base): Speech {
  const speech = new Speech({ cacheDir: path.join(config.dataDir, 'prompts'), log });
  closer.add('prompts', () => speech.close());

  return speech;
}

/** Opens the media engine of the configuration. Calls that need no media are taken without an engine, too. */
export async function startMedia(base: Base, open: typeof openMedia, edge: Edge): Promise<MediaServer> {
  const { config, log, closer } = base;
  const { host, rtpPorts, freeswitchUrl, dataDir } = config;
  const listenAddress = advertisedAddress(host);
  const media = await open({
    host,
    ports: rtpPorts,
    dataDir,
    log,
    ...(freeswitchUrl === undefined
      ? {}
      : { freeswitch: { urls: freeswitchUrl, srf: edge.srf, listenAddress, owner: config.node } }),
  });
  closer.add('media', () => media.close());

  return media;
}

/** Calls and recordings use the engine, and hear when it is lost and when it is back. */
export function followMedia({ log, closer }: Base, media: MediaServer, recorder: Recorder, calls: CallManager): void {
  closer.add('recorder', () => recorder.close());
  const lost = media.events.on('down', (reason) => {
    log.error(
      { engine: media.name, reason },
      'a media engine is lost; calls go on where their media can go end to end',
    );
  });
  closer.add('watch on the media engine', lost);
  const back = media.events.on('up', () => calls.mediaBack());
  closer.add('calls without media', back);
}
