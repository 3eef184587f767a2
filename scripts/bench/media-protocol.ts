import type { Percentiles } from './numbers';

/** What the load generator, the process with the engine and the tool say to each other: JSON lines. */

/** Descriptions of the two sides of each call. */
export type Pairs = { a: string; b: string }[];

export type MediaMessage =
  | { kind: 'offers' | 'answers'; pairs: Pairs }
  | { kind: 'ready'; name: string }
  | { kind: 'phase'; phase: MediaPhase }
  | { kind: 'result'; result: RelayResult };

export type MediaPhase = 'direct' | 'connected' | 'started' | 'stopped';

export interface RelayTask {
  calls: number;
  /** Seconds of measuring. */
  duration: number;
  warmup: number;
  /** Seconds of measuring with nothing between the two sides. */
  direct: number;
}

export interface Passage {
  sent: number;
  received: number;
  lost: number;
  /** Packets a second. */
  rate: number;
  /** From the call that sends to the listener that receives, in ms; both are in the generator. */
  delay: Percentiles | undefined;
}

export interface RelayResult {
  direct: Passage;
  relayed: Passage;
  generator: { cpuPercent: number; lateMs: Percentiles | undefined };
  /** The generator's UDP ports. */
  ports: number[];
  seconds: number;
}

export function tell(message: MediaMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

export function readMessage(line: string): MediaMessage | undefined {
  return line.startsWith('{"kind"') ? (JSON.parse(line) as MediaMessage) : undefined;
}
