import { monotonic, type MediaKind, type Step } from '../phone';

export type Who = 'terminal' | 'seat';

/** What the processes of the demo print, one JSON document a line. `at` is the machine's monotonic clock in ms. */
export type DemoEvent = { at: number; who: Who } & (
  | ({ kind: 'sip' } & Omit<Step, 'at'>)
  /** Something a person would see: picked up, touched an item. */
  | { kind: 'note'; text: string }
  /** A milestone that the driver waits for. */
  | { kind: 'reached'; what: Milestone }
  | { kind: 'rtp'; media: MediaKind; sent: number; received: number }
  | { kind: 'failed'; why: string }
);

/** ready: the seat takes calls; media: enough RTP of both kinds came in; ended: the call is over on this side. */
export type Milestone = 'ready' | 'media' | 'ended';

type Said<T> = T extends unknown ? Omit<T, 'at' | 'who'> : never;

/** Prints the events of one process. */
export class Reporter {
  constructor(private readonly who: Who) {}

  say(event: Said<DemoEvent>): void {
    this.print({ at: monotonic(), who: this.who, ...event } as DemoEvent);
  }

  /** A SIP step, with the time it happened. */
  sip({ at, ...step }: Step): void {
    this.print({ at, who: this.who, kind: 'sip', ...step });
  }

  private print(event: DemoEvent): void {
    process.stdout.write(`${JSON.stringify(event)}\n`);
  }
}

export function readEvent(line: string): DemoEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const event = JSON.parse(line) as Partial<DemoEvent>;

    return event.kind !== undefined && event.at !== undefined ? (event as DemoEvent) : undefined;
  } catch {
    return undefined;
  }
}
