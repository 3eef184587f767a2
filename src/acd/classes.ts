import type { ClassCurve, ClassCurves, TicketClass } from './config';

/**
 * A VIP is two minutes ahead of others for as long as both wait, so none overtakes somebody who came more than two minutes
 * before him. A `low` ticket ages half as fast as a normal one.
 */
export const defaultCurves: ClassCurves = {
  vip: { points: [[0, 120]], after: 1 },
  normal: { points: [[0, 0]], after: 1 },
  low: { points: [[0, 0]], after: 0.5 },
};

type Point = readonly [x: number, y: number];

/**
 * By what tickets are ranked, highest first. Infinity for alarms.
 *
 * @param waited seconds, with any head start; may be negative.
 */
export function worth(curves: ClassCurves, ticketClass: TicketClass, waited: number): number {
  return ticketClass === 'alarm' ? Infinity : valueAt(curves[ticketClass], waited);
}

/**
 * The longest time, in seconds, during which a normal ticket that has come can be overtaken by VIPs that come after it:
 * a VIP that comes later than that never gets before it, however long both wait. Infinity when there is no such time.
 *
 * It is the least B with normal(u + B) >= vip(u) for all u >= 0, so the greatest of normal⁻¹(vip(u)) - u. Both curves are
 * made of straight lines, and so is that difference: it is greatest at one of the corners of either, or grows for ever.
 */
export function overtakeBound(curves: ClassCurves): number {
  const { normal, vip } = curves;
  if (vip.after > normal.after) return Infinity;
  const corners = [
    0,
    ...vip.points.map(([waited]) => waited),
    ...normal.points.map(([, value]) => reachedAt(vip, value)),
  ].filter((corner) => corner >= 0 && Number.isFinite(corner));
  // A flat piece of the normal curve is a jump of its inverse: what holds just after the corner counts, too.
  const delays = corners.flatMap((corner) => {
    const value = valueAt(vip, corner);
    const rises = valueAt(vip, corner + 1) > value;

    return [reachedAt(normal, value) - corner, rises ? passedAt(normal, value) - corner : 0];
  });

  return Math.max(0, ...delays);
}

function valueAt({ points, after }: ClassCurve, waited: number): number {
  const first = points[0] ?? ([0, 0] as const);
  const last = points.at(-1) ?? first;
  if (waited >= last[0]) return last[1] + (waited - last[0]) * after;
  const next =
    points[
      Math.max(
        1,
        points.findIndex(([x]) => x > waited),
      )
    ];
  // With one point there is no first piece whose slope could go on.
  if (!next) return first[1] + (waited - first[0]) * after;
  const before = points[points.indexOf(next) - 1]!;

  return onLine(before, next, waited);
}

function onLine([x0, y0]: Point, [x1, y1]: Point, x: number): number {
  return y0 + ((x - x0) * (y1 - y0)) / (x1 - x0);
}

function turned([x, y]: Point): Point {
  return [y, x];
}

/** When the curve comes to a value; Infinity when it never does. */
function reachedAt({ points, after }: ClassCurve, value: number): number {
  const [first = [0, 0] as Point, second] = points;
  const last = points.at(-1) ?? first;
  if (value > last[1]) return after > 0 ? last[0] + (value - last[1]) / after : Infinity;
  if (!second) return after > 0 ? first[0] + (value - first[1]) / after : -Infinity;
  const at = Math.max(
    1,
    points.findIndex(([, y]) => y >= value),
  );
  const [from, to] = [points[at - 1]!, points[at]!];
  if (from[1] === to[1]) return value === from[1] ? from[0] : -Infinity;

  return onLine(turned(from), turned(to), value);
}

/** Until when the curve is no higher than a value; Infinity when it never is. */
function passedAt(curve: ClassCurve, value: number): number {
  const { points, after } = curve;
  const last = points.at(-1) ?? ([0, 0] as const);
  const beyond = points.findIndex(([, y]) => y > value);
  if (beyond > 0) return onLine(turned(points[beyond - 1]!), turned(points[beyond]!), value);
  if (beyond === 0) return reachedAt(curve, value);

  return after > 0 ? last[0] + (value - last[1]) / after : Infinity;
}
