import type { WireStats } from '../phone';
import type { Percentiles } from './numbers';

/**
 * Where a run is: registered: seats are there (with held calls: the warm-up is over too); started: the measured window
 * begins; held, holding: all calls are up; stopped: the window ends; drained: every call is over.
 */
export type Phase = 'registered' | 'started' | 'held' | 'holding' | 'stopped' | 'drained';

/** What the generator says, one JSON document a line. */
export type GeneratorMessage =
  | { kind: 'phase'; phase: Phase; started: number; live: number }
  | { kind: 'progress'; started: number; ended: number; talking: number; failed: number; violations: number }
  | { kind: 'result'; result: GeneratorResult };

type Counts = Record<string, number>;
type MessageCounts = Omit<WireStats, 'kinds'> & { kinds: Counts };

export interface GeneratorResult {
  attempts: number;
  /** done, abandoned, waited (held calls without a seat), failed. */
  outcomes: Counts;
  failures: Counts;
  violations: Counts;
  unexpected: Counts;
  peakConnected: number;
  /** Length of the measured window. */
  seconds: number;
  latency: Record<
    'postDial' | 'answer' | 'dispatchFree' | 'dispatchWait' | 'withdraw' | 'release' | 'midCall',
    Percentiles | undefined
  >;
  registerMs: number;
  messages: { callers: MessageCounts; seats: MessageCounts };
  generator: {
    cpuPercent: number;
    lateMs: Percentiles | undefined;
    loopDelayMs: { p50: number; p99: number; max: number };
    rssKb: number;
  };
}
