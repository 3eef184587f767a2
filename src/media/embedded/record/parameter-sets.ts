import { isOf } from './codecs';

const stapA = 24;
const sequence = 7;
const picture = 8;

/**
 * The parameter sets that an H.264 stream has sent last. Some phones send them in packets that are marked as pictures of their own, some
 * only once: then the key frames themselves come without. Pure.
 */
export class ParameterSets {
  private sps: Uint8Array | undefined;
  private pps: Uint8Array | undefined;

  /** Looks into a payload (RFC 6184): parameter sets come alone or together, never in fragments. */
  note(payload: Uint8Array): void {
    const units = ((payload[0] ?? 0) & 0x1f) === stapA ? together(payload) : [payload];
    for (const unit of units) {
      if (isOf(unit, sequence)) this.sps = new Uint8Array(unit);
      if (isOf(unit, picture)) this.pps = new Uint8Array(unit);
    }
  }

  /** The units of a key frame, with the parameter sets before them where they are missing. */
  complete(units: readonly Uint8Array[]): readonly Uint8Array[] {
    const sps = units.some((unit) => isOf(unit, sequence)) ? undefined : this.sps;
    const pps = units.some((unit) => isOf(unit, picture)) ? undefined : this.pps;

    return [...(sps ? [sps] : []), ...(pps ? [pps] : []), ...units];
  }
}

/** RFC 6184 section 5.7.1: units behind their sizes. */
function together(payload: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let at = 1; at + 2 < payload.length;) {
    const size = ((payload[at] ?? 0) << 8) | (payload[at + 1] ?? 0);
    units.push(payload.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }

  return units;
}
