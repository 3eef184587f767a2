/** A map that nobody can change: calls under way hold on to it while newer plans come. */
export function frozenMap<K, V>(entries: Iterable<readonly [K, V]>): ReadonlyMap<K, V> {
  return new FrozenMap(entries);
}

class FrozenMap<K, V> extends Map<K, V> {
  private readonly sealed: boolean;

  constructor(entries: Iterable<readonly [K, V]>) {
    super(entries);
    this.sealed = true;
  }

  override set(key: K, value: V): this {
    // While the constructor fills the map, `sealed` is not there yet.
    if (this.sealed) throw new TypeError('A dialplan is immutable');

    return super.set(key, value);
  }

  override delete(): never {
    throw new TypeError('A dialplan is immutable');
  }

  override clear(): never {
    throw new TypeError('A dialplan is immutable');
  }
}

/** Freezes a value and all that it holds, the values of maps included. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  const held: Iterable<unknown> =
    value instanceof Map ? (value as Map<unknown, unknown>).values() : Object.values(value);
  for (const one of held) deepFreeze(one);

  return value;
}
