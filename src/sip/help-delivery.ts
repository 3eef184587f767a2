import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import { helpAnswerBody, routingNumberType } from './help-request';
import type { HelpAnswer } from './help-request';
import type { Binding } from './registrar/binding';
import { proxyTo } from './registrar/exchange';
import type { Source } from './registrar/exchange';

/** What is needed of the SIP edge: sends a request and resolves with its final answer. */
export interface MessageEdge {
  exchange(options: {
    method: string;
    uri: string;
    proxy: string;
    headers: Record<string, string>;
    body: string;
  }): Promise<{ res: { status: number } }>;
}

export interface DeliveryPorts {
  edge: MessageEdge;
  bindings: { lookup(user: string): Promise<Binding[]> };
  domain(): string;
  clock: Clock;
  log: Logger;
}

export interface Delivery {
  terminal: string;
  answer: HelpAnswer;
  /** Where the help request came from, when it came by SIP. */
  replyTo?: Source;
  /** False: only `replyTo` is to be trusted, since the terminal has not proven who it is. */
  byBinding: boolean;
}

interface Target {
  uri: string;
  route: Source;
}

/** Pauses before another round over the terminal's devices, in ms. */
const PAUSES = [1_000, 4_000];
/** How long a device may keep silent before the next one is tried as well, in ms. */
const HEDGE = 2_000;
/** A little more than a transaction may take (64 x T1, RFC 3261 section 17.1.2.2), should the edge never tell. */
const PATIENCE = 40_000;
/** The device got the MESSAGE and will never take one: asking again is of no use. */
const REFUSED = new Set([403, 405, 406, 415, 416, 420, 488, 501, 606]);

/** Brings answers to help requests to terminals by MESSAGE, a bounded number of times. */
export class HelpDelivery {
  private readonly stops = new Set<() => void>();
  private closed = false;

  constructor(private readonly ports: DeliveryPorts) {}

  /** True when a device of the terminal took the message. Never throws: the terminal may always ask again. */
  async deliver(delivery: Delivery): Promise<boolean> {
    for (const pause of [0, ...PAUSES]) {
      if (pause > 0) await this.wait(pause);
      if (this.closed) return false;
      const statuses = await this.tryAll(delivery);
      if (statuses.some(isTaken)) return true;
      if (statuses.length > 0 && statuses.every((status) => REFUSED.has(status))) break;
    }
    const { terminal, answer } = delivery;
    if (!this.closed) {
      this.ports.log.warn({ terminal, request: answer.request }, 'a terminal could not be told about its help request');
    }

    return false;
  }

  close(): void {
    this.closed = true;
    for (const stop of this.stops) stop();
    this.stops.clear();
  }

  /** One round: a device that keeps silent does not hold up the next one. The final statuses, as far as they are known. */
  private async tryAll(delivery: Delivery): Promise<number[]> {
    const statuses: number[] = [];
    const attempts: Promise<unknown>[] = [];
    for (const target of await this.targets(delivery)) {
      if (this.closed || statuses.some(isTaken)) break;
      const attempt = this.send(delivery, target).then((status) => statuses.push(status));
      attempts.push(attempt);
      await this.within(HEDGE, attempt);
    }
    const taken = attempts.map((attempt) =>
      attempt.then(() => (statuses.some(isTaken) ? undefined : Promise.reject(new Error('not yet')))),
    );
    await Promise.any(taken).catch(() => undefined);

    return statuses;
  }

  /** The device that asked comes first, then the others of the terminal; one that is not registered is met where it was. */
  private async targets({ terminal, replyTo, byBinding }: Delivery): Promise<Target[]> {
    const bindings = byBinding ? await this.lookup(terminal) : [];
    const asked = bindings.filter(({ source }) => replyTo !== undefined && sameSource(source, replyTo));
    const targets = [...new Set([...asked, ...bindings])].map(({ contact, route }) => ({ uri: contact, route }));
    if (!replyTo || asked.length > 0) return targets;
    const { address, port } = replyTo;
    const host = address.includes(':') ? `[${address}]` : address;

    return [...targets, { uri: `sip:${encodeURIComponent(terminal)}@${host}:${port}`, route: replyTo }];
  }

  private async lookup(terminal: string): Promise<Binding[]> {
    try {
      return await this.ports.bindings.lookup(terminal);
    } catch (error) {
      this.ports.log.warn({ err: error, terminal }, 'devices of the terminal could not be read');

      return [];
    }
  }

  /** The final status; 408 when there was none, 503 when the edge could not send. */
  private async send(delivery: Delivery, { uri, route }: Target): Promise<number> {
    const { terminal, answer } = delivery;
    const domain = this.ports.domain();
    const exchange = this.ports.edge.exchange({
      method: 'MESSAGE',
      uri,
      proxy: proxyTo(route),
      headers: {
        From: `<sip:help@${domain}>`,
        To: `<sip:${encodeURIComponent(terminal)}@${domain}>`,
        'Content-Type': routingNumberType,
      },
      body: helpAnswerBody(answer),
    });
    try {
      return (await this.within(PATIENCE, exchange))?.res.status ?? 408;
    } catch (error) {
      this.ports.log.debug({ err: error, terminal }, 'a MESSAGE could not be sent');

      return 503;
    }
  }

  private wait(ms: number): Promise<void> {
    return this.within(ms, new Promise<void>(() => undefined));
  }

  /** What `work` gives, or undefined when it takes longer than `ms` or this is closed. */
  private within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancel();
        this.stops.delete(end);
        resolve(undefined);
      };
      const cancel = this.ports.clock.after(ms, end);
      this.stops.add(end);
      work.then(resolve, reject).finally(end);
      if (this.closed) end();
    });
  }
}

function isTaken(status: number): boolean {
  return status >= 200 && status < 300;
}

function sameSource(a: Source, b: Source): boolean {
  return a.transport === b.transport && a.address === b.address && a.port === b.port;
}
