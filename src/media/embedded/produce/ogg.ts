/** The packets of an Ogg file (RFC 3533) with one stream, as ffmpeg writes Opus into it. Pure. */

/** @throws RangeError for bytes that are no Ogg file; a packet that was cut off at the end is left out. */
export function oggPackets(bytes: Uint8Array): Uint8Array[] {
  const packets: Uint8Array[] = [];
  let open: Uint8Array[] = [];
  for (let at = 0; at + 27 <= bytes.length;) {
    if (Buffer.from(bytes.subarray(at, at + 4)).toString('latin1') !== 'OggS')
      throw new RangeError('This is no Ogg file.');
    const lacing = bytes.subarray(at + 27, at + 27 + (bytes[at + 26] ?? 0));
    let body = at + 27 + lacing.length;
    for (const size of lacing) {
      if (body + size > bytes.length) return packets;
      open.push(bytes.subarray(body, body + size));
      body += size;
      // A segment of 255 bytes goes on in the next one, if need be on the next page.
      if (size === 255) continue;
      packets.push(joined(open));
      open = [];
    }
    at = body;
  }

  return packets;
}

/** The packets of sound alone: the first two of an Opus file are its head and its tags (RFC 7845). */
export function opusPackets(bytes: Uint8Array): Uint8Array[] {
  return oggPackets(bytes).slice(2);
}

function joined(parts: Uint8Array[]): Uint8Array {
  const [first] = parts;

  return parts.length === 1 && first ? first : new Uint8Array(Buffer.concat(parts));
}
