import { headerName } from './names';
import type { HeaderName } from './names';

/**
 * The header fields of one message, in their order. Names are compared without regard to case and compact forms are
 * the same as long ones. Values are raw text, trimmed and unfolded; nothing is parsed here.
 */
export class Headers implements Iterable<[name: string, value: string]> {
  private names: HeaderName[] = [];
  private values: string[] = [];

  /** Headers from name-value pairs, in that order. An array of values makes one line each. */
  static from(entries: Iterable<readonly [string, string]> | Record<string, string | string[] | undefined>): Headers {
    const headers = new Headers();
    const pairs = Symbol.iterator in entries ? entries : Object.entries(entries);
    for (const [name, value] of pairs as Iterable<[string, string | string[] | undefined]>) {
      if (value === undefined) continue;
      for (const line of Array.isArray(value) ? value : [value]) headers.append(name, line);
    }

    return headers;
  }

  /** The number of header lines. */
  get size(): number {
    return this.names.length;
  }

  has(name: string): boolean {
    return this.indexOf(headerName(name)) >= 0;
  }

  /** How many lines this header has. */
  count(name: string): number {
    const entry = headerName(name);
    let count = 0;
    for (const other of this.names) if (isSame(other, entry)) count += 1;

    return count;
  }

  /** The whole value of the first line of this header, commas and all. */
  get(name: string): string | undefined {
    const index = this.indexOf(headerName(name));

    return index < 0 ? undefined : this.values[index];
  }

  /** The first element of a list header, or the first line of any other. */
  first(name: string): string | undefined {
    const entry = headerName(name);
    const index = this.indexOf(entry);
    if (index < 0) return undefined;
    const value = this.values[index]!;

    return entry.isList && value.includes(',') ? splitList(value)[0] : value;
  }

  /** Every value of this header: each line, and for list headers each element of each line. */
  all(name: string): string[] {
    const entry = headerName(name);
    const found: string[] = [];
    for (let i = 0; i < this.names.length; i += 1) {
      if (!isSame(this.names[i]!, entry)) continue;
      const value = this.values[i]!;
      if (entry.isList && value.includes(',')) found.push(...splitList(value));
      else found.push(value);
    }

    return found;
  }

  /** Puts the value(s) in the place of the header's first line and removes its other lines; appends when there was none. */
  set(name: string, value: string | string[]): this {
    const entry = headerName(name);
    const index = this.indexOf(entry);
    const lines = Array.isArray(value) ? value : [value];
    if (index >= 0) {
      this.removeName(entry);
      this.insert(index, entry, lines);
    } else {
      this.insert(this.names.length, entry, lines);
    }

    return this;
  }

  /** Adds a line at the end. */
  append(name: string, value: string): this {
    this.push(headerName(name), value);

    return this;
  }

  /** Adds a line before the header's other lines, or before all headers when it has none. */
  prepend(name: string, value: string): this {
    const entry = headerName(name);
    this.insert(Math.max(this.indexOf(entry), 0), entry, [value]);

    return this;
  }

  /** Removes every line of this header; says whether there was one. */
  remove(name: string): boolean {
    return this.removeName(headerName(name));
  }

  /** Replaces the first element of a list header and leaves what follows it. */
  replaceFirst(name: string, value: string): void {
    const entry = headerName(name);
    const index = this.indexOf(entry);
    if (index < 0) throw new RangeError(`There is no ${name} header to replace`);
    const rest = entry.isList && this.values[index]!.includes(',') ? splitList(this.values[index]!).slice(1) : [];
    this.values[index] = rest.length > 0 ? `${value}, ${rest.join(', ')}` : value;
  }

  /** Removes the first element of a list header, as a hop does with its own Via. */
  removeFirst(name: string): string | undefined {
    const entry = headerName(name);
    const index = this.indexOf(entry);
    if (index < 0) return undefined;
    const value = this.values[index]!;
    const [first, ...rest] = entry.isList ? splitList(value) : [value];
    if (rest.length > 0) this.values[index] = rest.join(', ');
    else this.removeAt(index);

    return first;
  }

  /** Adds a line whose name is looked up already: the parser's way in. */
  push(name: HeaderName, value: string): void {
    this.names.push(name);
    this.values.push(value);
  }

  clone(): Headers {
    const copy = new Headers();
    copy.names = this.names.slice();
    copy.values = this.values.slice();

    return copy;
  }

  /** Calls the function with each line, in order. */
  forEach(fn: (name: string, value: string) => void): void {
    for (let i = 0; i < this.names.length; i += 1) fn(this.names[i]!.name, this.values[i]!);
  }

  *[Symbol.iterator](): Iterator<[string, string]> {
    for (let i = 0; i < this.names.length; i += 1) yield [this.names[i]!.name, this.values[i]!];
  }

  /** All lines as they go on the wire, each ended by CRLF, without the empty line. */
  toString(): string {
    let text = '';
    for (let i = 0; i < this.names.length; i += 1) text += `${this.names[i]!.name}: ${this.values[i]!}\r\n`;

    return text;
  }

  toJSON(): [string, string][] {
    return [...this];
  }

  private indexOf(name: HeaderName): number {
    const { names } = this;
    // Known names are one object each, which is quicker to tell apart than texts are.
    if (name.isKnown) return names.indexOf(name);
    for (let i = 0; i < names.length; i += 1) if (names[i]!.key === name.key) return i;

    return -1;
  }

  private insert(index: number, name: HeaderName, lines: string[]): void {
    this.names.splice(index, 0, ...lines.map(() => name));
    this.values.splice(index, 0, ...lines);
  }

  private removeName(name: HeaderName): boolean {
    let removed = false;
    for (let i = this.names.length - 1; i >= 0; i -= 1) {
      if (!isSame(this.names[i]!, name)) continue;
      this.removeAt(i);
      removed = true;
    }

    return removed;
  }

  private removeAt(index: number): void {
    this.names.splice(index, 1);
    this.values.splice(index, 1);
  }
}

function isSame(one: HeaderName, other: HeaderName): boolean {
  return one === other || (!one.isKnown && one.key === other.key);
}

/** Splits a header value at the commas that stand outside quoted strings and angle brackets. Elements are trimmed. */
export function splitList(value: string): string[] {
  const parts: string[] = [];
  let start = 0;
  let quoted = false;
  let angle = false;
  for (let i = 0; i < value.length; i += 1) {
    const c = value.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i += 1;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) {
      if (!angle) quoted = true;
    } else if (c === 0x3c) {
      angle = true;
    } else if (c === 0x3e) {
      angle = false;
    } else if (c === 0x2c && !angle) {
      parts.push(value.slice(start, i).trim());
      start = i + 1;
    }
  }
  parts.push(value.slice(start).trim());

  return parts;
}
