/** Maps an event's name to the arguments its listeners get. */
export type EventMap = Record<string, unknown[]>;

type Listener<A extends unknown[]> = (...args: A) => void;

/**
 * A typed event emitter whose listeners cannot harm the emitter: a listener that throws is reported to the `onThrow`
 * given at construction and the others still run.
 */
export class TypedEmitter<E extends EventMap> {
  /** By event; a list is never changed but replaced, so that whoever goes through one is not disturbed. */
  private readonly listeners = new Map<keyof E, readonly Listener<never>[]>();

  constructor(private readonly onThrow: (error: unknown, event: string) => void = reportUncaught) {}

  /** Adds a listener and returns a function that takes it away again. */
  on<K extends keyof E>(event: K, listener: Listener<E[K]>): () => void {
    const list = this.listeners.get(event);
    if (!list) this.listeners.set(event, [listener as Listener<never>]);
    else if (!list.includes(listener as Listener<never>)) {
      this.listeners.set(event, [...list, listener as Listener<never>]);
    }

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
    const list = this.listeners.get(event);
    if (!list?.includes(listener as Listener<never>)) return;
    if (list.length === 1) this.listeners.delete(event);
    else {
      this.listeners.set(
        event,
        list.filter((other) => other !== listener),
      );
    }
  }

  emit<K extends keyof E>(event: K, ...args: E[K]): boolean {
    const list = this.listeners.get(event);
    if (!list) return false;
    for (const listener of list) {
      try {
        (listener as unknown as Listener<E[K]>)(...args);
      } catch (error) {
        this.onThrow(error, String(event));
      }
    }

    return true;
  }

  listenerCount(event: keyof E): number {
    return this.listeners.get(event)?.length ?? 0;
  }

  removeAllListeners(): void {
    this.listeners.clear();
  }
}

function reportUncaught(error: unknown, event: string): void {
  process.emitWarning(`A listener of '${event}' threw: ${error instanceof Error ? error.stack : String(error)}`);
}
