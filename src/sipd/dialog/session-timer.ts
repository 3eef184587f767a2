import type { Clock } from '../../lib/clock';

/** The value of a Session-Expires header (RFC 4028 section 4). */
export interface SessionExpires {
  /** Seconds. */
  interval: number;
  refresher?: 'uac' | 'uas';
}

/** RFC 4028 section 5: no interval below this may be asked for. */
export const leastInterval = 90;

/** Reads a Session-Expires value; undefined when it is malformed. */
export function parseSessionExpires(value: string): SessionExpires | undefined {
  const match = /^([0-9]{1,9})((?:[ \t]*;.*)?)$/.exec(value.trim());
  if (!match) return undefined;
  const refresher = /;[ \t]*refresher[ \t]*=[ \t]*(uac|uas)\b/i.exec(match[2]!)?.[1]?.toLowerCase();

  return { interval: Number(match[1]), refresher: refresher as 'uac' | 'uas' | undefined };
}

export function formatSessionExpires(value: SessionExpires): string {
  return value.refresher ? `${value.interval};refresher=${value.refresher}` : String(value.interval);
}

/** The longest delay that the system's timers take, in milliseconds: 24 days. */
const maxDelay = 0x7fff_ffff;

/**
 * The timer of one dialog (RFC 4028 section 10): the refresher refreshes at half the interval; both sides end the
 * session when no refresh came in time, a third of the interval but at most 32 s before its end.
 */
export class SessionTimer {
  private cancelRefresh: (() => void) | undefined;
  private readonly cancelExpiry: () => void;
  private stopped = false;

  constructor(
    private readonly clock: Clock,
    /** Seconds. */
    readonly interval: number,
    readonly weRefresh: boolean,
    private readonly onRefresh: () => void,
    onExpiry: () => void,
  ) {
    const ms = Math.min(interval * 1000, maxDelay);
    this.cancelExpiry = clock.after(ms - Math.min(32_000, ms / 3), onExpiry);
    if (weRefresh) this.cancelRefresh = clock.after(ms / 2, onRefresh);
  }

  /** Tries the refresh again after a while, e.g. when the peer's own re-INVITE was in the way. */
  retryRefresh(ms: number): void {
    this.cancelRefresh?.();
    if (!this.stopped) this.cancelRefresh = this.clock.after(ms, this.onRefresh);
  }

  stop(): void {
    this.stopped = true;
    this.cancelRefresh?.();
    this.cancelExpiry();
  }
}
