/** RTP (RFC 3550) and the payload formats of video, as pure functions and small machines. */
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
