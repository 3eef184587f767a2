import { pause } from '../lib/clock';
import type { Call } from './call';

/** How long a call waits for an engine that is just being started again, in ms. */
const patienceMs = 2000;

/** Resolves when there is an engine, at the latest after a while. */
export async function engineBack(call: Call): Promise<void> {
  const { media, clock } = call.home;
  if (!media || media.available) return;
  let off: () => void = () => undefined;
  const back = new Promise<void>((resolve) => {
    off = media.events.on('up', resolve);
  });
  try {
    await Promise.race([back, pause(clock, patienceMs)]);
  } finally {
    off();
  }
}
