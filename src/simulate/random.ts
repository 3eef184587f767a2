/** Gives numbers from 0 (included) to 1 (not included). */
export type Random = () => number;

/**
 * A stream of chance that is the same for the same parts. Streams of different parts know nothing of each other: what one draws
 * more in one plan than in another moves no other, so that two plans can be compared under the same luck.
 */
export function randomOf(...parts: readonly (string | number)[]): Random {
  let state = hash(parts.join('\u0000'));

  // Mulberry32: 32 bits of state are plenty for a day of calls.
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;

    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** FNV-1a, stirred at the end so that neighbours differ in every bit. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);

  return (value ^ (value >>> 16)) | 0;
}

/** Memoryless, as the times between calls of people who do not know of each other. */
export function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random());
}

/** As talks are spread: many short ones and a few that are long. `cv` is standard deviation over mean; 0 gives the mean itself. */
export function lognormal(random: Random, mean: number, cv: number): number {
  const variance = Math.log(1 + cv * cv);

  return mean * Math.exp(Math.sqrt(variance) * normal(random) - variance / 2);
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** One of the names, each with its share of 1; undefined for the rest. */
export function pick<T extends string>(random: Random, shares: Readonly<Partial<Record<T, number>>>): T | undefined {
  let left = random();
  for (const [name, share] of Object.entries(shares) as [T, number][]) {
    left -= share;
    if (left < 0) return name;
  }

  return undefined;
}
