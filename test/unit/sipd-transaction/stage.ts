import { ManualClock } from '../../../src/lib/clock';
import { Headers, SipRequest } from '../../../src/sipd/message/message';
import type { SipResponse } from '../../../src/sipd/message/message';
import type { CheckOptions } from '../../../src/sipd/transaction/checks';
import { defaultTimers } from '../../../src/sipd/transaction/timers';
import { TransactionLayer } from '../../../src/sipd/transaction/transaction-layer';
import type { ClientTransaction, ServerTransaction } from '../../../src/sipd/transaction/types';
import type { Flow, TransportName } from '../../../src/sipd/transport/types';
import { Wire } from './wire';
import type { WireEnd } from './wire';

/** One party: a transaction layer on its end of the wire, with notes of what it was told. */
export interface Party {
  end: WireEnd;
  layer: TransactionLayer;
  requests: { request: SipRequest; transaction: ServerTransaction }[];
  acks: { request: SipRequest; flow: Flow }[];
  strays: SipResponse[];
  /** What happened, in order: `response 200`, `timeout`, `cancel`, `terminated`, … */
  events: string[];
}

/** Alice calls, Bob is called. */
export class Stage {
  readonly clock = new ManualClock();
  readonly wire: Wire;
  readonly alice: Party;
  readonly bob: Party;

  constructor(options: { latency?: number; checks?: CheckOptions; transport?: TransportName } = {}) {
    this.wire = new Wire(this.clock, options.latency ?? 0);
    this.transport = options.transport ?? 'udp';
    this.alice = this.party('alice', '192.0.2.1', undefined);
    this.bob = this.party('bob', '192.0.2.2', options.checks);
  }

  private readonly transport: TransportName;

  /** Alice sends a request to Bob. */
  call(method: string, more: Record<string, string> = {}): ClientTransaction {
    const { alice } = this;
    const transaction = alice.layer.request(newRequest(method, more), {
      transport: this.transport,
      address: '192.0.2.2',
      port: 5060,
    });
    transaction.on('response', (response) => alice.events.push(`response ${response.status}`));
    transaction.on('timeout', () => alice.events.push('timeout'));
    transaction.on('transportError', (error) => alice.events.push(`transportError ${error.code}`));
    transaction.on('terminated', () => alice.events.push('terminated'));

    return transaction;
  }

  /** Moves time in small steps, so that promises settle between what happens at different times. */
  async pass(ms: number): Promise<void> {
    await settle();
    const step = 25;
    for (let left = ms; left > 0; left -= step) {
      this.clock.advance(Math.min(step, left));
      await settle();
    }
    if (ms === 0) this.clock.advance(0);
    await settle();
  }

  /** The transaction of the latest request that Bob was told of. */
  get served(): ServerTransaction {
    return this.bob.requests.at(-1)!.transaction;
  }

  /** Nothing is left of any transaction, and soon nothing of INVITEs that were given up. */
  expectNothingLeft(): void {
    const layers = [this.alice.layer, this.bob.layer];
    for (const layer of layers) expect(layer.stats()).toMatchObject({ client: {}, server: {}, timers: 0 });
    // The wheel's own timer sees at its next tick that there is nothing to wait for.
    this.clock.advance(layers.some((layer) => layer.stats().givenUp > 0) ? defaultTimers.c : 25);
    for (const layer of layers) expect(layer.stats().givenUp).toBe(0);
    expect(this.clock.pendingCount).toBe(0);
  }

  private party(name: string, address: string, checks: CheckOptions | undefined): Party {
    const end = this.wire.end(name, address);
    const layer = new TransactionLayer({ transport: end, clock: this.clock, timers: defaultTimers, checks });
    const party: Party = { end, layer, requests: [], acks: [], strays: [], events: [] };
    layer.on('request', (request, transaction) => {
      party.requests.push({ request, transaction });
      party.events.push(`request ${request.method}`);
      transaction.on('cancel', () => party.events.push('cancel'));
      transaction.on('timeout', () => party.events.push('timeout'));
      transaction.on('transportError', (error) => party.events.push(`transportError ${error.code}`));
      transaction.on('terminated', () => party.events.push('terminated'));
    });
    layer.on('ack', (request, flow) => party.acks.push({ request, flow }));
    layer.on('strayResponse', (response) => party.strays.push(response));

    return party;
  }
}

let calls = 0;

export function newRequest(method: string, more: Record<string, string> = {}): SipRequest {
  calls += 1;
  const headers = Headers.from({
    'Max-Forwards': '70',
    From: `<sip:alice@example.com>;tag=a${calls}`,
    To: '<sip:bob@example.com>',
    'Call-ID': `call-${calls}@example.com`,
    CSeq: `1 ${method}`,
  });
  for (const [name, value] of Object.entries(more)) headers.set(name, value);

  return new SipRequest(method, 'sip:bob@192.0.2.2', headers);
}

/** Lets every promise that can settle do so. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
