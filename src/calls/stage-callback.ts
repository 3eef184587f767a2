import type { Call } from './call';
import { showPlace } from './stage-queue';

/**
 * The person asks to be called back, by the screen or a key, or a rule of the queue sends him that way: the call ends and the
 * ticket keeps its place. One who cannot be called back waits on.
 */
export async function askCallback(call: Call): Promise<void> {
  const { callbacks } = call.home;
  if (call.ended || call.record.callback) return;
  if (callbacks && (await callbacks.canAsk(call))) await callbacks.ask(call);
  else call.note('callback-refused', 'nobody can be called back here');
  if (!call.ended) await showPlace(call);
}

/** The ticket waits for its callback by the word of somebody else, such as a supervisor: as though the person himself had asked. */
export async function calledBackLater(call: Call): Promise<void> {
  if (call.record.callback) return;
  await call.home.callbacks?.granted(call);
  if (!call.ended) await showPlace(call);
}
