/** Encoded media ready to be put into packets: made once by ffmpeg, kept by content, sent many times. */

export interface VideoClip {
  codec: 'vp8' | 'h264';
  width: number;
  height: number;
  /** The first one is a key frame. */
  frames: readonly VideoFrame[];
  /** In units of 1/90000 s: after this the clip begins again, where it is looped. */
  duration: number;
}

export interface VideoFrame {
  /** VP8: the frame. H.264: the access unit with start codes (Annex B), parameter sets before each key frame. */
  data: Uint8Array;
  /** In units of 1/90000 s from the start of the clip. */
  at: number;
  key: boolean;
}

/** Sound as 16-bit samples at 8 kHz, encoded to PCMU or PCMA when it is sent; for other codecs as packets of 20 ms. */
export type AudioClip =
  { codec: 'pcm'; samples: Int16Array } | { codec: 'opus' | 'g722'; packets: readonly Uint8Array[] };
