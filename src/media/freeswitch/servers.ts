import { MediaPool } from '../pool';
import type { MediaServer } from '../port';
import { parseEslUrls } from './address';
import { type FreeswitchOptions, FreeswitchServer } from './server';

/**
 * All FreeSWITCH servers of FREESWITCH_URL as one. One that cannot be used now is tried for ever, so the pool is there before they are;
 * `available` tells whether any is.
 *
 * @throws CONFIG_INVALID for URLs that cannot be used, MEDIA_UNAVAILABLE when the shared folder cannot be written.
 */
export async function openFreeswitchServers(options: FreeswitchOptions): Promise<MediaServer> {
  const opened = await Promise.allSettled(
    parseEslUrls(options.urls).map((address) => FreeswitchServer.connect(address, options, true)),
  );
  const servers = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opened.find((one) => one.status === 'rejected');
  if (!failed) return new MediaPool(servers, options.log);
  await Promise.all(servers.map((server) => server.close()));
  throw failed.reason;
}
