import type { Call } from './call';
import { isWebrtc, reasonsToAnchor, securityFor } from './face-choice';

/** Why the media of this call's talk have to go through the server, by its queue and its phones. */
export function anchorReasons(call: Call): string[] {
  const queue = call.plan.queues.get(call.offer?.queue ?? call.record.queue ?? '');
  const { terminal, seat } = call.record;
  const reasons = reasonsToAnchor(terminal.media.remote, queue?.recording);
  const known = seat?.media.remote;
  if (known === undefined || reasons.includes('webrtc') || securityFor(known) === securityFor(terminal.media.remote)) {
    return reasons;
  }

  return [...reasons, isWebrtc(known) ? 'webrtc' : 'security'];
}
