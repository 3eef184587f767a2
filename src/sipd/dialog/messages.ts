import { parseVia } from '../message/grammar';
import { withTag } from '../message/response';
import type { Headers } from '../message/headers';
import type { SipRequest, SipResponse } from '../message/message';
import { contactUri, Dialog } from './dialog';
import { lists } from './sessions';
import type { UserHeaders } from './user-headers';
import type { Endpoint, Flow } from '../transport/types';

/** Copies the user's headers into a message; those that the message has already are replaced. */
export function putHeaders(headers: Headers, user: UserHeaders): void {
  const seen = new Set<string>();
  for (const [name, value] of user) {
    if (headers.has(name) && !seen.has(name)) headers.set(name, value);
    else headers.append(name, value);
    seen.add(name);
  }
}

/** The dialog that a response to an INVITE or SUBSCRIBE of ours makes (RFC 3261 section 12.1.2). */
export function dialogOfResponse(request: SipRequest, response: SipResponse, flow: Flow | undefined): Dialog {
  const method = request.method === 'SUBSCRIBE' ? 'SUBSCRIBE' : 'INVITE';

  return new Dialog({
    role: 'uac',
    method,
    callId: request.callId,
    localTag: request.fromTag ?? '',
    remoteTag: response.toTag ?? '',
    local: request.headers.get('From')!,
    remote: response.headers.get('To')!,
    localSeq: request.cseq.number,
    target: contactUri(response) ?? request.uri,
    routes: response.headers.all('Record-Route').reverse(),
    contact: request.headers.get('Contact') ?? '',
    flow,
  });
}

/** Whether a request that came by others was sent by this server, with the address `own`, in the first place. */
export function isSpiral(request: SipRequest, own: Endpoint): boolean {
  const vias = request.headers.all('Via');
  if (vias.length < 2) return false;

  return vias.slice(1).some((value) => {
    try {
      const { host, port } = parseVia(value);

      return host === own.address && (port ?? 5060) === own.port;
    } catch {
      return false;
    }
  });
}

/** The dialog that our response to a peer's INVITE or SUBSCRIBE makes (RFC 3261 section 12.1.1); `own` is our address. */
export function dialogOfRequest(
  request: SipRequest,
  localTag: string,
  localSeq: number,
  flow: Flow,
  own: Endpoint,
): Dialog {
  const dialog = new Dialog({
    role: 'uas',
    method: request.method === 'SUBSCRIBE' ? 'SUBSCRIBE' : 'INVITE',
    callId: request.callId,
    localTag,
    remoteTag: request.fromTag ?? '',
    local: withTag(request.headers.get('To')!, localTag),
    remote: request.headers.get('From')!,
    localSeq,
    remoteSeq: request.cseq.number,
    target: contactUri(request) ?? request.from.uri,
    routes: request.headers.all('Record-Route'),
    contact: '',
    flow,
    isSpiral: isSpiral(request, own),
  });
  noteAllow(dialog, request.headers);

  return dialog;
}

/** Notes whether the peer takes UPDATE. */
export function noteAllow(dialog: Dialog, headers: Headers): void {
  if (headers.has('Allow')) dialog.peerAllowsUpdate = lists(headers, 'Allow', 'UPDATE');
}

/** Keeps the last session description that we sent: a refreshing re-INVITE offers it again (RFC 4028 section 7.4). */
export function noteSdp(dialog: Dialog, type: string | undefined, body: Buffer): void {
  if (body.length > 0 && type?.toLowerCase().startsWith('application/sdp')) dialog.sdp = body.toString('latin1');
}
