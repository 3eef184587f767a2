import type { Call } from './call';
import { isWebrtc, reasonsToAnchor, securityFor } from './face-choice';

/** Why the media of a talk with a seat of this queue have to go through the server, as far as it is known before the seat answers. */
export function ringReasons({ plan, record }: Call, queue: string): string[] {
  return reasonsToAnchor(record.terminal.media.remote, plan.queues.get(queue)?.recording);
}

/** Why the media of this call's talk have to go through the server, by its queue and its phones. */
export function anchorReasons(call: Call): string[] {
  const { terminal, seat } = call.record;
  const reasons = ringReasons(call, call.offer?.queue ?? call.record.queue ?? '');
  const known = seat?.media.remote;
  if (known === undefined || reasons.includes('webrtc') || securityFor(known) === securityFor(terminal.media.remote)) {
    return reasons;
  }

  return [...reasons, isWebrtc(known) ? 'webrtc' : 'security'];
}
