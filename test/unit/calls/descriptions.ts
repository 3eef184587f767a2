/** Descriptions of phones, for the decisions that are made by them. */
const head = 'v=0\r\no=x 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';

export function phone(...media: string[]): string {
  return head + media.map((lines) => lines.split('\n').join('\r\n') + '\r\n').join('');
}

export const pcmu = 'm=audio 4000 RTP/AVP 0 101\na=rtpmap:101 telephone-event/8000';
export const pcma = 'm=audio 4000 RTP/AVP 8';
export const opusAndPcma = 'm=audio 4000 RTP/AVP 96 8\na=rtpmap:96 opus/48000/2';
export const g729 = 'm=audio 4000 RTP/AVP 18';
export const vp8 = 'm=video 4002 RTP/AVP 97\na=rtpmap:97 VP8/90000';
export const h264 = 'm=video 4002 RTP/AVP 98\na=rtpmap:98 H264/90000\na=fmtp:98 packetization-mode=1';
export const h264Mode0 = 'm=video 4002 RTP/AVP 98\na=rtpmap:98 H264/90000';
export const bothVideos =
  'm=video 4002 RTP/AVP 97 98\na=rtpmap:97 VP8/90000\na=rtpmap:98 H264/90000\na=fmtp:98 packetization-mode=1';
export const h263 = 'm=video 4002 RTP/AVP 34';
export const browser =
  'm=audio 9 UDP/TLS/RTP/SAVPF 111\na=rtpmap:111 opus/48000/2\na=fingerprint:sha-256 00:11\na=ice-ufrag:a\na=ice-pwd:b';
export const sdes = 'm=audio 4000 RTP/SAVP 0\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:AAAA';
