import { FrameCollector } from './frame';

const TYPE = 0x1f;
const IDR = 5;
const SPS = 7;
const STAP_A = 24;
const FU_A = 28;
const START_CODE = Buffer.from([0, 0, 0, 1]);

/** The NAL units of a stream in Annex B form (ITU-T H.264 annex B), without start codes; empty ones are left out. */
export function splitAnnexB(stream: Uint8Array): Uint8Array[] {
  const units: Uint8Array[] = [];
  let begin = -1;
  for (let at = 0; at + 2 < stream.length; at++) {
    if (stream[at + 2]! > 1) {
      at += 2;
    } else if (stream[at] === 0 && stream[at + 1] === 0 && stream[at + 2] === 1) {
      if (begin >= 0) units.push(withoutZeros(stream.subarray(begin, at)));
      begin = at + 3;
      at += 2;
    }
  }
  if (begin >= 0) units.push(withoutZeros(stream.subarray(begin)));

  return units.filter((unit) => unit.length > 0);
}

/** A NAL unit never ends with a zero byte: zeros there belong to the next start code, or are filling. */
function withoutZeros(unit: Uint8Array): Uint8Array {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end--;

  return unit.subarray(0, end);
}

/**
 * The payloads of one access unit in Annex B form (RFC 6184): NAL units that fit go alone, larger ones as FU-A in packetization mode 1.
 * Mode 0 has no way to divide them: they go whole, and IP divides them.
 */
export function packetizeH264(accessUnit: Uint8Array, limit: number, mode: 0 | 1): Buffer[] {
  return splitAnnexB(accessUnit).flatMap((unit) =>
    unit.length <= limit || mode === 0 ? [Buffer.from(unit)] : fragments(unit, limit),
  );
}

/** RFC 6184 section 5.8. */
function fragments(unit: Uint8Array, limit: number): Buffer[] {
  const header = unit[0]!;
  const body = unit.subarray(1);
  const count = Math.ceil(body.length / (limit - 2));
  const size = Math.ceil(body.length / count);

  return Array.from({ length: count }, (_, index) => {
    const piece = body.subarray(index * size, (index + 1) * size);
    const payload = Buffer.allocUnsafe(2 + piece.length);
    payload[0] = (header & ~TYPE) | FU_A;
    payload[1] = (index === 0 ? 0x80 : 0) | (index === count - 1 ? 0x40 : 0) | (header & TYPE);
    payload.set(piece, 2);

    return payload;
  });
}

/** Whether a key frame begins here: with its parameter set, or with an IDR slice where parameter sets are not repeated. */
export function beginsH264Key(payload: Uint8Array): boolean {
  const type = (payload[0] ?? 0) & TYPE;
  if (type === IDR || type === SPS) return true;
  if (type === FU_A) {
    const header = payload[1] ?? 0;

    return (header & 0x80) !== 0 && (header & TYPE) === IDR;
  }
  if (type !== STAP_A) return false;

  return (unpack(payload) ?? []).some((unit) => [IDR, SPS].includes(unit[0]! & TYPE));
}

/** The NAL units of a STAP-A (RFC 6184 section 5.7.1); undefined when it is cut. */
function unpack(payload: Uint8Array): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  let at = 1;
  while (at < payload.length) {
    if (at + 2 > payload.length) return undefined;
    const size = (payload[at]! << 8) | payload[at + 1]!;
    if (size === 0 || at + 2 + size > payload.length) return undefined;
    units.push(payload.subarray(at + 2, at + 2 + size));
    at += 2 + size;
  }

  return units;
}

export class H264Depacketizer extends FrameCollector {
  private inFragment = false;
  private hasIdr = false;
  private hasSlice = false;

  protected begin(): void {
    this.inFragment = false;
    this.hasIdr = false;
    this.hasSlice = false;
  }

  protected take(payload: Uint8Array, parts: Buffer[]): boolean {
    const type = (payload[0] ?? 0) & TYPE;
    if (this.inFragment && type !== FU_A) return false;
    if (type >= 1 && type <= 23) return this.add(payload, parts);
    if (type === STAP_A) return unpack(payload)?.every((unit) => this.add(unit, parts)) ?? false;

    return type === FU_A && this.addFragment(payload, parts);
  }

  protected isWhole(): boolean {
    return this.hasSlice && !this.inFragment;
  }

  protected isKey(): boolean {
    return this.hasIdr;
  }

  private add(unit: Uint8Array, parts: Buffer[]): boolean {
    parts.push(START_CODE, Buffer.from(unit));

    return this.note(unit[0]! & TYPE, unit[1]);
  }

  /** False for a picture whose first slice is missing: it would begin elsewhere than at macroblock 0 (H.264 section 7.3.3). */
  private note(type: number, sliceHeader: number | undefined): boolean {
    if (type !== 1 && type !== IDR) return true;
    const isFirst = !this.hasSlice;
    this.hasSlice = true;
    this.hasIdr ||= type === IDR;

    return !isFirst || ((sliceHeader ?? 0) & 0x80) !== 0;
  }

  private addFragment(payload: Uint8Array, parts: Buffer[]): boolean {
    const [indicator, header] = payload;
    if (indicator === undefined || header === undefined || payload.length < 3) return false;
    const starts = (header & 0x80) !== 0;
    if (starts === this.inFragment) return false;
    if (starts) {
      parts.push(START_CODE, Buffer.from([(indicator & ~TYPE) | (header & TYPE)]));
      if (!this.note(header & TYPE, payload[2])) return false;
    }
    parts.push(Buffer.from(payload.subarray(2)));
    this.inFragment = (header & 0x40) === 0;

    return true;
  }
}
