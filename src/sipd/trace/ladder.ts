import { endpointText } from '../transport/flow';
import type { TraceEvent } from './event';
import { summaryOf } from './summary';
import type { Summary } from './summary';

export interface LadderOptions {
  /** Columns of text; 100 unless told otherwise, and never below 76. */
  width?: number;
  /** Only the messages of one call. */
  callId?: string;
  /** Names for far ends, by `address:port`: `{ '127.0.0.1:5080': 'alice' }`. */
  names?: Readonly<Record<string, string>>;
}

const timeWidth = 10;
/** Room enough for `200 INVITE 268435456` between two columns. */
const leastGap = 22;
const largestGap = 44;
/** Two far ends and this server. */
const leastWidth = timeWidth + 3 * leastGap;
const others = 'others';

/** The columns of a ladder: who stands where. */
interface Columns {
  readonly heads: readonly string[];
  readonly gap: number;
  /** The column of a far end. */
  indexOf(remote: string): number;
}

/** The column of this server. */
const own = 1;

/**
 * Messages as a picture in text: a column for each far end and one for this server, an arrow for each message with its
 * method or status and its CSeq, seconds since the first at the left. Far ends that have no room share the last column.
 */
export function drawLadder(events: readonly TraceEvent[], options: LadderOptions = {}): string {
  const rows = events
    .map((event) => ({ event, summary: summaryOf(event.bytes) }))
    .filter(({ summary }) => options.callId === undefined || summary.callId === options.callId);
  const start = rows[0]?.event.at;
  if (start === undefined) return 'no messages\n';
  const columns = columnsFor(
    rows.map(({ event }) => event),
    options,
  );
  const seen = new Set<string>();
  const lines = rows.map(({ event, summary }) => {
    const key = `${event.direction} ${endpointText(event.remote)} ${event.bytes.toString('latin1')}`;
    const isRepeat = seen.has(key);
    seen.add(key);

    return arrow(event, labelsOf(event, summary, isRepeat), columns, start);
  });

  return [...headLines(columns), ...lines].map((line) => `${line.trimEnd()}\n`).join('');
}

function columnsFor(events: readonly TraceEvent[], { width = 100, names = {} }: LadderOptions): Columns {
  const remotes = new Map<string, string>();
  for (const { remote, transport } of events) {
    const text = endpointText(remote);
    if (!remotes.has(text)) remotes.set(text, names[text] ?? `${transport} ${text}`);
  }
  const whole = Math.max(leastWidth, width) - timeWidth;
  const room = Math.floor(whole / leastGap) - 1;
  const isFull = remotes.size > room;
  const shown = [...remotes.keys()].slice(0, isFull ? room - 1 : room);
  const heads = shown.map((text) => remotes.get(text)!);
  if (isFull) heads.push(others);
  heads.splice(own, 0, 'sipd');
  const gap = Math.min(largestGap, Math.max(leastGap, Math.floor(whole / heads.length)));

  return {
    heads: heads.map((head) => shortened(head, gap - 2)),
    gap,
    indexOf: (remote) => {
      const index = shown.indexOf(remote);
      if (index < 0) return heads.length - 1;

      return index < own ? index : index + 1;
    },
  };
}

function headLines({ heads, gap }: Columns): string[] {
  const names = heads.map((head) => {
    const left = Math.floor((gap - head.length) / 2);

    return head.padStart(left + head.length).padEnd(gap);
  });

  return [' '.repeat(timeWidth) + names.join('')];
}

/** The words on an arrow, from the most to the fewest. */
function labelsOf({ fault }: TraceEvent, summary: Summary, isRepeat: boolean): string[] {
  if (fault !== undefined) return [`malformed: ${fault}`, 'malformed'];
  const { what, reason, cseq, hasSdp, isResponse } = summary;
  const again = isRepeat ? ' again' : '';
  const long = hasSdp ? ' + SDP' : '';
  if (!isResponse) {
    // The method of an ACK's or CANCEL's CSeq is its own, too; only the number tells something new.
    const number = cseq.split(' ')[1] ?? '';

    return [`${what} ${number}${long}${again}`, `${what} ${number}${again}`, what];
  }

  return [
    `${what} ${reason} (${cseq})${long}${again}`,
    `${what} ${reason} (${cseq})${again}`,
    `${what} (${cseq})${again}`,
    `${what} ${cseq}`,
  ];
}

function arrow(event: TraceEvent, labels: readonly string[], columns: Columns, start: number): string {
  const { heads, gap } = columns;
  const centre = (index: number): number => timeWidth + index * gap + Math.floor(gap / 2);
  const remote = endpointText(event.remote);
  const column = columns.indexOf(remote);
  const [left, right] = [centre(Math.min(own, column)), centre(Math.max(own, column))];
  const line = heads.reduce((text, _head, index) => `${text.padEnd(centre(index))}|`, secondsSince(start, event.at));
  const pointsRight = column < own === (event.direction === 'in');
  const isShared = heads[column] === others;
  const words = isShared ? labels.flatMap((label) => [`${label} ${remote}`, label]) : labels;
  const shaft = shaftOf(words, right - left - 2);

  return line.slice(0, left + 1) + (pointsRight ? `${shaft}>` : `<${shaft}`) + line.slice(right);
}

/** A line of dashes of this length, with the first of the labels in it that fits. */
function shaftOf(labels: readonly string[], length: number): string {
  const fits = labels.find((label) => label.length + 4 <= length) ?? labels.find((label) => label.length <= length);
  const text = fits ?? shortened(labels[labels.length - 1]!, length);
  const padded = text.length + 4 <= length ? ` ${text} ` : text;
  const before = Math.floor((length - padded.length) / 2);

  return '-'.repeat(before) + padded + '-'.repeat(length - before - padded.length);
}

function secondsSince(start: number, at: number): string {
  return ((at - start) / 1000).toFixed(3).padStart(timeWidth - 1);
}

/** The end of an address tells more than its beginning. */
function shortened(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(text.length - length + 1)}`;
}
