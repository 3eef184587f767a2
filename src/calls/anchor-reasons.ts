import type { Call } from './call';
import { reasonsToAnchor, securityFor } from './face-choice';

/** Why the media of this call's talk have to go through the server, by its queue and its phones. */
export function anchorReasons(call: Call): string[] {
  const queue = call.plan.queues.get(call.offer?.queue ?? call.record.queue ?? '') as
    { recording?: string } | undefined;
  const { terminal, seat } = call.record;
  const reasons = reasonsToAnchor(terminal.media.remote, queue?.recording);
  const differs =
    seat?.media.remote !== undefined && securityFor(seat.media.remote) !== securityFor(terminal.media.remote);

  return differs && !reasons.includes('webrtc') ? [...reasons, 'security'] : reasons;
}
