import { SightlineError, asSightlineError } from '../lib/errors';
import { parseTerminalMessage } from '../ivr/codec';
import { readDtmfInfo } from '../ivr/dtmf';
import { classifyInfo } from '../ivr/headers';
import type { Call } from './call';
import type { LegRequest } from './leg';
import { answerOptions, refuse, relay } from './relay';
import { answerMediaControl } from './fast-update';
import { hearKey } from './keys';
import { onScreenMessage } from './stage-menu';

/** A request of the terminal within its dialog, other than re-INVITE, UPDATE and BYE. */
export function onTerminalRequest(call: Call, request: LegRequest): void {
  try {
    if (request.method === 'INFO') onInfo(call, request);
    else if (request.method === 'OPTIONS') answerOptions(request);
    else if (request.method === 'MESSAGE' && call.seat && call.state === 'talking') void relay(request, call.seat);
    else throw new SightlineError('METHOD_NOT_ALLOWED');
  } catch (error) {
    refuse(request, asSightlineError(error));
  }
}

function onInfo(call: Call, request: LegRequest): void {
  if (classifyInfo(request.infoPackage) === 'legacy') return onLegacyInfo(call, request);
  if (!call.face || call.record.face !== 'screen')
    throw new SightlineError('BAD_INFO_PACKAGE', 'This call did not agree on visual-menu');
  const message = parseTerminalMessage(request.contentType, request.body);
  request.reply(200);
  answered(call, () => onScreenMessage(call, message));
}

/** What fails after the answer cannot be told by another one. */
function answered(call: Call, carryOut: () => void): void {
  try {
    carryOut();
  } catch (error) {
    call.failed(error);
  }
}

/** DTMF chooses by item key while nobody is joined; everything else is for the other side (RFC 2976). */
function onLegacyInfo(call: Call, request: LegRequest): void {
  if (answerMediaControl(call, 'terminal', request)) return;
  if (call.state === 'talking' && call.seat) {
    void relay(request, call.seat);

    return;
  }
  const digit = readDtmfInfo(request.contentType, request.body);
  if (digit === undefined && request.body !== '') throw new SightlineError('UNSUPPORTED_MEDIA_TYPE');
  request.reply(200);
  if (digit !== undefined) answered(call, () => hearKey(call, 'terminal', 'info', digit));
}
