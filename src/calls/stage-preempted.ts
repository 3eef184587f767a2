import { inactiveOffer } from '../media/sdp';
import { asSightlineError } from '../lib/errors';
import type { Call } from './call';
import { dropEndpoints } from './endpoints';
import { offerTo } from './offer-to';
import { engineUp, isMediaFace, recoverFace } from './stage-face';
import { showPlace } from './stage-queue';

/** RFC 4411 section 5: the session ends for one of higher precedence. */
export const reasonPreempted = 'preemption;cause=1;text="UA Preemption"';

/** An alarm has taken the seat of this talk: the person is back at his place in the queue, with what he saw there. */
export async function talkPreempted(call: Call, ticketId: string, seatId: string): Promise<void> {
  while (call.joining) await call.joinOver();
  if (call.state !== 'talking' || call.record.ticketId !== ticketId) return;
  const { seat } = call;
  call.home.recorder?.parted(call);
  call.apply('preempted', seatId);
  // At once: another seat may answer before the terminal has been told anything.
  void dropEndpoints(call);
  call.clearSeat();
  delete call.record.connectedAt;
  call.setMedia('none');
  void seat?.bye(reasonPreempted);
  await showPlace(call);
  if (isMediaFace(call.record.face)) await recoverFace(call);
  if (!isMediaFace(call.record.face)) await call.turns.run(() => alone(call));
  engineUp(call);
  await showPlace(call);
}

/** The terminal has nobody to send to any more. One that is being joined to another seat already hears of that by itself. */
async function alone(call: Call): Promise<void> {
  if (!call.waiting) return;
  const { media } = call.record.terminal;
  try {
    await offerTo(call, 'terminal', inactiveOffer(media.origin, media.local));
  } catch (error) {
    if (!call.ended) call.note('not-idle', asSightlineError(error).code);
  }
}
