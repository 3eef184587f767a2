export { type SoundPiece, type Voice } from './audio';
export { type Agreed, type Format } from './description';
export { packetise, splitNals, type Frame, type ReceivedFrame, type VideoCodec } from './frames';
export { decodeG711, encodeG711 } from './g711';
export { readRtp, writeRtp, type RtpPacket } from './packet';
export { formats, RtpPeer, type PeerOptions } from './peer';
export { readRtcp, type RtcpPart } from './rtcp';
export { RtpSession } from './session';
export { type Film } from './video';
