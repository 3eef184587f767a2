import { takesKeyFrameRequests, hasVideo } from '../media/sdp';
import { currentScreen } from '../ivr/session';
import type { Call } from './call';
import type { LegRequest } from './leg';
import { legOf, mediaOf, otherSide, type Side } from './sides';
import { menuOf } from './stage-menu';

const contentType = 'application/media_control+xml';
/** Asks for a whole picture (RFC 5168 section 4). */
const body =
  '<?xml version="1.0" encoding="utf-8"?>\r\n' +
  '<media_control><vc_primitive><to_encoder><picture_fast_update/></to_encoder></vc_primitive></media_control>\r\n';

export function isMediaControl(request: LegRequest): boolean {
  return request.method === 'INFO' && /^application\/media_control\+xml\b/i.test(request.contentType);
}

/**
 * One side has lost its picture and says so by INFO. In a talk through the server the other side is asked for a whole picture; on a
 * page, the page is sent again. Gives false where the two have to settle it themselves.
 */
export function answerMediaControl(call: Call, from: Side, request: LegRequest): boolean {
  if (!isMediaControl(request) || !call.endpoints[from]) return false;
  request.reply(200);
  const to = otherSide(from);
  if (call.state === 'talking') {
    call.endpoints[to]?.refresh();
    askForPicture(call, to);
  } else if (call.record.menu) call.face?.show(currentScreen(menuOf(call), call.record.menu));

  return true;
}

/** Asks a phone for a whole picture by INFO, where RTCP would not be understood. */
export function askForPicture(call: Call, side: Side): void {
  const sdp = mediaOf(call, side)?.remote;
  if (sdp !== undefined && !takesKeyFrameRequests(sdp)) askByInfo(call, side);
}

/**
 * Both phones are to send a whole picture, since somebody who has none comes in. Two that have been sending to the server send to each
 * other now: some never ask for a whole picture of a sender that they had none of. Or a recording begins or ends: FreeSWITCH, which takes
 * the pictures apart for it, shows none before the next whole one, and in the first 16 s of a call asks for it every 4 s only.
 */
export function askBothForPictures(call: Call): void {
  askByInfo(call, 'terminal');
  askByInfo(call, 'seat');
}

function askByInfo(call: Call, side: Side): void {
  const leg = legOf(call, side);
  const sdp = mediaOf(call, side)?.remote;
  if (!leg?.alive || !leg.record.allow.includes('INFO') || sdp === undefined || !hasVideo(sdp)) return;
  leg.request('INFO', { contentType, body }).catch((error: unknown) => {
    call.home.log.debug({ err: error, call: call.id, side }, 'a phone could not be asked for a whole picture');
  });
}
