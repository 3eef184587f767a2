import { SightlineError, asSightlineError } from '../lib/errors';
import type { Call, QueueTarget } from './call';
import { causeOf } from './end-cause';
import { callerLeft } from './stage-end';
import { resumePlace } from './stage-queue';
import { reasonNormal, type IncomingInvite, type Leg } from './leg';
import { inactiveFor } from './media';
import { attachTerminal } from './attach';

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
    incoming.ring();
    if (!(await resumePlace(call)) && !call.ended) call.home.stages.queue(call, flow);

    return;
  }
  const leg = await answerForScreen(call, incoming);
  if (!leg) return;
  if (call.ended) return leg.bye(reasonNormal);
  attachTerminal(call, leg);
  // The INVITE has served; a call that is held for long keeps no more than its record and its leg.
  call.forgetBeginning();
  if ((await resumePlace(call)) || call.ended) return;
  if (flow.menu) call.home.stages.menu(call);
  else call.home.stages.queue(call, flow satisfies QueueTarget);
}

async function answerForScreen(call: Call, incoming: IncomingInvite): Promise<Leg | undefined> {
  try {
    const { leg, ackSdp } = await incoming.answer(inactiveFor(call.record.terminal.media, incoming.sdp), {
      screen: true,
    });
    if (ackSdp !== undefined) call.record.terminal.media.remote = ackSdp;
    call.record.answeredAt = call.home.clock.now();
    call.note('answered', 'screen, no media');

    return leg;
  } catch (error) {
    const known = asSightlineError(error);
    if (known.code === 'CALL_GONE') {
      call.home.stages.end(call, { by: 'caller', cause: 'gone' });

      return undefined;
    }
    if (known.code === 'INTERNAL') throw error;
    call.home.stages.end(call, { by: 'server', cause: causeOf(known.code) });

    return undefined;
  }
}
