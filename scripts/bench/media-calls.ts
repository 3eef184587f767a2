import type { Closer } from '../../src/lib/closer';
import { Phone, Wire, type Call } from '../phone';
import { RtpPeer, type PeerOptions } from '../phone/rtp';
import type { ServerProcess } from '../phone/server-process';

/** A SIP phone whose media are real. */
export interface MediaPhone {
  phone: Phone;
  peer: RtpPeer;
}

export async function openPhone(
  opened: Closer,
  server: ServerProcess,
  user: string,
  password: string,
  media: PeerOptions = {},
): Promise<MediaPhone> {
  const wire = await Wire.open();
  opened.add('wire', () => wire.close());
  const phone = new Phone(wire, { user, password, domain: 'sightline.test', server: server.sip });
  const peer = await RtpPeer.open(media);
  opened.add('peer', () => peer.close());

  return { phone, peer };
}

/** Dials; media follow every description of the call. */
export function dial({ phone, peer }: MediaPhone, number: string): Call {
  const call = phone.invite(number, { sdp: peer.offer() });
  call.onOffer = (offer) => peer.answer(offer);
  call.on('answered', (response) => peer.accept(response.body));

  return call;
}

/** Answers the next call that comes in. */
export async function takeNext({ phone, peer }: MediaPhone): Promise<Call> {
  const [call] = await phone.next('incoming');
  call.onOffer = (offer) => peer.answer(offer);
  call.answer({ sdp: peer.answer(call.request?.body ?? '') });
  await call.untilEstablished();

  return call;
}

export async function hangUp(call: Call): Promise<void> {
  call.hangup();
  await call.byeResponse;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
