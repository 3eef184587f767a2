import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import type { EndpointEvents, MediaKind } from '../port';

const firstPauseMs = 100;
const longestPauseMs = 1000;

/**
 * The events of an endpoint. FreeSWITCH tells nothing when the first packet comes, so its counters are looked at for as long as
 * somebody waits for `media` and something that was agreed has not come.
 */
export class WatchedEvents extends TypedEmitter<EndpointEvents> {
  private readonly told = new Set<MediaKind>();
  private cancel: (() => void) | undefined;
  private closed = false;

  /** `count` looks up the packets received so far, by the kinds that are agreed. */
  constructor(
    private readonly clock: Clock,
    private readonly count: () => Promise<Partial<Record<MediaKind, number>>>,
    onThrow: (error: unknown, event: string) => void,
  ) {
    super(onThrow);
  }

  override on<K extends keyof EndpointEvents>(event: K, listener: (...args: EndpointEvents[K]) => void): () => void {
    const off = super.on(event, listener);
    if (event === 'media') this.watch();

    return off;
  }

  /** What is agreed may have changed. */
  watch(): void {
    if (!this.cancel && !this.closed && this.listenerCount('media') > 0) this.lookIn(firstPauseMs);
  }

  close(): void {
    this.closed = true;
    this.cancel?.();
    this.cancel = undefined;
  }

  private lookIn(pauseMs: number): void {
    this.cancel = this.clock.after(pauseMs, () => {
      this.look()
        .catch(() => true)
        .then((missing) => {
          this.cancel = undefined;
          if (missing && !this.closed && this.listenerCount('media') > 0)
            this.lookIn(Math.min(longestPauseMs, pauseMs * 1.5));
        })
        .catch(() => undefined);
    });
  }

  private async look(): Promise<boolean> {
    const counts = Object.entries(await this.count()) as [MediaKind, number][];
    for (const [kind, packets] of counts) {
      if (packets === 0 || this.told.has(kind) || this.closed) continue;
      this.told.add(kind);
      this.emit('media', kind);
    }

    return counts.some(([kind]) => !this.told.has(kind));
  }
}
