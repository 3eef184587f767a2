/** How far a packet may come after later ones: some 2 s of video at a high rate. RFC 3711 asks for 64 at least. */
const SIZE = 1024;

/** Which packets of a source have come (RFC 3711 section 3.3.2). */
export class ReplayWindow {
  /** The place of index i is i modulo the size; it holds the last index that came there. */
  private readonly seen = new Float64Array(SIZE).fill(-1);
  private top: number | undefined;

  get highest(): number | undefined {
    return this.top;
  }

  /** Whether this index has come already, or is so old that nobody can tell. */
  has(index: number): boolean {
    if (this.top === undefined || index > this.top) return false;

    return index <= this.top - SIZE || this.seen[index % SIZE] === index;
  }

  add(index: number): void {
    this.seen[index % SIZE] = index;
    if (this.top === undefined || index > this.top) this.top = index;
  }
}
