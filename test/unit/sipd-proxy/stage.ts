import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { UserAgent } from '../../../src/sipd/dialog/user-agent';
import type { SipRequest, SipResponse } from '../../../src/sipd/message/message';
import { makeResponse } from '../../../src/sipd/message/response';
import type { ProxyOrder } from '../../../src/sipd/proxy/order';
import { Proxy } from '../../../src/sipd/proxy/proxy';
import { defaultTimers } from '../../../src/sipd/transaction/timers';
import { TransactionLayer } from '../../../src/sipd/transaction/transaction-layer';
import type { ClientTransaction, ServerTransaction } from '../../../src/sipd/transaction/types';
import { newRequest, settle } from '../sipd-transaction/stage';
import { Wire } from '../sipd-transaction/wire';
import type { WireEnd } from '../sipd-transaction/wire';

const proxyAddress = '192.0.2.9';

/** Somebody beside the proxy, who says nothing by himself: what came to him, in order, as `INVITE` or `180`. */
export class Party {
  readonly heard: string[] = [];
  readonly responses: SipResponse[] = [];
  /** Of the CANCELs. */
  readonly reasons: string[] = [];
  readonly layer: TransactionLayer;
  private readonly served: { request: SipRequest; transaction: ServerTransaction }[] = [];

  constructor(
    readonly end: WireEnd,
    clock: ManualClock,
  ) {
    this.layer = new TransactionLayer({ transport: end, clock, timers: { ...defaultTimers, trying: 600_000 } });
    this.layer.on('request', (request, transaction) => {
      this.heard.push(request.method);
      this.served.push({ request, transaction });
      transaction.on('cancel', (cancel) => {
        this.heard.push('CANCEL');
        this.reasons.push(...cancel.headers.all('Reason'));
      });
    });
    this.layer.on('ack', () => this.heard.push('ACK'));
  }

  get uri(): string {
    return `sip:${this.end.name}@${this.end.own.address}`;
  }

  /** The latest request of this method. */
  request(method = 'INVITE'): SipRequest {
    return this.serving(method).request;
  }

  /** Answers it. Each answer of one party has the same To tag. */
  answer(status: number, headers: [string, string][] = [], method = 'INVITE'): void {
    const { request, transaction } = this.serving(method);
    const contact: [string, string][] = method === 'INVITE' && status < 300 ? [['Contact', `<${this.uri}>`]] : [];
    const extras = { toTag: this.end.name, headers: [...contact, ...headers] };
    transaction.respond(makeResponse(request, status, undefined, extras));
  }

  /** Sends a request to the proxy. */
  send(request: SipRequest): ClientTransaction {
    const transaction = this.layer.request(request, { transport: 'udp', address: proxyAddress, port: 5060 });
    transaction.on('response', (response) => {
      this.heard.push(String(response.status));
      this.responses.push(response);
    });
    transaction.on('timeout', () => this.heard.push('timeout'));

    return transaction;
  }

  private serving(method: string): { request: SipRequest; transaction: ServerTransaction } {
    const found = this.served.filter(({ request }) => request.method === method).at(-1);
    if (!found) throw new Error(`${this.end.name} has no ${method}`);

    return found;
  }
}

/** Alice calls through the proxy of a whole user agent; Bob, Carol and Dave are where it sends her calls. By a clock that stands still. */
export class ProxyStage {
  readonly clock = new ManualClock();
  readonly wire = new Wire(this.clock);
  readonly alice = this.party('alice', '192.0.2.1');
  readonly bob = this.party('bob', '192.0.2.2');
  readonly carol = this.party('carol', '192.0.2.3');
  readonly dave = this.party('dave', '192.0.2.4');
  readonly proxy: Proxy;
  /** What the application was told. */
  readonly told: string[] = [];
  /** Why the orders that failed did. */
  readonly failures: string[] = [];
  order: Partial<ProxyOrder> = {};
  readonly end = this.wire.end('proxy', proxyAddress);
  private readonly layer: TransactionLayer;
  private readonly agent: UserAgent;

  constructor() {
    const { clock, end } = this;
    const log = silentLogger;
    const timers = defaultTimers;
    this.layer = new TransactionLayer({ transport: end, clock, timers, checks: { extensions: ['100rel', 'timer'] } });
    const parts = { clock, log, transactions: this.layer, transport: end };
    this.agent = new UserAgent({ ...parts, timers, settings: { minSessionExpires: 90 } });
    this.proxy = new Proxy({ ...parts, timers, agent: this.agent, secret: 'secret' });
    this.agent.events.on('request', (incoming) => this.onRequest(incoming.id));
  }

  /** Alice sends a request for somebody of the proxy's domain, and the application has it proxied in this way. */
  async call(order: Partial<ProxyOrder>, method = 'INVITE', more: Record<string, string> = {}) {
    this.order = order;
    const request = newRequest(method, { Contact: `<${this.alice.uri}>`, ...more });
    request.uri = `sip:service@${proxyAddress}`;
    const transaction = this.alice.send(request);
    await this.pass(0);

    return transaction;
  }

  /** Moves time in small steps, so that promises settle between what happens at different times. */
  async pass(ms: number, step = 25): Promise<void> {
    await settle();
    for (let left = ms; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await settle();
    }
    for (let hops = 0; ms === 0 && hops < 6; hops += 1) {
      this.clock.advance(0);
      await settle();
    }
  }

  /** What the proxy sent to others, requests with their number: `INVITE`, `CANCEL`. */
  sent(what: string): number {
    return this.wire.times('proxy', what).length;
  }

  /** 40 s after the last event nothing is left of it. */
  async expectNothingLeft(): Promise<void> {
    await this.pass(40_000);
    expect(this.proxy.size).toBe(0);
    expect(this.agent.stats()).toMatchObject({ incoming: 0, outgoing: 0, dialogs: 0 });
    const { layer } = this;
    expect(layer.stats()).toMatchObject({ client: {}, server: {}, timers: 0 });
    expect([layer['merges'].size, layer['mergeKeys'].size, layer['flowUsers'].size]).toEqual([0, 0, 0]);
    this.closeParties();
    await this.pass(25);
    expect(this.clock.pendingCount).toBe(0);
  }

  closeParties(): void {
    for (const { layer } of [this.alice, this.bob, this.carol, this.dave]) layer.close();
  }

  /** As the whole server does when it is stopped. */
  close(): void {
    this.proxy.close();
    this.agent.close();
    this.layer.close();
  }

  private party(name: string, address: string): Party {
    return new Party(this.wire.end(name, address), this.clock);
  }

  private onRequest(transactionId: string): void {
    const order: ProxyOrder = {
      ...{ transactionId, recordRoute: false, fullResponse: true, followRedirects: false, simultaneous: false },
      ...{ provisionalTimeout: undefined, finalTimeout: undefined, targets: [this.bob.uri], headers: [] },
      ...this.order,
    };
    try {
      this.proxy.start(order, {
        final: ({ status }) => this.told.push(String(status)),
        done: () => this.told.push('done'),
      });
    } catch (error) {
      this.failures.push((error as Error).message);
    }
  }
}
