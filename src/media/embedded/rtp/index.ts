/** RTP (RFC 3550), RTCP, RTP events, G.711 and the payload formats of video: pure functions and small machines without sockets. */
export {
  isRtcp,
  makeRtp,
  RTP_HEADER,
  RtpView,
  sequenceAhead,
  timestampAhead,
  writeHeader,
  type RtpFields,
} from './packet';
export type { Depacketizer, PacketFacts, ReceivedFrame } from './frame';
export { beginsVp8Key, packetizeVp8, Vp8Depacketizer } from './vp8';
export { beginsH264Key, H264Depacketizer, packetizeH264, splitAnnexB } from './h264';
export { newSource, Reception } from './reception';
export { Outflow } from './outflow';
export { decodeG711, encodeG711, SILENCE, transcodeG711, type G711 } from './g711';
export { areKeys, KeyListener, keyPackets, type EventPacket, type KeyPress } from './events';
