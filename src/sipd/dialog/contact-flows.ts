import type { Clock } from '../../lib/clock';
import { parseUri } from '../message/grammar';
import type { Flow } from '../transport/types';

/** Beyond this many the oldest are forgotten. */
const maxEntries = 200_000;

/**
 * The connections behind the Contacts of clients that registered over a stream. Such a client is reached over the
 * connection that it opened, whatever its Contact says (RFC 5626, RFC 7118); drachtio-server keeps the same table.
 */
export class ContactFlows {
  private readonly flows = new Map<string, { flow: Flow; until: number }>();

  constructor(private readonly clock: Clock) {}

  get size(): number {
    return this.flows.size;
  }

  /** Remembers the connection for `seconds`; 0 forgets it. */
  set(contactUri: string, flow: Flow, seconds: number): void {
    const key = keyOf(contactUri);
    if (key === undefined) return;
    this.flows.delete(key);
    if (seconds <= 0) return;
    this.flows.set(key, { flow, until: this.clock.now() + seconds * 1000 });
    if (this.flows.size > maxEntries) this.flows.delete(this.flows.keys().next().value!);
  }

  get(uri: string): Flow | undefined {
    if (this.flows.size === 0) return undefined;
    const key = keyOf(uri);
    const entry = key === undefined ? undefined : this.flows.get(key);
    if (!entry) return undefined;
    if (entry.until >= this.clock.now()) return entry.flow;
    this.flows.delete(key!);

    return undefined;
  }

  /** The flows whose registration has not ended. */
  *flowIds(): Iterable<string> {
    const now = this.clock.now();
    for (const { flow, until } of this.flows.values()) if (until >= now) yield flow.id;
  }

  forget(flow: Flow): void {
    for (const [key, entry] of this.flows) if (entry.flow.id === flow.id) this.flows.delete(key);
  }
}

/** User, host and port: two clients behind one address may use the same user part. */
function keyOf(uri: string): string | undefined {
  try {
    const { user, host, port } = parseUri(uri);

    return `${user ?? ''}@${host.toLowerCase()}:${port ?? ''}`;
  } catch {
    return undefined;
  }
}
