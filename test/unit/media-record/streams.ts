import { SILENCE, encodeG711, makeRtp, packetizeH264, packetizeVp8, type G711 } from '../../../src/media/embedded/rtp';
import { accessUnits, toByteStream } from '../../../src/media/embedded/produce/annexb';
import { parseIvf } from '../../../src/media/embedded/produce/ivf';
import { ffmpeg } from '../media-produce/tools';

/** A packet and when it is sent, in milliseconds from the start. */
export interface Sent {
  at: number;
  packet: Buffer;
}

export interface Stream {
  payloadType: number;
  ssrc: number;
  /** First sequence number and timestamp: near the ends of their ranges, so that every stream runs over. */
  sequence: number;
  timestamp: number;
}

export const streamOf = (payloadType: number, ssrc: number): Stream => ({
  payloadType,
  ssrc,
  sequence: 65_530,
  timestamp: 0xffff_f000,
});

/** Encoded test pictures (a moving test card): the frames, and what a decoder makes of them is compared with the recording. */
export async function encodedVideo(
  codec: 'vp8' | 'h264',
  seconds: number,
  size = '320x240',
  filter = '',
): Promise<Buffer> {
  const encoder =
    codec === 'vp8'
      ? ['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-b:v', '1M', '-auto-alt-ref', '0', '-f', 'ivf']
      : ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-profile:v', 'baseline', '-f', 'h264'];
  const source = `testsrc2=s=${size}:r=20:d=${seconds}${filter}`;

  return ffmpeg(['-f', 'lavfi', '-i', source, '-pix_fmt', 'yuv420p', '-g', '20', ...encoder, 'pipe:1']);
}

/** The packets of encoded video at 20 pictures a second, those of one picture sent at once. */
export function videoPackets(codec: 'vp8' | 'h264', encoded: Uint8Array, stream: Stream): Sent[] {
  const pictures =
    codec === 'vp8'
      ? parseIvf(encoded).frames.map(({ data }) => packetizeVp8(data, 1_100))
      : accessUnits(encoded).map((units) => packetizeH264(toByteStream(units), 1_100, 1));
  let { sequence } = stream;

  return pictures.flatMap((payloads, index) =>
    payloads.map((payload, part) => ({
      at: index * 50,
      packet: makeRtp(
        {
          payloadType: stream.payloadType,
          ssrc: stream.ssrc,
          sequence: sequence++ & 0xffff,
          timestamp: (stream.timestamp + index * 4_500) >>> 0,
          marker: part === payloads.length - 1,
        },
        payload,
      ),
    })),
  );
}

/** Sound packets of 20 ms with these payloads. */
export function audioPackets(payloads: readonly Uint8Array[], ticks: number, stream: Stream): Sent[] {
  return payloads.map((payload, index) => ({
    at: index * 20,
    packet: makeRtp(
      {
        payloadType: stream.payloadType,
        ssrc: stream.ssrc,
        sequence: (stream.sequence + index) & 0xffff,
        timestamp: (stream.timestamp + index * ticks) >>> 0,
        marker: index === 0,
      },
      payload,
    ),
  }));
}

/** A tone as payloads of 20 ms of G.711. */
export function tone(law: G711, hertz: number, seconds: number): Uint8Array[] {
  const samples = Int16Array.from(
    { length: seconds * 8_000 },
    (_, at) => 12_000 * Math.sin((2 * Math.PI * hertz * at) / 8_000),
  );

  return Array.from({ length: seconds * 50 }, (_, index) => {
    const payload = new Uint8Array(160).fill(SILENCE[law]);
    encodeG711(law, samples, index * 160, payload);

    return payload;
  });
}
