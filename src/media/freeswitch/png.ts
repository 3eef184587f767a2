const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const end = Buffer.from('IEND');

/** Whether bytes begin as a PNG with a size (ISO/IEC 15948 sections 5.2 and 11.2.2). */
export function isPng(bytes: Buffer): boolean {
  if (bytes.length < 33 || !bytes.subarray(0, 8).equals(signature) || bytes.toString('latin1', 12, 16) !== 'IHDR')
    return false;

  return bytes.readUInt32BE(16) > 0 && bytes.readUInt32BE(20) > 0;
}

/** Whether a PNG that somebody is writing is there to its end. */
export function isWholePng(bytes: Buffer): boolean {
  return isPng(bytes) && bytes.subarray(-8, -4).equals(end);
}
