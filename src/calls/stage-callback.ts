import type { Call } from './call';
import { showPlace } from './stage-queue';

/**
 * The person asks to be called back, by the screen, a key or REST, or a rule of the queue sends him that way: the call ends and the
 * ticket keeps its place. One who cannot be called back waits on.
 */
export async function askCallback(call: Call): Promise<void> {
  const { callbacks } = call.home;
  if (call.ended || call.record.callback) return;
  if (callbacks && (await callbacks.canAsk(call))) await callbacks.ask(call);
  else call.note('callback-refused', 'nobody can be called back here');
  if (!call.ended) await showPlace(call);
}
