import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { ManualClock } from '../../../src/lib/clock';
import { openRecording } from '../../../src/media/embedded/record';
import { makeRtp } from '../../../src/media/embedded/rtp';

/** Bytes of an RTP header, and the share of payloads that is media at the least. */
const headerBytes = 12;
const kept = 0.95;

/**
 * A process that records without end: `<base> <file of packets> <seconds in it>`. The time is its own and runs as fast as the disk takes it.
 * Each second of the recording that has reached the disk is a line on standard output; a failure is a line in JSON, and the end.
 */
async function main(base: string, packetFile: string, seconds: number): Promise<void> {
  const packets = readPackets(packetFile);
  const clock = new ManualClock();
  const begin = clock.now();
  let failure: string | undefined;
  let fed = 0;
  const writer = await openRecording({
    base,
    clock,
    sides: [
      { audio: { codec: 'pcmu', payloadType: 0 }, video: { codec: 'vp8', payloadType: 96 } },
      { audio: { codec: 'pcma', payloadType: 8 }, video: { codec: 'h264', payloadType: 97 } },
    ],
    onFailed: (reason) => {
      failure = reason;
    },
  });
  for (let round = 0; !failure; round++) {
    // Each round is other sources: their timestamps begin again.
    for (let second = 0; second < seconds && !failure; second++) {
      const before = fed;
      for (const { at, side, kind, packet } of packets.filter((each) => Math.floor(each.at / 1000) === second)) {
        const due = begin + round * seconds * 1000 + at;
        if (due > clock.now()) clock.advance(due - clock.now());
        packet.writeUInt32BE(round * 10 + side * 2 + (kind === 'audio' ? 0 : 1), 8);
        writer.rtp(side, kind, packet, clock.now());
        fed += packet.length - headerBytes;
      }
      clock.advance(1);
      // What came until a second ago was to be written by now; headers of payloads are not kept.
      while (!failure && statSync(`${base}.mkv`).size < before * kept) await new Promise(setImmediate);
      process.stdout.write(`${round * seconds + second}\n`);
    }
  }
  // The calls go on: packets come as before.
  writer.rtp(
    0,
    'audio',
    makeRtp({ payloadType: 0, ssrc: 1, sequence: 1, timestamp: 1, marker: false }, new Uint8Array(160)),
    clock.now(),
  );
  writer.mask(true);
  process.stdout.write(`${JSON.stringify({ failure, parts: await writer.stop() })}\n`);
}

interface Listed {
  at: number;
  side: number;
  kind: 'audio' | 'video';
  packet: Buffer;
}

function readPackets(file: string): Listed[] {
  const bytes = Buffer.alloc(statSync(file).size);
  const handle = openSync(file, 'r');
  readSync(handle, bytes);
  closeSync(handle);
  const listed = JSON.parse(bytes.toString()) as (Omit<Listed, 'packet'> & { packet: string })[];

  return listed.map((each) => ({ ...each, packet: Buffer.from(each.packet, 'base64') }));
}

const [, , base = '', packetFile = '', seconds = '3'] = process.argv;
void main(base, packetFile, Number(seconds));
