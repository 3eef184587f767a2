import type { Plan } from '../dialplan/model';
import type { Clock } from '../lib/clock';
import { SightlineError, asSightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Numbers } from '../numbers/numbers';
import type { RoutingNumber } from '../numbers/types';
import { HelpDelivery } from './help-delivery';
import type { Delivery, MessageEdge } from './help-delivery';
import { helpRequestType, readHelpRequest } from './help-request';
import type { HelpAnswer, HelpRequest } from './help-request';
import { parseSipUri } from './registrar/address';
import type { Bindings } from './registrar/bindings';
import { refuse } from './registrar/exchange';
import type { SipRequest, SipResponse } from './registrar/exchange';
import type { Caller } from './registrar/identify';
import type { RegistrarSite } from './registrar/site';

/** What help requests need of the dialplan. */
export type HelpPlan = Pick<Plan, 'version' | 'domain' | 'services' | 'defaultService' | 'terminals'>;

export interface HelpPorts {
  plan(): HelpPlan;
  site(): Pick<RegistrarSite, 'isOurHost' | 'kindOf'>;
  numbers: Pick<Numbers, 'lease' | 'on'>;
  bindings: Pick<Bindings, 'lookup'>;
  edge: MessageEdge;
  clock: Clock;
  log: Logger;
}

/** What a terminal is given: `expires` are the seconds in which the number has to be dialled. */
export type RoutingNumberBody = Extract<HelpAnswer, { number: string }>;

/** When a request that waited in vain may be tried again, in seconds. */
const RETRY_AFTER_WAIT = 60;

/**
 * Help requests: a terminal asks, and is handed a routing number. The three ways to ask (MESSAGE, INVITE to `help`, HTTP)
 * share `leaseFor` and differ only in how the answer goes back.
 */
export class Help {
  private readonly delivery: HelpDelivery;
  private readonly background = new Set<Promise<unknown>>();
  private readonly offs: (() => void)[];

  constructor(private readonly ports: HelpPorts) {
    const { edge, bindings, clock, log, numbers } = ports;
    this.delivery = new HelpDelivery({ edge, bindings, clock, log, domain: () => ports.plan().domain });
    this.offs = [
      numbers.on('ready', (lease) => this.tell(lease, this.bodyOf(lease))),
      numbers.on('lapsed', (request) => {
        const error = new SightlineError('POOL_EXHAUSTED', undefined, { retryAfter: RETRY_AFTER_WAIT });
        this.tell(request, errorAnswer(request.request, error));
      }),
    ];
  }

  /** Ends what is still being delivered. Leases stay: a terminal that was not told asks again. */
  async close(): Promise<void> {
    for (const off of this.offs) off();
    this.delivery.close();
    await Promise.all(this.background);
  }

  /**
   * MESSAGE to `sip:help@domain`: answered 202 as soon as it is read; the number, or what is wrong, follows in a MESSAGE
   * to the terminal. To `sip:help-<service>@domain` the service may be left out of the body.
   */
  async onMessage(req: SipRequest, res: SipResponse, caller: Caller): Promise<void> {
    let request: HelpRequest;
    try {
      const service = this.addressedService(req);
      request = readHelpRequest(req.get('Content-Type'), req.body);
      request.service ??= service;
    } catch (thrown) {
      const error = asSightlineError(thrown);
      return refuse(res, error, error.code === 'UNSUPPORTED_MEDIA_TYPE' ? { Accept: helpRequestType } : {});
    }
    res.send(202);
    this.inBackground(this.answerByMessage(request, caller));
  }

  /**
   * INVITE to `sip:help@domain` or `sip:help-<service>@domain`: the Contact of the 302. Dialling it again before the
   * number is used gives the same number.
   *
   * @throws SightlineError SERVICE_UNKNOWN, POOL_EXHAUSTED, TOO_MANY_LEASES, FORBIDDEN, STORE_UNAVAILABLE.
   */
  async redirect(caller: Caller, service?: string): Promise<{ contact: string; lease: RoutingNumber }> {
    // An INVITE has no request id of its own. A phone that redials help must not collect numbers.
    const lease = await this.leaseFor(caller.user, { id: `call:${service ?? ''}`, service }, { wait: false });
    const { uri, expires } = this.bodyOf(lease);

    return { contact: `<${uri}>;expires=${expires}`, lease };
  }

  /**
   * A help request by HTTP, for a terminal of the site.
   * @throws SightlineError as `redirect`, and NOT_FOUND when there is no such terminal.
   */
  async request(terminal: string, request: HelpRequest): Promise<RoutingNumberBody> {
    if (this.ports.site().kindOf(terminal) !== 'terminal')
      throw new SightlineError('NOT_FOUND', 'There is no such terminal');

    return this.bodyOf(await this.leaseFor(terminal, request, { wait: true }));
  }

  private async answerByMessage(request: HelpRequest, caller: Caller): Promise<void> {
    const { user: terminal, source: replyTo } = caller;
    // Whoever is only trusted by its address may use any name: what it is told must not go to the real bearer of the name.
    const byBinding = caller.kind !== 'trusted';
    const deliver = (answer: HelpAnswer) => this.delivery.deliver({ terminal, answer, replyTo, byBinding });
    try {
      const lease = await this.leaseFor(terminal, request, { wait: true, replyTo });
      await deliver(this.bodyOf(lease));
    } catch (thrown) {
      const error = asSightlineError(thrown);
      if (error.code === 'INTERNAL') this.ports.log.error({ err: thrown, terminal }, 'a help request failed');
      await deliver(errorAnswer(request.id, error));
    }
  }

  private async leaseFor(
    terminal: string,
    request: HelpRequest,
    options: { wait: boolean; replyTo?: Caller['source'] },
  ): Promise<RoutingNumber> {
    // A number is bound to who asked; nobody cannot dial it.
    if (terminal === '') throw new SightlineError('FORBIDDEN', 'A help request needs a caller with a name');
    const plan = this.ports.plan();
    const service = plan.services.get(request.service ?? plan.defaultService ?? '');
    if (!service) throw new SightlineError('SERVICE_UNKNOWN');
    const home = plan.terminals.get(terminal);

    return this.ports.numbers.lease(
      {
        terminal,
        request: request.id,
        pool: service.pool,
        service: service.id,
        flow: service.flow,
        place: request.place ?? home?.place,
        locale: request.locale ?? home?.locale,
        context: request.context,
        planVersion: plan.version,
        replyTo: options.replyTo,
      },
      { wait: options.wait && service.whenExhausted === 'queue' },
    );
  }

  /** The service that the address names: `help` names none, `help-tickets` names `tickets`. */
  private addressedService(req: SipRequest): string | undefined {
    const uri = parseSipUri(req.uri);
    const match = /^help(?:-(.+))?$/.exec(uri?.user ?? '');
    if (!uri || !match || !this.ports.site().isOurHost(uri.host)) throw new SightlineError('NOT_FOUND');

    return match[1];
  }

  /** Tells a terminal what became of a request that had to wait. */
  private tell(waited: { terminal: string; replyTo?: Delivery['replyTo'] }, answer: HelpAnswer): void {
    const { terminal, replyTo } = waited;
    const byBinding = this.ports.site().kindOf(terminal) === 'terminal';
    this.inBackground(this.delivery.deliver({ terminal, answer, replyTo, byBinding }));
  }

  private bodyOf(lease: RoutingNumber): RoutingNumberBody {
    const expires = Math.max(0, Math.ceil((lease.expiresAt - this.ports.clock.now()) / 1000));
    const uri = `sip:${lease.number}@${this.ports.plan().domain}`;

    return { request: lease.request, number: lease.number, uri, expires, service: lease.service };
  }

  private inBackground(work: Promise<unknown>): void {
    this.background.add(work);
    void work.finally(() => this.background.delete(work));
  }
}

function errorAnswer(request: string, error: SightlineError): HelpAnswer {
  const { code, retryAfter } = error;

  return { request, error: retryAfter === undefined ? { code } : { code, retryAfter } };
}
