import { randomBytes } from 'node:crypto';
import type { Flow } from '../transport/types';

/**
 * Names for connections of browsers, to be told in Record-Route: a browser has no address (RFC 7118 section 5), so what
 * comes for it later has to find its connection (RFC 5626 section 5.2). A name is of one connection only and cannot be
 * guessed; it is forgotten with the connection.
 */
export class FlowTokens {
  private readonly flows = new Map<string, Flow>();
  private readonly tokens = new Map<string, string>();

  get size(): number {
    return this.flows.size;
  }

  tokenOf(flow: Flow): string {
    const known = this.tokens.get(flow.id);
    if (known !== undefined) return known;
    const token = randomBytes(8).toString('hex');
    this.tokens.set(flow.id, token);
    this.flows.set(token, flow);

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
