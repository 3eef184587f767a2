import type { Call } from './call';
import type { Leg } from './leg';
import type { LegMedia, Side } from './record';

export type { Side } from './record';

export function otherSide(side: Side): Side {
  return side === 'terminal' ? 'seat' : 'terminal';
}

export function mediaOf(call: Call, side: Side): LegMedia | undefined {
  return side === 'terminal' ? call.record.terminal.media : call.record.seat?.media;
}

export function legOf(call: Call, side: Side): Leg | undefined {
  return side === 'terminal' ? call.terminal : call.seat;
}
