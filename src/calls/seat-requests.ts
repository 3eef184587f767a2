import { SightlineError, asSightlineError } from '../lib/errors';
import { readDtmfInfo } from '../ivr/dtmf';
import { classifyInfo } from '../ivr/headers';
import { textMessages } from '../ivr/views';
import type { Call } from './call';
import { answerMediaControl } from './fast-update';
import { hearKey } from './keys';
import type { LegRequest } from './leg';
import { answerOptions, refuse, relay } from './relay';

/** Characters of one text from an agent; what does not fit into one INFO is sent in several. */
const textLimit = 4000;

/** A request of the seat within its dialog, other than re-INVITE, UPDATE and BYE. */
export function onSeatRequest(call: Call, request: LegRequest): void {
  try {
    if (request.method === 'INFO' && classifyInfo(request.infoPackage) === 'legacy') passToTerminal(call, request);
    else if (request.method === 'INFO') throw new SightlineError('BAD_INFO_PACKAGE', 'A seat has no visual menu');
    else if (request.method === 'OPTIONS') answerOptions(request);
    else if (request.method === 'MESSAGE') onText(call, request);
    else throw new SightlineError('METHOD_NOT_ALLOWED');
  } catch (error) {
    refuse(request, asSightlineError(error));
  }
}

function passToTerminal(call: Call, request: LegRequest): void {
  if (call.state !== 'talking' || !call.terminal) throw new SightlineError('WRONG_STATE', 'The two are not joined yet');
  if (answerMediaControl(call, 'seat', request)) return;
  const digit = request.method === 'INFO' ? readDtmfInfo(request.contentType, request.body) : undefined;
  if (digit !== undefined) hearKey(call, 'seat', 'info', digit);
  void relay(request, call.terminal);
}

/** What an agent types on the phone is shown on the terminal's screen (RFC 3428 within a dialog). */
function onText(call: Call, request: LegRequest): void {
  if (call.record.face !== 'screen' || !call.face) return passToTerminal(call, request);
  if (!/^text\/plain\b/i.test(request.contentType)) throw new SightlineError('UNSUPPORTED_MEDIA_TYPE');
  if (request.body.length > textLimit) throw new SightlineError('BODY_TOO_LARGE', `At most ${textLimit} characters`);
  const seat = call.record.seat && call.plan.seats.get(call.record.seat.id);
  call.face.showAll(textMessages(seat?.name ?? '', request.body));
  request.reply(200);
}
