/** The size of the picture in a sequence parameter set (ITU-T H.264 section 7.3.2.1.1). Pure. */

class Bits {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  bit(): number {
    const value = ((this.bytes[this.at >> 3] ?? 0) >> (7 - (this.at & 7))) & 1;
    this.at++;

    return value;
  }

  skip(count: number): void {
    this.at += count;
  }

  /** Exp-Golomb, unsigned (section 9.1). */
  ue(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros++;
      if (zeros > 31 || this.isOver) return 0;
    }
    let value = 1;
    for (let count = 0; count < zeros; count++) value = value * 2 + this.bit();

    return value - 1;
  }

  se(): number {
    const value = this.ue();

    return value & 1 ? (value + 1) / 2 : -value / 2;
  }

  get isOver(): boolean {
    return this.at > this.bytes.length * 8;
  }
}

/** Profiles that tell their chroma format and scaling lists. */
const high = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];

/** Width and height after cropping; undefined for bytes that are no parameter set. */
export function spsSize(unit: Uint8Array): { width: number; height: number } | undefined {
  if (((unit[0] ?? 0) & 0x1f) !== 7) return undefined;
  const bits = new Bits(withoutEmulation(unit).subarray(4));
  // Its id; then, after the chroma format, the width of frame numbers.
  bits.ue();
  const chroma = high.includes(unit[1] ?? 0) ? chromaFormat(bits) : 1;
  bits.ue();
  pictureOrder(bits);
  // Reference frames, and whether gaps in their numbers are allowed.
  bits.ue();
  bits.skip(1);
  const columns = bits.ue() + 1;
  const rows = bits.ue() + 1;
  const fields = bits.bit() === 1 ? 1 : 2;
  if (fields === 2) bits.skip(1);
  bits.skip(1);
  const [left, right, top, bottom] = bits.bit() ? [bits.ue(), bits.ue(), bits.ue(), bits.ue()] : [0, 0, 0, 0];
  if (bits.isOver) return undefined;
  const across = chroma === 1 || chroma === 2 ? 2 : 1;
  const down = (chroma === 1 ? 2 : 1) * fields;
  const size = { width: columns * 16 - (left + right) * across, height: rows * 16 * fields - (top + bottom) * down };

  return size.width > 0 && size.height > 0 && size.width <= 16_384 && size.height <= 16_384 ? size : undefined;
}

function chromaFormat(bits: Bits): number {
  const chroma = bits.ue();
  if (chroma === 3) bits.skip(1);
  bits.ue();
  bits.ue();
  bits.skip(1);
  if (bits.bit())
    for (let list = 0; list < (chroma === 3 ? 12 : 8); list++) if (bits.bit()) scalingList(bits, list < 6 ? 16 : 64);

  return chroma;
}

function scalingList(bits: Bits, length: number): void {
  let last = 8;
  let next = 8;
  for (let at = 0; at < length && next !== 0; at++) {
    next = (last + bits.se() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function pictureOrder(bits: Bits): void {
  const type = bits.ue();
  if (type === 0) bits.ue();
  if (type !== 1) return;
  bits.skip(1);
  bits.se();
  bits.se();
  const count = Math.min(255, bits.ue());
  for (let at = 0; at < count; at++) bits.se();
}

/** Without the bytes that keep start codes out of the content (section 7.4.1). */
function withoutEmulation(unit: Uint8Array): Uint8Array {
  return unit.filter((byte, at) => !(byte === 3 && at >= 2 && unit[at - 1] === 0 && unit[at - 2] === 0));
}
