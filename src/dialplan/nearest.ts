/** Longer names are not compared: the work grows with the square of the length. */
const longest = 100;

/** The name out of `names` that the writer of `wrong` most likely meant, if one is near enough to be worth saying. */
export function nearest(wrong: string, names: Iterable<string>): string | undefined {
  if (wrong.length > longest) return undefined;
  // Two letters are too few to guess from.
  const limit = Math.floor(wrong.length / 3);
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const name of names) {
    const away = distance(wrong.toLowerCase(), name.toLowerCase(), bestDistance);
    if (away < bestDistance) [best, bestDistance] = [name, away];
  }

  return best;
}

/** `; did you mean 'x'?` or nothing. */
export function didYouMean(wrong: string, names: Iterable<string>): string {
  const name = nearest(wrong, names);

  return name === undefined ? '' : `; did you mean '${name}'?`;
}

/** Names as a sentence has them, cut when there are too many to read. */
export function listed(names: Iterable<string>, most = 12): string {
  const all = [...names];
  if (all.length <= most) return all.join(', ');

  return `${all.slice(0, most).join(', ')} and ${all.length - most} more`;
}

/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`; anything from `limit` on counts as `limit`. */
export function distance(a: string, b: string, limit = Infinity): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, beforeLast[j - 2]! + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }

  return Math.min(last[b.length]!, limit);
}

/** The name itself if there is one such, else the one that was most likely meant, else what was written. */
export function nameMeant(written: string, known: readonly { id: { name: string } }[]): string {
  const names = known.map(({ id }) => id.name);

  return names.includes(written) ? written : (nearest(written, names) ?? written);
}
