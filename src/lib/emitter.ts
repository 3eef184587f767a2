/** Maps an event's name to the arguments its listeners get. */
export type EventMap = Record<string, unknown[]>;

type Listener<A extends unknown[]> = (...args: A) => void;

/**
 * A typed event emitter whose listeners cannot harm the emitter: a listener that throws is reported to the `onThrow`
 * given at construction and the others still run.
 */
export class TypedEmitter<E extends EventMap> {
  private readonly listeners = new Map<keyof E, Set<Listener<never>>>();

  constructor(private readonly onThrow: (error: unknown, event: string) => void = reportUncaught) {}

  /** Adds a listener and returns a function that takes it away again. */
  on<K extends keyof E>(event: K, listener: Listener<E[K]>): () => void {
    let set = this.listeners.get(event);
    if (!set) {
      set = new Set();
      this.listeners.set(event, set);
    }
    set.add(listener as Listener<never>);

    return () => this.off(event, listener);
  }

  once<K extends keyof E>(event: K, listener: Listener<E[K]>): () => void {
    const off = this.on(event, (...args: E[K]) => {
      off();
      listener(...args);
    });

    return off;
  }

  off<K extends keyof E>(event: K, listener: Listener<E[K]>): void {
    const set = this.listeners.get(event);
    if (!set?.delete(listener as Listener<never>)) return;
    if (set.size === 0) this.listeners.delete(event);
  }

  emit<K extends keyof E>(event: K, ...args: E[K]): boolean {
    const set = this.listeners.get(event);
    if (!set) return false;
    for (const listener of [...set]) {
      try {
        (listener as unknown as Listener<E[K]>)(...args);
      } catch (error) {
        this.onThrow(error, String(event));
      }
    }

    return true;
  }

  listenerCount(event: keyof E): number {
    return this.listeners.get(event)?.size ?? 0;
  }

  removeAllListeners(): void {
    this.listeners.clear();
  }
}

function reportUncaught(error: unknown, event: string): void {
  process.emitWarning(`A listener of '${event}' threw: ${error instanceof Error ? error.stack : String(error)}`);
}
