import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { deflateSync, crc32 } from 'node:zlib';
import { silentLogger } from '../../../src/lib/logger';
import { Producer } from '../../../src/media/embedded/produce';
import { H264Depacketizer, packetizeH264 } from '../../../src/media/embedded/rtp';

/** A PNG in which each pixel has a colour of its own: nothing that compresses well. */
function noise(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [size, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));

    return Buffer.concat([size, body, sum]);
  };
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0]);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  let state = 1;
  const random = () => (state = (state * 48_271) % 2_147_483_647) & 0xff;
  const rows = Buffer.from({ length: height * (1 + width * 3) }).map((_, index) =>
    index % (1 + width * 3) === 0 ? 0 : random(),
  );
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('a picture for a peer that takes H.264 in packetization mode 0 alone', () => {
  it('is made in slices that fit into packets, and is whole when they are put together', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'slices-'));
    const producer = new Producer({ cacheDir: folder, log: silentLogger });
    const clip = await producer.picture(noise(320, 240), { codec: 'h264', width: 320, height: 240, slice: 1180 });
    await producer.close();
    await rm(folder, { recursive: true, force: true });
    const payloads = packetizeH264(clip.frames[0]!.data, 1180, 0);
    expect(payloads.length).toBeGreaterThan(10);
    expect(Math.max(...payloads.map(({ length }) => length))).toBeLessThanOrEqual(1180);
    const depacketizer = new H264Depacketizer();
    const [frame] = payloads.flatMap((payload, sequence) =>
      depacketizer.push({ sequence, timestamp: 0, marker: sequence === payloads.length - 1 }, payload),
    );
    expect(frame).toMatchObject({ key: true });
    expect(frame?.data.equals(clip.frames[0]!.data)).toBe(true);
  });
});
