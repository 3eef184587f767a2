import fc from 'fast-check';
import {
  beginsH264Key,
  beginsVp8Key,
  H264Depacketizer,
  makeRtp,
  packetizeH264,
  packetizeVp8,
  RtpView,
  splitAnnexB,
  Vp8Depacketizer,
  type Depacketizer,
} from '../../../src/media/embedded/rtp';

const START = [0, 0, 0, 1];

function feed(depacketizer: Depacketizer, payloads: readonly Buffer[], timestamp = 90_000, sequence = 65_530) {
  return payloads.flatMap((payload, index) =>
    depacketizer.push(
      { sequence: (sequence + index) & 0xffff, timestamp, marker: index === payloads.length - 1 },
      payload,
    ),
  );
}

const vp8Frame = fc.uint8Array({ minLength: 1, maxLength: 5000 });
/** NAL units as an encoder makes them: a slice that begins at macroblock 0, no start code inside, no zero at the end. */
const nalBody = fc.array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 4000 });

describe('RTP header', () => {
  it('reads what it wrote, for any values', () => {
    fc.assert(
      fc.property(
        fc.record({
          payloadType: fc.integer({ min: 0, max: 127 }),
          marker: fc.boolean(),
          sequence: fc.integer({ min: 0, max: 0xffff }),
          timestamp: fc.integer({ min: 0, max: 0xffffffff }),
          ssrc: fc.integer({ min: 0, max: 0xffffffff }),
        }),
        fc.uint8Array({ maxLength: 100 }),
        (fields, payload) => {
          const view = new RtpView();
          const packet = makeRtp(fields, payload);
          expect(view.read(packet)).toBe(true);
          expect(view).toMatchObject(fields);
          expect([...packet.subarray(view.start, view.end)]).toEqual([...payload]);
        },
      ),
    );
  });

  it('skips contributing sources, the extension and padding', () => {
    const view = new RtpView();
    const head = [0xb1, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 9, 9, 9, 9, 0xbe, 0xde, 0, 1, 1, 2, 3, 4];
    expect(view.read(Buffer.from([...head, 7, 8, 0, 2]))).toBe(true);
    expect([view.start, view.end]).toEqual([24, 26]);
  });

  it('takes no noise for RTP, and never throws', () => {
    const view = new RtpView();
    expect(view.read(Buffer.from([0x80, 0]))).toBe(false);
    expect(view.read(Buffer.alloc(40))).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        if (view.read(bytes)) expect(view.start <= view.end && view.end <= bytes.length).toBe(true);
      }),
    );
  });
});

describe('VP8 (RFC 7741)', () => {
  it('comes out of its packets as it went in', () => {
    fc.assert(
      fc.property(vp8Frame, fc.integer({ min: 50, max: 1200 }), (frame, limit) => {
        const payloads = packetizeVp8(frame, limit);
        expect(payloads.every((payload) => payload.length <= limit)).toBe(true);
        const [received, ...more] = feed(new Vp8Depacketizer(), payloads);
        expect(more).toEqual([]);
        expect(received?.data.equals(frame)).toBe(true);
        expect(received?.key).toBe((frame[0]! & 1) === 0);
        expect(beginsVp8Key(payloads[0]!)).toBe((frame[0]! & 1) === 0);
        expect(payloads.slice(1).some(beginsVp8Key)).toBe(false);
      }),
    );
  });

  it('reads descriptors with picture id, TL0PICIDX and temporal layer', () => {
    const frame = [0x00, 1, 2, 3];
    const descriptors = [
      [0x10],
      [0x90, 0x80, 0x11],
      [0x90, 0x80, 0x91, 0x22],
      [0x90, 0xe0, 0x91, 0x22, 0x05, 0x40],
      [0x90, 0x10, 0x01],
    ];
    for (const descriptor of descriptors) {
      const payload = Buffer.from([...descriptor, ...frame]);
      expect(beginsVp8Key(payload)).toBe(true);
      expect([...feed(new Vp8Depacketizer(), [payload])[0]!.data]).toEqual(frame);
    }
  });

  it('loses the frame with the hole and no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 8 }), (lost) => {
        const frames = [1, 2, 3].map((value) => Buffer.alloc(300, value));
        const packets = frames.flatMap((frame, number) =>
          packetizeVp8(frame, 101).map((payload, index, all) => ({
            payload,
            number,
            timestamp: number * 3000,
            marker: index === all.length - 1,
          })),
        );
        const depacketizer = new Vp8Depacketizer();
        const received = packets.flatMap((packet, sequence) =>
          sequence === lost ? [] : depacketizer.push({ ...packet, sequence }, packet.payload),
        );
        expect(received.map(({ data }) => data[0])).toEqual(
          [1, 2, 3].filter((value) => value !== packets[lost]!.number + 1),
        );
      }),
    );
  });

  it('ends a frame whose marker never comes with the next frame', () => {
    const depacketizer = new Vp8Depacketizer();
    expect(depacketizer.push({ sequence: 1, timestamp: 0, marker: false }, Buffer.from([0x10, 0, 5]))).toEqual([]);
    const both = depacketizer.push({ sequence: 2, timestamp: 3000, marker: true }, Buffer.from([0x10, 1, 6]));
    expect(both.map(({ timestamp, key }) => [timestamp, key])).toEqual([
      [0, true],
      [3000, false],
    ]);
  });
});

describe('H.264 (RFC 6184)', () => {
  it('comes out of its packets as it went in, with parameter sets', () => {
    fc.assert(
      fc.property(nalBody, fc.boolean(), fc.integer({ min: 50, max: 1200 }), (body, key, limit) => {
        const sets = key ? [...START, 0x67, 0x42, 0xe0, 0x1f, ...START, 0x68, 0xce, 0x3c] : [];
        const unit = Buffer.from([...sets, ...START, key ? 0x65 : 0x41, 0x88, ...body]);
        const payloads = packetizeH264(unit, limit, 1);
        expect(payloads.every((payload) => payload.length <= limit)).toBe(true);
        const [received, ...more] = feed(new H264Depacketizer(), payloads);
        expect(more).toEqual([]);
        expect(received?.data.equals(unit)).toBe(true);
        expect(received?.key).toBe(key);
        expect(beginsH264Key(payloads[0]!)).toBe(key);
      }),
    );
  });

  it('divides nothing in packetization mode 0', () => {
    const unit = Buffer.from([...START, 0x65, 0x88, ...Array<number>(3000).fill(7)]);
    expect(packetizeH264(unit, 1200, 0).map(({ length }) => length)).toEqual([3002]);
  });

  it('reads STAP-A, and knows the key frame in it', () => {
    const stap = Buffer.from([0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2, 0, 3, 0x65, 0x88, 3]);
    expect(beginsH264Key(stap)).toBe(true);
    const [frame] = feed(new H264Depacketizer(), [stap]);
    expect(frame?.data.toString('hex')).toBe('000000016701000000016802000000016588' + '03');
  });

  it('takes start codes of three and of four bytes', () => {
    const units = splitAnnexB(Buffer.from([0, 0, 1, 9, 16, 0, 0, 0, 1, 0x65, 1, 0, 0, 3, 1, 0, 0, 0]));
    expect(units.map((unit) => [...unit])).toEqual([
      [9, 16],
      [0x65, 1, 0, 0, 3, 1],
    ]);
  });

  it('drops a picture whose first slice is missing, or a fragment of it', () => {
    const slices = Buffer.from([...START, 0x41, 0x88, 1, ...START, 0x41, 0x42, 2]);
    const [first, second] = packetizeH264(slices, 1200, 1) as [Buffer, Buffer];
    const depacketizer = new H264Depacketizer();
    expect(depacketizer.push({ sequence: 5, timestamp: 1, marker: true }, second)).toEqual([]);
    expect(depacketizer.push({ sequence: 6, timestamp: 2, marker: true }, first)).toHaveLength(1);

    const large = Buffer.from([...START, 0x65, 0x88, ...Array<number>(400).fill(7)]);
    const payloads = packetizeH264(large, 100, 1);
    for (const lost of payloads.keys()) {
      const holed = new H264Depacketizer();
      const got = payloads.flatMap((payload, sequence) =>
        sequence === lost
          ? []
          : holed.push({ sequence, timestamp: 9, marker: sequence === payloads.length - 1 }, payload),
      );
      expect(got).toEqual([]);
    }
  });

  it('never throws at noise', () => {
    const depacketizers = [new H264Depacketizer(), new Vp8Depacketizer()];
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.nat(9),
        fc.nat(3),
        fc.boolean(),
        (bytes, s, timestamp, marker) => {
          for (const one of depacketizers) one.push({ sequence: s, timestamp, marker }, bytes);
          beginsH264Key(bytes);
          beginsVp8Key(bytes);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
