/** Names that one range may stand for. */
export const maxUsers = 100_000;
/** Routing numbers that one pool may hold. */
export const maxPool = 1_000_000;

export type Read<T> = { ok: true; value: T } | { ok: false; message: string; remedy?: string };

/**
 * The names that a key of the directory stands for: itself, or every name of a range such as `1001-1010`, `a1-a20` or
 * `kiosk01-kiosk20` (leading zeros are kept).
 */
export function userNames(key: string): Read<string[]> {
  const range = /^(.*?)(\d+)-\1(\d+)$/.exec(key);
  if (!range) return singleName(key);
  const [, prefix = '', low = '', high = ''] = range;
  const from = Number(low);
  const to = Number(high);
  if (low.startsWith('0') && low !== '0' && low.length !== high.length) {
    return bad(`the range '${key}' has numbers of different length`, 'With leading zeros, write both alike: 001-020.');
  }
  if (from > to) return bad(`the range '${key}' runs backwards`, `Write ${prefix}${high}-${prefix}${low}.`);
  if (to - from >= maxUsers) return bad(`the range '${key}' holds more than ${maxUsers} names`, 'Use a smaller range.');
  const width = low.startsWith('0') ? low.length : 0;
  const count = to - from + 1;

  return { ok: true, value: Array.from({ length: count }, (_, i) => prefix + String(from + i).padStart(width, '0')) };
}

/** `hall1-desk2` is a name with a hyphen; `a1-20` is a range whose writer forgot the letter. */
function singleName(key: string): Read<string[]> {
  const forgotten = /^(\D+)(\d+)-(\d+)$/.exec(key);
  if (!forgotten) return { ok: true, value: [key] };
  const [, prefix, low, high] = forgotten;

  return bad(`'${key}' looks like a range whose end has no '${prefix}'`, `Write ${prefix}${low}-${prefix}${high}.`);
}

/** First and last number of a pool from `7000-7999`, or from a single number. */
export function poolNumbers(text: string): Read<{ from: number; to: number }> {
  const range = /^(\d{1,15})(?:\s*-\s*(\d{1,15}))?$/.exec(text);
  if (!range) return bad(`'${text}' is not a range of numbers`, 'Write it like 7000-7999.');
  const low = range[1]!;
  const high = range[2] ?? low;
  if ([low, high].some((one) => one.startsWith('0'))) {
    return bad(`the range '${text}' begins with a zero`, 'Choose numbers that begin with 1 to 9.');
  }
  const [from, to] = [Number(low), Number(high)];
  if (from > to) return bad(`the range '${text}' runs backwards`, `Write ${high}-${low}.`);
  if (to - from >= maxPool)
    return bad(`the range '${text}' holds more than ${maxPool} numbers`, 'Use a smaller range.');

  return { ok: true, value: { from, to } };
}

/** Whether what was dialled is a number of the pool, written the one way numbers are written. */
export function isInPool(pool: { from: number; to: number }, dialled: string): boolean {
  if (!/^[1-9]\d{0,14}$/.test(dialled)) return false;
  const value = Number(dialled);

  return value >= pool.from && value <= pool.to;
}

function bad(message: string, remedy: string): { ok: false; message: string; remedy: string } {
  return { ok: false, message, remedy };
}
