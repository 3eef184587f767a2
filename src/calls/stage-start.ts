import { SightlineError, asSightlineError } from '../lib/errors';
import type { Call } from './call';
import { causeOf } from './end-cause';
import { targetOf } from './queue-wish';
import { callerLeft } from './stage-end';
import { resumePlace } from './stage-queue';
import { reasonNormal, type IncomingInvite, type Leg } from './leg';
import { inactiveFor } from './media';
import { answerWithMedia } from './answer-media';
import { attachTerminal } from './attach';
import { isMediaFace, regainFace } from './stage-face';
import type { Flow } from '../dialplan/model';
import { giveEmergency } from './notice';
import { hasSections } from './face-choice';

/**
 * First stage: a terminal with a screen program is answered at once, without media, and gets the menu or its place in
 * the queue; any other phone hears ringing while it waits (RFC 3261 section 13.3.1.1).
 */
export async function startCall(call: Call, incoming: IncomingInvite): Promise<void> {
  call.incoming = incoming;
  incoming.onCancel((reason) => callerLeft(call, 'cancelled', reason));
  if (call.ended) return;
  const flow = call.plan.flows.get(call.record.flow);
  if (!flow) throw new SightlineError('INTERNAL', `The plan has no flow ${call.record.flow}`);
  call.record.terminal.inviteId = incoming.transactionId;
  if (incoming.sdp !== undefined) call.record.terminal.media.remote = incoming.sdp;
  if (call.record.face === 'ring') {
    return ringOn(call, incoming);
  }
  const leg = await answered(call, incoming);
  if (leg === 'ring') return ringOn(call, incoming);
  if (!leg) return;
  if (call.ended) return leg.bye(reasonNormal);
  // The INVITE has served; a call that is held for long keeps no more than its record and its leg.
  call.forgetBeginning();
  if (!(await giveEmergency(call))) return;
  if (!(await resumePlace(call)) && !call.ended) begin(call, flow);
  // The engine may have been lost while the phone was being answered.
  regainFace(call);
}

/** What a person who has been answered gets first: the menu of the flow, or its queue. */
export function begin(call: Call, flow: Flow): void {
  if (flow.menu) call.home.stages.menu(call);
  else call.home.stages.queue(call, targetOf(call));
}

/** A phone without pages or prompts hears ringing until a seat answers. */
async function ringOn(call: Call, incoming: IncomingInvite): Promise<void> {
  incoming.ring();
  if (!(await giveEmergency(call))) return;
  if (!(await resumePlace(call)) && !call.ended) call.home.stages.queue(call, targetOf(call));
}

async function answerForScreen(call: Call, incoming: IncomingInvite): Promise<Leg> {
  const { leg, ackSdp } = await incoming.answer(inactiveFor(call.record.terminal.media, incoming.sdp), {
    screen: true,
  });
  if (call.ended) return leg;
  if (ackSdp !== undefined) call.record.terminal.media.remote = ackSdp;
  call.record.answeredAt = call.home.clock.now();
  call.note('answered', 'screen, no media');
  attachTerminal(call, leg);

  return leg;
}

/** The leg of a phone that was answered; `ring` when there are no media for its pages, undefined when the call has ended. */
async function answered(call: Call, incoming: IncomingInvite): Promise<Leg | 'ring' | undefined> {
  try {
    if (call.record.face === 'screen') return await answerForScreen(call, incoming);

    return await answerWithMedia(call, incoming);
  } catch (error) {
    const known = asSightlineError(error);
    if (known.code === 'CALL_GONE') {
      call.home.stages.end(call, { by: 'caller', cause: 'gone' });

      return undefined;
    }
    if (known.code === 'INTERNAL') throw error;
    if (canRing(call, incoming)) {
      call.note(`${call.record.face}-failed`, known.code);
      call.record.face = 'ring';

      return 'ring';
    }
    call.home.stages.end(call, { by: 'server', cause: causeOf(known.code), detail: known.message });

    return undefined;
  }
}

/** The engine could not answer this phone, but a seat may understand it: nothing was answered yet. */
function canRing(call: Call, incoming: IncomingInvite): boolean {
  if (call.ended || call.terminal || !isMediaFace(call.record.face)) return false;

  return incoming.sdp === undefined || hasSections(incoming.sdp);
}
