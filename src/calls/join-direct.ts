import { SightlineError } from '../lib/errors';
import { attachTerminal } from './attach';
import type { Call } from './call';
import { reasonNormal, type SeatAnswer } from './leg';
import { answerFor, offerFor, sameMedia } from './media';
import { offerTo, tell } from './offer-to';

/** An answer whose description is there. An ACK that is owed and not sent here goes out before the BYE to the seat. */
export type Described = SeatAnswer & { sdp: string };

/** A ringing phone is answered with what the seat has answered, or offered. */
export async function joinRinging(call: Call, answer: Described): Promise<boolean> {
  const { incoming, record } = call;
  const media = record.terminal.media;
  if (!incoming) throw new SightlineError('INTERNAL', 'The caller is neither ringing nor answered');
  const offerless = incoming.sdp === undefined;
  const sdp = offerless ? offerFor(media, answer.sdp) : answerFor(media, answer.sdp);
  const { leg, ackSdp } = await incoming.answer(sdp);
  // The seat hung up while the terminal was being answered.
  if (call.ended) return await leg.bye(reasonNormal).then(() => false);
  record.answeredAt = call.home.clock.now();
  // Whatever fails from here on, its leg is known and gets its BYE.
  attachTerminal(call, leg);
  if (ackSdp !== undefined) media.remote = ackSdp;
  if (ackSdp !== undefined && record.seat) answer.ack?.(answerFor(record.seat.media, ackSdp));
  else answer.ack?.(answer.sdp);
  await tellSeat(call, answer);

  return true;
}

/** A terminal was answered before, without media or with those of a menu: a re-INVITE brings the seat's media to it. */
export async function joinScreen(call: Call, answer: Described): Promise<boolean> {
  const { terminal, record } = call;
  if (!terminal || !record.seat) return false;
  const result = await offerTo(call, 'terminal', answer.sdp);
  if (!result.sdp) throw new SightlineError('MEDIA_MISMATCH');
  if (answer.ack) answer.ack(answerFor(record.seat.media, result.sdp));
  else await tellSeat(call, answer);

  return call.state === 'joining';
}

/** What the seat was told of the terminal may not be so any more: it has changed its mind while the seat rang, or was to be anchored. */
async function tellSeat(call: Call, answer: Described): Promise<void> {
  const { terminal, seat } = call.record;
  const { remote } = terminal.media;
  if (answer.ack || !seat || remote === undefined || call.ended) return;
  const told = seat.media.local;
  if (told === undefined || !sameMedia(told, remote, answer.sdp)) await tell(call, 'seat', remote);
}
