import type { Clock } from '../../lib/clock';
import { SipResponse } from '../message/message';
import type { SipRequest } from '../message/message';
import { makeResponse } from '../message/response';
import type { ServerTransaction } from '../transaction/types';
import type { Flow } from '../transport/types';
import { bestResponse, isChallenge } from './best';
import type { Branch } from './branch';
import { Breadth } from './breadth';
import type { ProxyOrder } from './order';
import { redirections } from './redirect';

/** Most targets that one request comes to, redirections counted: whoever answers 302 may not make us call everybody. */
const mostTargets = 64;

/** One target's turn. */
export interface Asking {
  /** The request as it came, and the way that it came by. */
  readonly request: SipRequest;
  readonly from: Flow;
  readonly order: ProxyOrder;
  readonly target: string;
  readonly breadth: number;
}

/** What a run needs of the proxy around it. */
export interface RunContext {
  readonly clock: Clock;
  /** How long a caller waits at most for the answers of those who were cancelled, in milliseconds. */
  readonly patience: number;
  /** Sends the request on to a target; undefined when there is no way to it. */
  forward(asking: Asking): Branch | undefined;
  /** A target has accepted the request, and its caller is told so. */
  accepted(server: ServerTransaction, response: SipResponse): void;
  /** Sends a response along its Vias, outside the server transaction. */
  respondStateless(response: SipResponse, flow: Flow): void;
  /** A target has given its first final response: this, as it came. */
  answered(response: SipResponse): void;
  /** The caller was sent this final response: the first one, and the first 2xx. */
  responded(response: SipResponse): void;
  ended(run: ProxyRun): void;
}

/** Whoever ordered it hears of each final response as it came, and of the end. */
export interface RunListener {
  final(response: SipResponse, from: Flow): void;
  done(): void;
}

/**
 * One request on its way to its targets (RFC 3261 sections 16.6 to 16.10): serial or parallel, until one accepts or all
 * have refused.
 */
export class ProxyRun {
  /** Those that are still to be asked, each of them once (section 16.5). */
  private readonly targets: string[];
  private readonly seen: Set<string>;
  /** Those that are asked and have not answered for good, each with its share of the breadth. */
  private readonly branches = new Map<Branch, number>();
  private readonly breadth: Breadth;
  private readonly refusals: SipResponse[] = [];
  private readonly offs: (() => void)[];
  private isSearching = true;
  private isCancelled = false;
  private isDone = false;
  private hasAccepted = false;
  private stopWaiting: (() => void) | undefined;
  private sent = 0;

  constructor(
    private readonly context: RunContext,
    private readonly server: ServerTransaction,
    private readonly order: ProxyOrder,
    private readonly listener: RunListener,
  ) {
    this.seen = new Set(order.targets);
    this.targets = [...this.seen];
    this.breadth = new Breadth(server.request);
    this.offs = [
      server.once('cancel', (cancel) => this.cancel(cancel.headers.all('Reason'))),
      server.once('transportError', () => this.cancel()),
      server.once('timeout', () => this.expired()),
    ];
  }

  /** The way that the request came by. */
  get flow(): Flow {
    return this.server.flow;
  }

  /** The connections that this lives on. */
  *flowIds(): Iterable<string> {
    yield this.server.flow.id;
    for (const { flow } of this.branches.keys()) if (flow) yield flow.id;
  }

  /** False when no target could be asked. */
  start(): boolean {
    this.next();

    return this.sent > 0;
  }

  /** The caller gave up, or is gone: no new target, and those that ring are cancelled (RFC 3261 section 16.10). */
  cancel(reasons: readonly string[] = []): void {
    this.isSearching = false;
    this.isCancelled = true;
    this.cancelOthers(reasons);
  }

  /** Stops all that runs, without a word to the network. */
  close(): void {
    this.isSearching = false;
    this.isDone = true;
    for (const off of this.offs) off();
    this.stopWaiting?.();
    this.leaveBranches();
  }

  private next(): void {
    while (this.isSearching && this.targets.length > 0) {
      const breadth = this.breadth.take(this.order.simultaneous ? this.targets.length : 1);
      if (breadth === 0) return;
      const { request, flow: from } = this.server;
      const branch = this.context.forward({ request, from, order: this.order, target: this.targets.shift()!, breadth });
      if (branch) this.begin(branch, breadth);
      else this.skip(breadth);
      if (branch && !this.order.simultaneous) return;
    }
  }

  private begin(branch: Branch, breadth: number): void {
    this.sent += 1;
    this.branches.set(branch, breadth);
    branch.start({
      answered: (response) => this.context.answered(response),
      response: (response, flow) => this.onResponse(branch, response, flow),
      ended: (status) => this.onEnded(branch, status),
    });
  }

  /** RFC 3261 section 16.9: a target without a way to it is as one that is out of service. */
  private skip(breadth: number): void {
    this.breadth.giveBack(breadth);
    this.refusals.push(this.ownResponse(503));
  }

  /** False when it had ended before. */
  private leave(branch: Branch): boolean {
    this.breadth.giveBack(this.branches.get(branch) ?? 0);

    return this.branches.delete(branch);
  }

  private onResponse(branch: Branch, response: SipResponse, flow: Flow): void {
    if (response.status === 100) return;
    if (response.status >= 200) this.tell(response, flow);
    const own = this.withVias(response);
    if (response.status < 200) this.progress(own);
    else if (response.status < 300) this.accept(branch, own);
    else this.refused(branch, own);
  }

  /** RFC 4320 section 4.1: only an INVITE may be answered provisionally. */
  private progress(response: SipResponse): void {
    if (this.isInvite) this.server.respond(response);
  }

  /**
   * Every 2xx to an INVITE goes back at once, a second one too, and one that a CANCEL did not catch: each makes a dialog
   * that its caller must acknowledge or end. Of other requests nothing is answered twice (RFC 4320 section 4.2).
   */
  private accept(branch: Branch, response: SipResponse): void {
    const isFirst = this.server.finalStatus === undefined;
    const isSent = isFirst && this.server.respond(response);
    if (isSent) this.acceptedBy(response);
    else if (this.isInvite) this.context.respondStateless(response, this.server.flow);
    if ((isSent || this.isInvite) && !this.hasAccepted) {
      this.hasAccepted = true;
      this.context.responded(response);
    }
    this.isSearching = false;
    this.leave(branch);
    // So that a phone does not tell of a call that was missed.
    this.cancelOthers([`SIP;cause=${response.status};text="Call completed elsewhere"`]);
    this.finish();
  }

  private acceptedBy(response: SipResponse): void {
    this.context.accepted(this.server, response);
    // A proxy repeats no 2xx of its own accord (RFC 6026 section 7.1), so nothing of the request need be kept for it.
    this.server.acknowledged();
  }

  private refused(branch: Branch, response: SipResponse): void {
    this.leave(branch);
    if (!this.follow(response)) this.refusals.push(response);
    if (response.status >= 600) {
      // It speaks for all targets (RFC 3261 section 16.7, step 5).
      this.isSearching = false;
      this.cancelOthers([`SIP;cause=${response.status}`]);
    } else if (isChallenge(response.status)) {
      // It has to be answered before anyone else is asked; those that are asked already may still accept.
      this.isSearching = false;
    }
    this.goOn();
  }

  /** A branch ended without a response, or was given up: the timeout is a 408 (RFC 3261 section 16.8). */
  private onEnded(branch: Branch, status: number): void {
    if (!this.leave(branch)) return;
    this.refusals.push(this.ownResponse(status));
    this.goOn();
  }

  private goOn(): void {
    // What runs in parallel has been asked already; new targets of a redirection have not.
    if (this.order.simultaneous || this.branches.size === 0) this.next();
    if (this.branches.size > 0) return;
    this.isSearching = false;
    this.refuse();
    this.finish();
  }

  /** Does nothing when there is an answer. Nothing is said of a request other than INVITE when that could only be 408. */
  private refuse(): void {
    if (this.isCancelled) this.refusals.push(this.ownResponse(487));
    const { refusals, isCancelled } = this;
    const best = bestResponse({ refusals, isCancelled, method: this.server.request.method });
    if (best && this.server.respond(best)) this.context.responded(best);
  }

  /** The time for an answer to a request other than INVITE is over: none may be sent any more (RFC 4320 section 4.2). */
  private expired(): void {
    this.isSearching = false;
    this.finish();
  }

  private follow(response: SipResponse): boolean {
    if (!this.order.followRedirects || !this.isSearching || response.status > 399) return false;
    const isSecure = this.server.request.target.scheme === 'sips';
    const added = redirections(response, isSecure)
      .filter((uri) => !this.seen.has(uri))
      .slice(0, Math.max(0, mostTargets - this.seen.size));
    for (const uri of added) this.seen.add(uri);
    this.targets.unshift(...added);

    return added.length > 0;
  }

  /**
   * The caller is answered when they have answered, as one of them may have said 200 before it heard the CANCEL. But one
   * that says nothing takes 64*T1, and by then the caller has given up on us too (RFC 3261 sections 9.1 and 17.1.2.2).
   * @param reasons why, for their CANCEL (RFC 3326 section 2)
   */
  private cancelOthers(reasons: readonly string[]): void {
    for (const branch of this.branches.keys()) branch.cancel(reasons);
    if (this.branches.size === 0) return;
    this.stopWaiting ??= this.context.clock.after(this.context.patience, () => this.refuse());
  }

  private leaveBranches(): void {
    for (const branch of this.branches.keys()) branch.close();
    this.branches.clear();
  }

  private tell(response: SipResponse, from: Flow): void {
    if (this.order.fullResponse && !this.isDone) this.listener.final(response, from);
  }

  private finish(): void {
    if (this.isDone) return;
    this.close();
    if (this.order.fullResponse) this.listener.done();
    this.context.ended(this);
  }

  private get isInvite(): boolean {
    return this.server.request.method === 'INVITE';
  }

  private ownResponse(status: number): SipResponse {
    return makeResponse(this.server.request, status);
  }

  /**
   * The response as its sender's Vias should have made it (RFC 3261 section 16.7, step 3): with those that the request
   * came by. What the target made of them is not looked at, as it could lead the response anywhere, or nowhere.
   */
  private withVias(response: SipResponse): SipResponse {
    const headers = response.headers.clone();
    headers.set('Via', this.server.request.headers.all('Via'));

    return new SipResponse(response.status, response.reason, headers, response.body);
  }
}
