import type { TypedEmitter } from '../../lib/emitter';
import { knownMethods } from '../message/methods';
import type { TransportEvents } from '../transport/types';

/** The methods that are counted by name; `other` is for the rest, so that a sender cannot make up new counters. */
export const countedMethods = [...knownMethods, 'other'] as const;
export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx', '6xx'] as const;

export type CountedMethod = (typeof countedMethods)[number];
export type StatusClass = (typeof statusClasses)[number];

/** Messages of one direction, repeats included. */
export interface MessageCount {
  requests: Record<CountedMethod, number>;
  responses: Record<StatusClass, number>;
}

export interface MessageStats {
  /** What came and could be read. */
  in: MessageCount;
  /** What was handed to the network. */
  out: MessageCount;
}

const known: ReadonlySet<string> = new Set(countedMethods);
const space = 0x20;
/** Where the status of a response begins: after `SIP/2.0 `. */
const statusAt = 8;

/** Counts the messages of a transport by method and by class of status. */
export class MessageCounts {
  private readonly counts: MessageStats = { in: emptyCount(), out: emptyCount() };
  private readonly offs: (() => void)[];

  constructor(transport: Pick<TypedEmitter<TransportEvents>, 'on'>) {
    this.offs = [
      transport.on('message', (message) => {
        if (message.kind === 'request') this.countRequest('in', message.method);
        else this.countResponse('in', Math.floor(message.status / 100));
      }),
      transport.on('sent', (bytes) => this.countSent(bytes)),
    ];
  }

  stats(): MessageStats {
    const copy = ({ requests, responses }: MessageCount): MessageCount => ({
      requests: { ...requests },
      responses: { ...responses },
    });

    return { in: copy(this.counts.in), out: copy(this.counts.out) };
  }

  close(): void {
    for (const off of this.offs) off();
  }

  /** What is sent is bytes by now; its first line tells all that is counted. */
  private countSent(bytes: Buffer): void {
    const first = bytes.toString('latin1', 0, Math.max(0, bytes.indexOf(space)));
    if (first === 'SIP/2.0') this.countResponse('out', (bytes[statusAt] ?? 0) - 0x30);
    else this.countRequest('out', first);
  }

  private countRequest(direction: 'in' | 'out', method: string): void {
    this.counts[direction].requests[known.has(method) ? (method as CountedMethod) : 'other'] += 1;
  }

  private countResponse(direction: 'in' | 'out', hundreds: number): void {
    const name = statusClasses[hundreds - 1];
    if (name) this.counts[direction].responses[name] += 1;
  }
}

function emptyCount(): MessageCount {
  return {
    requests: zeros(countedMethods),
    responses: zeros(statusClasses),
  };
}

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}
