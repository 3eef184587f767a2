/**
 * A map and a set for what comes and goes all the time.
 *
 * V8 gives a `Map` a new table whenever entries that came and went have used the old one up, and the old one keeps pointing at the new,
 * for iterators under way. Once such a table has got into the old generation, and is garbage there, it keeps its successor from being
 * collected with the young, which keeps the next one, and so on: everything that was ever in the map is copied, promoted, and
 * stays until the next full collection. With some thousand entries a second that is a quarter of a process's time. These begin a new
 * table of their own accord, to which no other points, before long; that costs as much as what V8 would do.
 *
 * An iterator that is under way while something comes in, or while all is cleared, may go on with what there was before, also with what has
 * gone since.
 */

/** So many may come in before there is a new table; more where more stay. */
const RENEWED_AFTER = 256;

export class ChurnMap<K, V> {
  private map: Map<K, V>;
  private room = RENEWED_AFTER;

  constructor(entries?: Iterable<readonly [K, V]>) {
    this.map = new Map(entries);
  }

  get size(): number {
    return this.map.size;
  }

  get(key: K): V | undefined {
    return this.map.get(key);
  }

  has(key: K): boolean {
    return this.map.has(key);
  }

  set(key: K, value: V): this {
    const { size } = this.map;
    this.map.set(key, value);
    if (this.map.size > size && --this.room === 0) this.renew();

    return this;
  }

  delete(key: K): boolean {
    return this.map.delete(key);
  }

  clear(): void {
    this.map = new Map();
    this.room = RENEWED_AFTER;
  }

  keys(): MapIterator<K> {
    return this.map.keys();
  }

  values(): MapIterator<V> {
    return this.map.values();
  }

  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.map.entries();
  }

  private renew(): void {
    this.map = new Map(this.map);
    this.room = Math.max(RENEWED_AFTER, this.map.size);
  }
}

export class ChurnSet<K> {
  private readonly map = new ChurnMap<K, K>();

  constructor(members: Iterable<K> = []) {
    for (const member of members) this.add(member);
  }

  get size(): number {
    return this.map.size;
  }

  has(member: K): boolean {
    return this.map.has(member);
  }

  add(member: K): this {
    this.map.set(member, member);

    return this;
  }

  delete(member: K): boolean {
    return this.map.delete(member);
  }

  clear(): void {
    this.map.clear();
  }

  [Symbol.iterator](): SetIterator<K> {
    return this.map.keys();
  }
}
