import fc from 'fast-check';
import { Reorder, type Arrived } from '../../../src/media/embedded/record/reorder';
import { Timeline } from '../../../src/media/embedded/record/timeline';

const packet = (sequence: number, arrival = 0, ssrc = 1): Arrived => ({ sequence: sequence & 0xffff, arrival, ssrc });
const numbers = (packets: readonly Arrived[]): number[] => packets.map(({ sequence }) => sequence);

describe('the order of packets', () => {
  it('is made again for packets that crossed on the way, over the end of the numbers too', () => {
    const reorder = new Reorder();
    const out = [65_534, 1, 65_535, 0, 2].map((sequence) => numbers(reorder.push(packet(sequence))));

    expect(out).toEqual([[65_534], [], [65_535], [0, 1], [2]]);
  });

  it('leaves out what comes twice and what comes too late', () => {
    const reorder = new Reorder();

    expect([10, 10, 12, 12, 9, 11].flatMap((sequence) => numbers(reorder.push(packet(sequence))))).toEqual([
      10, 11, 12,
    ]);
  });

  it('gives up what is missing after a while', () => {
    const reorder = new Reorder();
    const out = [packet(1, 0), packet(3, 20), packet(4, 40), packet(5, 130), packet(6, 150), packet(2, 160)];

    expect(out.map((each) => numbers(reorder.push(each)))).toEqual([[1], [], [], [], [3, 4, 5, 6], []]);
    expect(numbers(reorder.push(packet(8, 200)))).toEqual([]);
    expect(numbers(reorder.tick(300))).toEqual([]);
    expect(numbers(reorder.tick(321))).toEqual([8]);
  });

  it('begins anew with another source, with numbers far away, and with numbers behind that go on', () => {
    const reorder = new Reorder();
    const feed = (...packets: Arrived[]): number[] => packets.flatMap((each) => numbers(reorder.push(each)));

    expect(feed(packet(100), packet(102), packet(7, 0, 2), packet(8, 0, 2))).toEqual([100, 102, 7, 8]);
    expect(feed(packet(30_000, 0, 2))).toEqual([30_000]);
    const behind = Array.from({ length: 60 }, (_, index) => packet(29_500 + index, 0, 2));
    expect(feed(...behind)).toEqual([29_550, 29_551, 29_552, 29_553, 29_554, 29_555, 29_556, 29_557, 29_558, 29_559]);
  });

  it('calls for a copy of what has to wait only', () => {
    const reorder = new Reorder();
    const kept: number[] = [];
    const keep = (each: Arrived): Arrived => {
      kept.push(each.sequence);

      return { ...each };
    };
    for (const sequence of [1, 3, 4, 2, 5]) reorder.push(packet(sequence), keep);

    expect(kept).toEqual([3, 4]);
  });

  it('loses and doubles nothing, however packets are mixed within the window', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { minLength: 30, maxLength: 200 }), fc.nat(65_535), (delays, first) => {
        const sent = delays.map((delay, index) => ({ key: index + delay, index }));
        const arrived = [...sent].sort((a, b) => a.key - b.key).filter(({ index }) => index !== 0);
        const reorder = new Reorder();
        const order = [{ index: 0 }, ...arrived].flatMap(({ index }) => numbers(reorder.push(packet(first + index))));

        expect(order).toEqual(delays.map((_, index) => (first + index) & 0xffff));
      }),
    );
  });
});

describe('the time of packets', () => {
  it('is that of the sender, whatever the network delays, over the end of the timestamps too', () => {
    const timeline = new Timeline(8_000);
    const times = Array.from({ length: 100 }, (_, index) =>
      timeline.at((0xffff_ff00 + index * 160) >>> 0, 1_000 + index * 20 + (index % 7) * 9),
    );

    expect(times).toEqual(times.map((_, index) => 1_000 + index * 20));
  });

  it('follows a sender whose clock is too fast or too slow, by small steps', () => {
    for (const wrong of [0.9995, 1.0005]) {
      const timeline = new Timeline(8_000);
      let before = 0;
      for (let index = 0; index < 50 * 600; index++) {
        const arrival = index * 20;
        const time = timeline.at(Math.round(index * 160 * wrong), arrival + (index % 5) * 8);
        expect(Math.abs(time - arrival)).toBeLessThan(6);
        expect(Math.abs(time - before - 20)).toBeLessThanOrEqual(index === 0 ? 20 : 4);
        before = time;
      }
    }
  });

  it('begins anew where timestamps jump, and where a source says nothing and goes on without time having passed', () => {
    const timeline = new Timeline(90_000);
    expect(timeline.at(0, 100)).toBe(100);
    expect(timeline.at(9_000_000, 150)).toBe(150);
    expect(timeline.at(9_004_500, 200)).toBe(200);
    expect(timeline.at(9_009_000, 9_000)).toBe(9_000);
    timeline.reset();
    expect(timeline.at(77, 9_050)).toBe(9_050);
  });

  it('does not take a burst after a stall of the network for a new time', () => {
    const timeline = new Timeline(8_000);
    const times = Array.from({ length: 100 }, (_, index) =>
      timeline.at(index * 160, Math.max(index * 20, index < 90 ? 1_500 : 0)),
    );

    expect(times[99]).toBeGreaterThanOrEqual(1_500);
    const steady = new Timeline(8_000);
    for (let index = 0; index < 50; index++) steady.at(index * 160, index * 20);
    for (let index = 50; index < 120; index++)
      expect(steady.at(index * 160, Math.max(2_400, index * 20))).toBe(index * 20);
  });
});
