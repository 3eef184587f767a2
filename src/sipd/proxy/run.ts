import type { Clock } from '../../lib/clock';
import { parseAddresses } from '../message/grammar';
import { SipSyntaxError } from '../message/errors';
import { SipResponse } from '../message/message';
import type { SipRequest } from '../message/message';
import { makeResponse } from '../message/response';
import type { ServerTransaction } from '../transaction/types';
import type { Destination, Flow } from '../transport/types';
import { bestResponse } from './best';
import type { Branch } from './branch';
import type { ProxyOrder } from './order';

/** Most targets that one request comes to, redirections counted: whoever answers 302 may not make us call everybody. */
const mostTargets = 64;

/** What a run needs of the proxy around it. */
export interface RunContext {
  readonly clock: Clock;
  /** Sends the request on to a target; undefined when there is no way to it. */
  forward(request: SipRequest, order: ProxyOrder, target: string, from: Flow): Branch | undefined;
  /** Sends a response along its Vias, outside the server transaction. */
  respondStateless(response: SipResponse, flow: Flow): void;
  ended(run: ProxyRun): void;
}

/** Whoever ordered it hears of each final response as it came, and of the end. */
export interface RunListener {
  final(response: SipResponse, from: Flow | Destination): void;
  done(): void;
}

/** One request on its way to its targets (RFC 3261 section 16): serial or parallel, until one accepts or all have refused. */
export class ProxyRun {
  private readonly targets: string[];
  private readonly seen: Set<string>;
  private readonly branches = new Set<Branch>();
  private readonly refusals: SipResponse[] = [];
  private isSearching = true;
  private isDone = false;
  private sent = 0;

  constructor(
    private readonly context: RunContext,
    private readonly server: ServerTransaction,
    private readonly order: ProxyOrder,
    private readonly listener: RunListener,
  ) {
    this.targets = [...order.targets];
    this.seen = new Set(order.targets);
    server.once('cancel', () => this.cancel());
    server.once('transportError', () => this.cancel());
  }

  /** False when no target could be asked. */
  start(): boolean {
    this.next();

    return this.sent > 0;
  }

  /** Stops all that runs, without a word to the network. */
  close(): void {
    this.isSearching = false;
    this.isDone = true;
    for (const branch of this.branches) branch.close();
    this.branches.clear();
  }

  private next(): void {
    while (this.isSearching && this.targets.length > 0) {
      const branch = this.context.forward(this.server.request, this.order, this.targets.shift()!, this.server.flow);
      if (!branch) continue;
      this.sent += 1;
      this.branches.add(branch);
      branch.start({
        response: (response, flow) => this.onResponse(branch, response, flow),
        ended: (status) => this.onEnded(branch, status),
      });
      if (!this.order.simultaneous) return;
    }
  }

  private onResponse(branch: Branch, response: SipResponse, flow: Flow | undefined): void {
    if (response.status === 100) return;
    if (response.status >= 200) this.tell(response, flow ?? branch.destination);
    const own = strip(response);
    if (own.headers.count('Via') === 0) return;
    if (response.status < 200) this.server.respond(own);
    else if (response.status < 300) this.accept(branch, own);
    else this.refused(branch, own);
  }

  /** Every 2xx goes back at once, a second one too: each makes a dialog that its caller must acknowledge or end. */
  private accept(branch: Branch, response: SipResponse): void {
    const isFirst = this.server.finalStatus === undefined;
    if (!isFirst || !this.server.respond(response)) this.context.respondStateless(response, this.server.flow);
    this.isSearching = false;
    this.branches.delete(branch);
    this.cancelOthers();
    this.finish();
  }

  private refused(branch: Branch, response: SipResponse): void {
    this.branches.delete(branch);
    const isFollowed = this.follow(response);
    if (!isFollowed) this.refusals.push(response);
    // 6xx speaks for all targets; a challenge has to be answered before anyone else is asked.
    const endsSearch = response.status >= 600 || response.status === 401 || response.status === 407;
    if (endsSearch) {
      this.isSearching = false;
      this.cancelOthers();
    }
    this.goOn();
  }

  /** A branch ended without a response, or was given up: the timeout is a 408 (RFC 3261 section 16.8). */
  private onEnded(branch: Branch, status: number): void {
    if (!this.branches.delete(branch)) return;
    if (this.server.finalStatus === undefined) this.refusals.push(this.ownResponse(status));
    this.goOn();
  }

  private goOn(): void {
    // What runs in parallel has been asked already; new targets of a redirection have not.
    if (this.order.simultaneous || this.branches.size === 0) this.next();
    if (this.branches.size > 0) return;
    this.isSearching = false;
    if (this.server.finalStatus === undefined) {
      const best = bestResponse(this.refusals) ?? this.ownResponse(408);
      this.server.respond(best);
    }
    this.finish();
  }

  private follow(response: SipResponse): boolean {
    if (!this.order.followRedirects || !this.isSearching || response.status > 399) return false;
    const room = mostTargets - this.seen.size;
    const added = contactsOf(response)
      .filter((uri) => !this.seen.has(uri))
      .slice(0, room);
    for (const uri of added) this.seen.add(uri);
    this.targets.unshift(...added);

    return added.length > 0;
  }

  /** The caller gave up: no new target, and those that ring are cancelled; their 487 goes back. */
  private cancel(): void {
    this.isSearching = false;
    this.cancelOthers();
  }

  private cancelOthers(): void {
    for (const branch of this.branches) branch.cancel();
  }

  private tell(response: SipResponse, from: Flow | Destination): void {
    if (this.order.fullResponse && !this.isDone) this.listener.final(response, from);
  }

  private finish(): void {
    if (this.isDone) return;
    this.isDone = true;
    if (this.order.fullResponse) this.listener.done();
    this.context.ended(this);
  }

  private ownResponse(status: number): SipResponse {
    return makeResponse(this.server.request, status);
  }
}

/** The response without our Via. */
function strip(response: SipResponse): SipResponse {
  const headers = response.headers.clone();
  headers.removeFirst('Via');

  return new SipResponse(response.status, response.reason, headers, response.body);
}

function contactsOf(response: SipResponse): string[] {
  try {
    return parseAddresses(response.headers.all('Contact')).map(({ uri }) => uri);
  } catch (error) {
    if (error instanceof SipSyntaxError) return [];
    throw error;
  }
}
