import type { Call } from './call';
import { reasonsToAnchor } from './face-choice';

/** Why the media of this call's talk have to go through the server, by its queue and its phones. */
export function anchorReasons(call: Call): string[] {
  const queue = call.plan.queues.get(call.offer?.queue ?? call.record.queue ?? '') as
    { recording?: string } | undefined;

  return reasonsToAnchor(call.record.terminal.media.remote, queue?.recording);
}
