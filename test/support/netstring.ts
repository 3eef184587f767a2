/** Netstrings (`<length>:<bytes>,`), the framing of baresip's control port. */
export function encodeNetstring(text: string): string {
  return `${Buffer.byteLength(text)}:${text},`;
}

/** Collects bytes and gives out whole netstrings. */
export class NetstringReader {
  private buffer: Buffer = Buffer.alloc(0);

  /** @throws Error when the bytes are no netstrings. */
  feed(bytes: Buffer): string[] {
    this.buffer = Buffer.concat([this.buffer, bytes]);
    const found: string[] = [];
    for (let next = this.take(); next !== undefined; next = this.take()) found.push(next);

    return found;
  }

  private take(): string | undefined {
    const colon = this.buffer.indexOf(':');
    if (colon < 0) return undefined;
    const length = Number(this.buffer.toString('latin1', 0, colon));
    if (!Number.isInteger(length)) throw new Error(`not a netstring: ${this.buffer.toString('latin1', 0, 40)}`);
    const end = colon + 1 + length;
    if (this.buffer.length <= end) return undefined;
    const text = this.buffer.toString('utf8', colon + 1, end);
    this.buffer = this.buffer.subarray(end + 1);

    return text;
  }
}
