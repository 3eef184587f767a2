import fc from 'fast-check';
import {
  ntpMiddle,
  ntpTime,
  readRtcp,
  writeBye,
  writeFir,
  writeName,
  writePli,
  writeReport,
} from '../../../src/media/embedded/rtp/rtcp';

const uint32 = fc.nat(0xffffffff);
const block = fc.record({
  ssrc: uint32,
  fraction: fc.nat(255),
  lost: fc.integer({ min: -0x800000, max: 0x7fffff }),
  highest: uint32,
  jitter: uint32,
  lastReport: uint32,
  delay: uint32,
});
const sender = fc.record({ seconds: uint32, fraction: uint32, timestamp: uint32, packets: uint32, octets: uint32 });

describe('RTCP', () => {
  it('reads the reports that it writes, in a compound packet', () => {
    fc.assert(
      fc.property(
        uint32,
        fc.option(sender, { nil: undefined }),
        fc.array(block, { maxLength: 3 }),
        fc.string(),
        (ssrc, info, blocks, name) => {
          const compound = Buffer.concat([writeReport(ssrc, info, blocks), writeName(ssrc, name), writeBye(ssrc)]);
          expect(compound.length % 4).toBe(0);
          expect(readRtcp(compound)).toEqual([
            { type: 'report', ssrc, sender: info, blocks },
            { type: 'bye', ssrc },
          ]);
        },
      ),
    );
  });

  it('reads every way to ask for a key frame', () => {
    const old = Buffer.from([0x80, 192, 0, 1, 0, 0, 0, 9]);
    expect([writePli(1, 9), writeFir(1, 9, 3), old].flatMap(readRtcp)).toEqual([
      { type: 'key', ssrc: 9, full: false },
      { type: 'key', ssrc: 9, full: true },
      { type: 'key', ssrc: 9, full: true },
    ]);
  });

  it('reads on until a packet is cut, and never throws', () => {
    const compound = Buffer.concat([writeReport(1, undefined, []), writePli(1, 2)]);
    expect(readRtcp(compound.subarray(0, compound.length - 1))).toHaveLength(1);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => void readRtcp(Buffer.from(bytes))));
    fc.assert(
      fc.property(fc.constantFrom(192, 200, 201, 203, 206), fc.uint8Array({ maxLength: 60 }), (type, rest) => {
        const packet = Buffer.from([0x81, type, 0, Math.floor(rest.length / 4), ...rest]);
        readRtcp(packet);
      }),
    );
  });

  it('knows NTP time', () => {
    expect(ntpTime(0)).toEqual({ seconds: 2_208_988_800, fraction: 0 });
    expect(ntpTime(1500)).toEqual({ seconds: 2_208_988_801, fraction: 0x80000000 });
    expect(ntpMiddle({ seconds: 0x12345678, fraction: 0x9abcdef0 })).toBe(0x56789abc);
  });
});
