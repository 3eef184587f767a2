import { verify, X509Certificate } from 'node:crypto';
import type { DtlsSocket } from 'werift';
import { matchesFingerprint, type Fingerprint } from './certificate';

/**
 * Whether the peer of a handshake is who its description says. The handshake itself (werift) takes any certificate and looks at no
 * signature, and a certificate is no secret: whoever stands between could show the real one. So both are checked here, before a key is
 * used: the certificate against the fingerprint of the description, and the signature that only the owner of the certificate can make
 * over the key exchange (RFC 5246 sections 7.4.3 and 7.4.8).
 */

type Handshake = DtlsSocket['dtls']['sortedHandshakeCache'][number];

/** Handshake types (RFC 5246 section 7.4). */
export const TYPE = {
  clientHello: 1,
  serverHello: 2,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  certificateVerify: 15,
  clientKeyExchange: 16,
} as const;

const ECDSA_SHA256 = 0x0403;
const RSA_SHA256 = 0x0401;
/** In a hello: two bytes of version, then the random. */
const RANDOM = [2, 34] as const;

/** Undefined when all is well, else what is wrong. */
export function distrust(
  socket: DtlsSocket,
  role: 'client' | 'server',
  fingerprints: readonly Fingerprint[],
): string | undefined {
  const certificate = socket.remoteCertificate;
  if (!certificate) return 'the peer showed no certificate';
  if (!matchesFingerprint(certificate, fingerprints))
    return 'the certificate of the peer is not the one of its description';
  const messages = socket.dtls.sortedHandshakeCache;
  const genuine = role === 'client' ? signedByServer(messages, certificate) : signedByClient(messages, certificate);

  return genuine ? undefined : 'the peer does not own the certificate that it showed';
}

/** The server signs both randoms and its half of the key. */
function signedByServer(messages: readonly Handshake[], certificate: Buffer): boolean {
  const exchange = find(messages, TYPE.serverKeyExchange);
  const hellos = [find(messages, TYPE.clientHello), find(messages, TYPE.serverHello)];
  if (!exchange || exchange.length < 4) return false;
  const length = 4 + exchange.readUInt8(3);
  const randoms = hellos.map((hello) => hello?.subarray(...RANDOM) ?? Buffer.alloc(0));
  if (exchange.length < length + 4 || randoms.some((random) => random.length !== 32)) return false;

  return check(certificate, Buffer.concat([...randoms, exchange.subarray(0, length)]), exchange.subarray(length));
}

/** The client signs all messages so far. */
function signedByClient(messages: readonly Handshake[], certificate: Buffer): boolean {
  const place = messages.findIndex(({ msg_type }) => msg_type === TYPE.certificateVerify);
  const proof = messages[place]?.fragment;
  if (!proof) return false;

  return check(certificate, Buffer.concat(messages.slice(0, place).map((message) => message.serialize())), proof);
}

function find(messages: readonly Handshake[], type: number): Buffer | undefined {
  return messages.find(({ msg_type }) => msg_type === type)?.fragment;
}

/** @param signed Algorithm, length and signature, as they stand in the message. */
function check(certificate: Buffer, data: Buffer, signed: Buffer): boolean {
  if (signed.length < 4 || ![ECDSA_SHA256, RSA_SHA256].includes(signed.readUInt16BE(0))) return false;
  const signature = signed.subarray(4, 4 + signed.readUInt16BE(2));
  try {
    return verify('sha256', data, new X509Certificate(certificate).publicKey, signature);
  } catch {
    return false;
  }
}
