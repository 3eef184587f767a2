import fc from 'fast-check';
import {
  areKeys,
  decodeG711,
  encodeG711,
  KeyListener,
  keyPackets,
  SILENCE,
  transcodeG711,
  type G711,
  type KeyPress,
} from '../../../src/media/embedded/rtp';

const laws: G711[] = ['pcmu', 'pcma'];

function encode(law: G711, samples: readonly number[]): Uint8Array {
  const out = new Uint8Array(samples.length);
  encodeG711(law, Int16Array.from(samples), 0, out);

  return out;
}

function decode(law: G711, codes: Uint8Array): number[] {
  const out = new Int16Array(codes.length);
  decodeG711(law, codes, out);

  return [...out];
}

describe('G.711', () => {
  // Values of the tables of ITU-T G.711 (1a to 2b), as 16-bit samples.
  it.each<[G711, number, number]>([
    ['pcmu', 0xff, 0],
    ['pcmu', 0x80, 32_124],
    ['pcmu', 0x00, -32_124],
    ['pcmu', 0xef, 132],
    ['pcma', 0xd5, 8],
    ['pcma', 0x55, -8],
    ['pcma', 0xaa, 32_256],
    ['pcma', 0x2a, -32_256],
    ['pcma', 0xc5, 264],
  ])('%s 0x%s is %d', (law, code, sample) => {
    expect(decode(law, Uint8Array.of(code))).toEqual([sample]);
  });

  it.each(laws)('%s keeps each of its 256 values', (law) => {
    const all = Uint8Array.from({ length: 256 }, (_, code) => code);
    const samples = decode(law, all);
    expect(decode(law, encode(law, samples))).toEqual(samples);
  });

  it.each(laws)('%s is near to what it was, over the whole range', (law) => {
    fc.assert(
      fc.property(fc.integer({ min: -32_768, max: 32_767 }), (sample) => {
        const [near = NaN] = decode(law, encode(law, [sample]));
        expect(Math.abs(near - sample)).toBeLessThanOrEqual(Math.max(16, Math.abs(sample) / 16 + 4));
      }),
    );
  });

  it.each(laws)('%s goes over into the other law and sounds the same', (to) => {
    const from = to === 'pcmu' ? 'pcma' : 'pcmu';
    const all = Uint8Array.from({ length: 256 }, (_, code) => code);
    const before = decode(from, all);
    const octets = Uint8Array.of(9, ...all, 9);
    transcodeG711(to, octets, 1, 257);
    expect([octets[0], octets[257]]).toEqual([9, 9]);
    decode(to, octets.subarray(1, 257)).forEach((sample, index) => {
      expect(Math.abs(sample - before[index]!)).toBeLessThanOrEqual(Math.max(16, Math.abs(before[index]!) / 16 + 4));
    });
  });

  it('is silent behind the end of the samples', () => {
    for (const law of laws) {
      const out = new Uint8Array(4);
      encodeG711(law, Int16Array.of(1000), 0, out);
      expect([...out.subarray(1)]).toEqual(Array(3).fill(SILENCE[law]));
    }
  });
});

const packet = (event: number, duration: number, end = false) =>
  Buffer.from([event, end ? 0x8a : 0x0a, duration >> 8, duration & 0xff]);

describe('keys that a peer presses (RFC 4733)', () => {
  /** Timestamp, event, duration, end, marker; what was heard. */
  function heard(packets: [number, number, number, boolean?, boolean?][]): KeyPress[] {
    const listener = new KeyListener(8000);
    let now = 0;
    const presses = packets.flatMap(([timestamp, event, duration, end = false, marker = false]) =>
      listener.take(packet(event, duration, end), timestamp, marker, (now += 20)),
    );

    return [...presses, ...listener.tick(now + 200)];
  }
  const digits = (presses: KeyPress[]) => presses.map(({ digit }) => digit).join('');

  it('are told once, when they are released, with how long they were held', () => {
    expect(
      heard([
        [0, 5, 160, false, true],
        [0, 5, 320],
        [0, 5, 800, true],
        [0, 5, 800, true],
        [0, 5, 800, true],
      ]),
    ).toEqual([{ digit: '5', durationMs: 100 }]);
  });

  it.each<[string, [number, number, number, boolean?, boolean?][], string]>([
    [
      'the same key twice',
      [
        [0, 1, 160, false, true],
        [0, 1, 800, true],
        [2000, 1, 160, false, true],
        [2000, 1, 800, true],
      ],
      '11',
    ],
    [
      'all ends lost, another key follows',
      [
        [0, 1, 160, false, true],
        [0, 1, 320],
        [2000, 2, 160, false, true],
        [2000, 2, 800, true],
      ],
      '12',
    ],
    [
      'all ends lost, silence follows',
      [
        [0, 10, 160, false, true],
        [0, 10, 320],
      ],
      '*',
    ],
    ['everything lost but one end', [[0, 11, 800, true]], '#'],
    [
      'a repeated end after the next key began',
      [
        [0, 1, 800, true],
        [2000, 2, 160, false, true],
        [0, 1, 800, true],
        [2000, 2, 320, true],
      ],
      '12',
    ],
    [
      'the end before the rest',
      [
        [0, 3, 800, true],
        [0, 3, 320],
        [0, 3, 480],
      ],
      '3',
    ],
    [
      'a key held longer than the field has room for',
      [
        [0, 4, 0xffff, false, true],
        [0xffff, 4, 800],
        [0xffff, 4, 1600, true],
      ],
      '4',
    ],
    [
      'letters',
      [
        [0, 12, 800, true],
        [2000, 15, 800, true],
      ],
      'AD',
    ],
    [
      'the flash and modem tones',
      [
        [0, 16, 800, true],
        [2000, 32, 800, true],
      ],
      '',
    ],
  ])('%s', (_name, packets, wanted) => {
    expect(digits(heard(packets))).toBe(wanted);
  });

  it('adds up the segments of a long press', () => {
    expect(
      heard([
        [0, 4, 64_000, false, true],
        [64_000, 4, 800],
        [64_000, 4, 16_000, true],
      ]),
    ).toEqual([{ digit: '4', durationMs: 10_000 }]);
  });

  it('are heard whatever is lost, repeated or out of order, as long as one packet of each arrives', () => {
    const keys = fc.array(fc.nat(15), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(keys, fc.infiniteStream(fc.nat(99)), (events, chance) => {
        const draw = () => chance.next().value as number;
        const packets = events.flatMap((event, index) => {
          const all = [160, 320, 480, 800, 800, 800].map(
            (duration, place): [number, number, number, boolean, boolean] => [
              index * 2000,
              event,
              duration,
              place > 2,
              place === 0,
            ],
          );
          const kept = all.filter(() => draw() < 60);

          return kept.length > 0 ? kept.toSorted(() => draw() - 50) : [all[draw() % 6]!];
        });
        expect(digits(heard(packets))).toBe(events.map((event) => '0123456789*#ABCD'[event]).join(''));
      }),
    );
  });

  it('never throws at noise', () => {
    const listener = new KeyListener(8000);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.nat(), fc.boolean(), (bytes, timestamp, marker) => {
        listener.take(bytes, timestamp, marker, 0);
      }),
    );
  });
});

describe('keys that we send', () => {
  it('are heard by a listener as they were meant, also when the others are lost', () => {
    const listener = new KeyListener(8000);
    const presses = keyPackets('19*d', 8000).flatMap(({ payload, at, marker, dueMs }) =>
      listener.take(payload, at, marker, dueMs),
    );
    expect(presses).toEqual(['1', '9', '*', 'D'].map((digit) => ({ digit, durationMs: 100 })));
  });

  it('have a marker at their start, their end three times, and grow by 20 ms', () => {
    const packets = keyPackets('7', 8000);
    expect(packets.map(({ marker }) => marker)).toEqual([true, false, false, false, false, false, false]);
    expect(packets.map(({ payload }) => payload.readUInt16BE(2))).toEqual([160, 320, 480, 640, 800, 800, 800]);
    expect(packets.map(({ payload }) => payload[1]! >> 7)).toEqual([0, 0, 0, 0, 1, 1, 1]);
    expect(new Set(packets.map(({ at }) => at)).size).toBe(1);
  });

  it('are the sixteen keys', () => {
    expect(['0123456789*#ABCDabcd', '1 2', 'E', ''].map(areKeys)).toEqual([true, false, false, true]);
  });
});
