import { eventOf } from '../support/application';
import type { SrfDialog } from '../support/application';
import { header, sdp, tagOf } from '../support/sip-text';
import type { HeaderLines, Message } from '../support/sip-text';
import { Leg } from '../support/phone';
import type { Phone, Sent } from '../support/phone';
import type { Stage } from '../support/stage';

/** A call that a phone made and the application answered. */
export interface IncomingCall {
  phone: Phone;
  leg: Leg;
  dialog: SrfDialog;
  invite: Sent;
  answer: Message;
}

export async function incomingCall(
  stage: Stage,
  phone: Phone,
  headers: Record<string, string> = {},
): Promise<IncomingCall> {
  const user = stage.user();
  const arrival = stage.app.next('INVITE', user);
  const invite = phone.request('INVITE', user, headers, sdp());
  const { req, res } = await arrival;
  const dialog = await stage.app.srf.createUAS(req, res, { localSdp: sdp(2) });
  const answer = await invite.leg.status(invite, 200);
  const acknowledged = eventOf(dialog, 'ack');
  invite.leg.ack(invite);
  await acknowledged;

  return { phone, leg: invite.leg, dialog, invite, answer };
}

/** A call that the application made and a phone answered. */
export interface OutgoingCall {
  phone: Phone;
  leg: Leg;
  dialog: SrfDialog;
  invite: Message;
  ack: Message;
}

export async function outgoingCall(
  stage: Stage,
  phone: Phone,
  headers: Record<string, string> = {},
  answerHeaders: Record<string, string> = {},
): Promise<OutgoingCall> {
  const dialing = stage.app.srf.createUAC(phone.uri, { localSdp: sdp(), headers });
  const invite = await phone.takeRequest('INVITE');
  const leg = Leg.of(phone, invite, 'callee');
  answerInvite(phone, invite, leg, answerHeaders);
  const dialog = await dialing;

  return { phone, leg, dialog, invite, ack: await phone.takeRequest('ACK') };
}

export function answerInvite(phone: Phone, invite: Message, leg: Leg, headers: HeaderLines = {}, body = sdp(3)): void {
  phone.respond(
    invite,
    200,
    'OK',
    { To: withTag(invite, leg.localTag), Contact: phone.contact, 'Content-Type': 'application/sdp', ...headers },
    body,
  );
}

/** The To value of a request with a tag added. */
export function withTag(request: Message, tag: string): string {
  const to = header(request, 'to');

  return tagOf(to) === '' ? `${to};tag=${tag}` : to;
}
