import { randomBytes } from 'node:crypto';
import type { Flow } from '../transport/types';

/** Beyond this many the one that was told longest ago is forgotten, though its connection may be open. */
const usualMost = 50_000;

/**
 * Names for connections of browsers, to be told in Record-Route: a browser has no address (RFC 7118 section 5), so what
 * comes for it later has to find its connection (RFC 5626 section 5.2). A name is of one connection only and cannot be
 * guessed; it is forgotten with the connection.
 */
export class FlowTokens {
  private readonly flows = new Map<string, Flow>();
  private readonly tokens = new Map<string, string>();

  constructor(private readonly most = usualMost) {}

  get size(): number {
    return this.flows.size;
  }

  tokenOf(flow: Flow): string {
    const token = this.tokens.get(flow.id) ?? randomBytes(8).toString('hex');
    this.tokens.set(flow.id, token);
    this.flows.delete(token);
    this.flows.set(token, flow);
    // A connection may have closed before it was named.
    if (this.flows.size > this.most) this.forget(this.flows.values().next().value!);

    return token;
  }

  /** Undefined when that connection is gone. */
  flowOf(token: string): Flow | undefined {
    return this.flows.get(token);
  }

  forget(flow: Flow): void {
    const token = this.tokens.get(flow.id);
    if (token === undefined) return;
    this.tokens.delete(flow.id);
    this.flows.delete(token);
  }
}
