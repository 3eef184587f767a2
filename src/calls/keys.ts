import type { Call } from './call';
import type { Side } from './sides';
import { onDigit } from './stage-menu';

export type KeyWay = 'rtp' | 'info';

/**
 * A key of one side. Many phones send each key both as an RTP event and as INFO: the way by which the first key of a side was heard
 * is the one that counts, as long as its media stay where they are: RTP events are heard at an endpoint alone, and INFO always.
 *
 * @returns whether it counts.
 */
export function hearKey(call: Call, side: Side, way: KeyWay, digit: string): boolean {
  call.keyWays[side] ??= way;
  if (call.ended || call.keyWays[side] !== way) return false;
  if (side === 'seat') {
    if (call.state === 'talking') call.home.recorder?.seatDigit(call, digit);
  } else if (call.state !== 'talking') onDigit(call, digit);

  return true;
}

/** The side's media have moved to an endpoint, or away from it: keys may come by another way from now on. */
export function forgetKeyWay(call: Call, side: Side): void {
  delete call.keyWays[side];
}
