import { splitAnnexB } from '../rtp';

/**
 * H.264 byte streams (ITU-T H.264 Annex B): NAL units behind start codes, and the access units (pictures) that they make. Pure.
 */

export const nalType = { slice: 1, idr: 5, sei: 6, sps: 7, pps: 8, delimiter: 9 } as const;

/** The NAL units of a byte stream without their start codes; views into it, not copies. */
export const nalUnits = splitAnnexB;

export function typeOfNal(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}

/** The access units of a stream with one or more slices a picture, in order; each is its list of NAL units. */
export function accessUnits(stream: Uint8Array): Uint8Array[][] {
  const pictures: Uint8Array[][] = [];
  let current: Uint8Array[] = [];
  let hasSlice = false;
  for (const unit of nalUnits(stream)) {
    if (hasSlice && beginsPicture(unit)) {
      pictures.push(current);
      current = [];
      hasSlice = false;
    }
    current.push(unit);
    hasSlice ||= isSlice(unit);
  }
  if (hasSlice) pictures.push(current);

  return pictures;
}

/** Section 7.4.1.2.3, for streams without redundant pictures: what comes before the first slice, or a slice at macroblock 0. */
function beginsPicture(unit: Uint8Array): boolean {
  const type = typeOfNal(unit);
  if (type >= nalType.sei && type <= nalType.delimiter) return true;

  // first_mb_in_slice is the first field, and as an Exp-Golomb code it is 0 exactly when the first bit is 1.
  return isSlice(unit) && ((unit[1] ?? 0) & 0x80) !== 0;
}

function isSlice(unit: Uint8Array): boolean {
  const type = typeOfNal(unit);

  return type >= nalType.slice && type <= nalType.idr;
}

export function isKeyPicture(units: readonly Uint8Array[]): boolean {
  return units.some((unit) => typeOfNal(unit) === nalType.idr);
}

/** NAL units as a byte stream with start codes of four bytes. */
export function toByteStream(units: readonly Uint8Array[]): Uint8Array {
  const stream = new Uint8Array(units.reduce((sum, unit) => sum + 4 + unit.length, 0));
  let at = 0;
  for (const unit of units) {
    stream[at + 3] = 1;
    stream.set(unit, at + 4);
    at += 4 + unit.length;
  }

  return stream;
}
