import fc from 'fast-check';
import { newSource, Outflow, Reception, RtpView, sequenceAhead, timestampAhead } from '../../../src/media/embedded/rtp';

const CLOCK = 8000;

function view(sequence: number, timestamp = 0, ssrc = 1): RtpView {
  return Object.assign(new RtpView(), {
    sequence: sequence & 0xffff,
    timestamp: timestamp >>> 0,
    ssrc,
    start: 12,
    end: 172,
  });
}

describe('what goes out to a peer', () => {
  it('is one stream without a break, whatever its sources count', () => {
    const run = fc.record({
      first: fc.nat(0xffff),
      timestamp: fc.nat(0xffffffff),
      count: fc.integer({ min: 1, max: 20 }),
      pause: fc.integer({ min: 0, max: 5000 }),
    });
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
        const flow = new Outflow(CLOCK);
        let now = 1000;
        let before: { sequence: number; timestamp: number } | undefined;
        for (const { first, timestamp, count, pause } of runs) {
          const source = newSource();
          now += pause;
          for (let index = 0; index < count; index++, now += 20) {
            expect(flow.place(source, (first + index) & 0xffff, (timestamp + index * 160) >>> 0, 160, now)).toBe(true);
            if (before) {
              expect(sequenceAhead(flow.sequence, before.sequence)).toBe(1);
              const step = timestampAhead(flow.timestamp, before.timestamp);
              expect(step).toBeGreaterThanOrEqual(160);
              expect(step).toBeLessThanOrEqual(160 + pause * 8 + 1);
            }
            before = { sequence: flow.sequence, timestamp: flow.timestamp };
          }
        }
      }),
    );
  });

  it('shows the holes and the disorder of its source as they are', () => {
    const flow = new Outflow(CLOCK);
    const source = newSource();
    const out = [10, 11, 14, 13].map((sequence) => {
      flow.place(source, sequence, sequence * 160, 1, 0);

      return flow.sequence;
    });
    expect(out.map((sequence) => sequenceAhead(sequence, out[0]!))).toEqual([0, 1, 4, 3]);
  });

  it('drops what a change of source has overtaken, and leaves no hole where packets were held back', () => {
    const flow = new Outflow(CLOCK);
    const [a, b] = [newSource(), newSource()];
    flow.place(a, 100, 0, 1, 0);
    flow.place(b, 7, 0, 1, 20);
    expect(flow.place(b, 6, 0, 1, 21)).toBe(false);
    const last = flow.sequence;
    flow.interrupt();
    flow.place(b, 500, 100_000, 1, 1000);
    expect(sequenceAhead(flow.sequence, last)).toBe(1);
  });

  it('knows the timestamp of a moment between packets', () => {
    const flow = new Outflow(90_000);
    flow.place(newSource(), 1, 0, 1, 1000);
    expect(timestampAhead(flow.timestampAt(1500), flow.timestamp)).toBe(45_000);
  });
});

describe('what comes in from a peer', () => {
  const fed = (sequences: readonly number[]) => {
    const reception = new Reception(CLOCK);
    for (const sequence of sequences) reception.take(view(sequence, sequence * 160), sequence * 20, true);

    return reception;
  };

  it.each<[string, number[], number]>([
    ['nothing', [1, 2, 3], 0],
    ['a hole', [1, 2, 5, 6], 2],
    ['a hole that is filled late', [1, 3, 2, 4], 0],
    ['a hole over the end of the numbers', [65_534, 65_535, 65_536 + 1, 65_536 + 2], 1],
  ])('misses %s', (_name, sequences, lost) => {
    expect(fed(sequences).lost).toBe(lost);
  });

  it('reports the part that was lost since the last report', () => {
    const reception = fed([1, 2, 3, 5]);
    expect(reception.report()).toMatchObject({ fraction: Math.floor(256 / 5), lost: 1, highest: 5 });
    expect(reception.report()).toBeUndefined();
    reception.take(view(6, 6 * 160), 120, true);
    expect(reception.report()).toMatchObject({ fraction: 0, lost: 1, highest: 6 });
  });

  it('measures no jitter of packets that come evenly, and some of those that do not', () => {
    const even = new Reception(CLOCK);
    const uneven = new Reception(CLOCK);
    for (let index = 0; index < 200; index++) {
      even.take(view(index, index * 160), index * 20, true);
      uneven.take(view(index, index * 160), index * 20 + (index % 2) * 10, true);
    }
    expect(even.jitterMs).toBeLessThan(0.1);
    expect(uneven.jitterMs).toBeGreaterThan(5);
    expect(uneven.jitterMs).toBeLessThan(15);
  });

  it('measures over the end of the timestamps', () => {
    const reception = new Reception(CLOCK);
    for (let index = 0; index < 50; index++)
      reception.take(view(index, 2 ** 32 - 1600 + index * 160), index * 20, true);
    expect(reception.jitterMs).toBeLessThan(0.1);
  });

  it('follows a new sender at once after silence, otherwise when it goes on, and never both', () => {
    const reception = new Reception(CLOCK);
    expect(reception.take(view(1), 0, true)).toBe(true);
    const first = reception.source;
    expect(reception.take(view(50, 0, 2), 20, true)).toBe(false);
    expect(reception.take(view(2), 20, true)).toBe(true);
    expect([51, 52, 53].map((sequence) => reception.take(view(sequence, 0, 2), 40, true))).toEqual([
      false,
      false,
      true,
    ]);
    expect(reception.source).not.toBe(first);
    expect(reception.take(view(9, 0, 3), 500, true)).toBe(true);
  });

  it('takes a sender that counts anew for a new one', () => {
    const reception = fed([1, 2]);
    const { source } = reception;
    reception.take(view(30_000), 60, true);
    expect(reception.source).not.toBe(source);
    expect(reception.lost).toBe(0);
  });

  it('never counts fewer than none as lost in its report, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff), { maxLength: 50 }), (sequences) => {
        const report = fed(sequences).report();
        if (report) expect(report.fraction >= 0 && report.fraction <= 255).toBe(true);
      }),
    );
  });
});
