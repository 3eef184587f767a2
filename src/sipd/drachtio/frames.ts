/** Faulty input on the control connection; the connection is closed for it. */
export class ControlProtocolError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ControlProtocolError';
  }
}

/** The largest control message that is taken, in bytes. A SIP message over UDP has at most 65,535. */
const maxFrame = 262_144;
const hash = 0x23;

/** One message of the control connection as bytes: its length in bytes as decimal digits, `#`, the message. */
export function frame(head: string, message?: Buffer): Buffer {
  const headBytes = Buffer.byteLength(head);
  const length = headBytes + (message?.length ?? 0);
  const prefix = `${length}#`;
  const out = Buffer.allocUnsafe(prefix.length + length);
  out.write(prefix, 0, 'latin1');
  out.write(head, prefix.length, 'utf8');
  message?.copy(out, prefix.length + headBytes);

  return out;
}

/** Cuts the byte stream of a control connection into messages. */
export class FrameReader {
  private chunks: Buffer[] = [];
  private size = 0;
  /** Total bytes, prefix included, of the message that has begun; 0 while its length is not known. */
  private wanted = 0;

  /** @throws ControlProtocolError when the stream is no row of messages. */
  push(chunk: Buffer): Buffer[] {
    this.chunks.push(chunk);
    this.size += chunk.length;
    if (this.size < this.wanted) return [];
    let data = this.chunks.length === 1 ? chunk : Buffer.concat(this.chunks, this.size);
    const messages: Buffer[] = [];
    this.wanted = 0;
    while (data.length > 0) {
      const prefix = readLength(data);
      if (!prefix) break;
      if (data.length < prefix.end) {
        this.wanted = prefix.end;
        break;
      }
      messages.push(data.subarray(prefix.start, prefix.end));
      data = data.subarray(prefix.end);
    }
    this.chunks = data.length > 0 ? [data] : [];
    this.size = data.length;

    return messages;
  }
}

/** Where the message begins and ends, or undefined when its length has not come in full. */
function readLength(data: Buffer): { start: number; end: number } | undefined {
  let length = 0;
  for (let i = 0; i < data.length; i += 1) {
    const byte = data[i]!;
    if (byte === hash) {
      if (i === 0) throw new ControlProtocolError('A message has no length');

      return { start: i + 1, end: i + 1 + length };
    }
    if (byte < 0x30 || byte > 0x39) throw new ControlProtocolError('A length has something other than digits');
    length = length * 10 + (byte - 0x30);
    if (length > maxFrame) throw new ControlProtocolError(`A message is longer than ${maxFrame} bytes`);
  }

  return undefined;
}
