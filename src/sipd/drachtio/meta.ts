import type { Place, Source } from '../application';

/**
 * What the control protocol tells about a message, in the order that drachtio-srf reads it:
 * `source|bytes|protocol|address|port|time`.
 */
export function metaLine(source: Source, bytes: number, place: Place): string {
  return `${source}|${bytes}|${place.transport}|${place.address}|${place.port}|${timeOfDay()}`;
}

let lastMs = -1;
let lastText = '';

/** UTC, in microseconds as drachtio-server writes it. Made once a millisecond. */
export function timeOfDay(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastText = `${new Date(now).toISOString().slice(11, 23)}000`;
  }

  return lastText;
}
