import type { Source } from '../application';
import type { IncomingRequest } from '../dialog/incoming';
import type { UserAgent } from '../dialog/user-agent';
import type { SipMessage, SipRequest, SipResponse } from '../message/message';
import { toBuffer } from '../message/serialize';
import type { Proxy } from '../proxy/proxy';
import { ControlClient } from './control-client';
import type { ControlServer } from './control-server';
import { timeOfDay } from './meta';

type Role = 'uac' | 'uas' | 'proxy-uac' | 'proxy-uas';
type Termination =
  'call-rejected' | 'call-canceled' | 'normal-release' | 'session-expired' | 'system-initiated-termination';

/**
 * Call detail records in drachtio-server's form, `cdr:attempt|source|time` and `cdr:start|source|time|role` or
 * `cdr:stop|source|time|reason` with the SIP message: each goes to the next application in turn of those that asked for
 * its kind by `route|cdr:…`. As drachtio-server does, only calls are recorded: a re-INVITE makes no record.
 */
export class CallRecords {
  private readonly offs: (() => void)[];

  constructor(
    agent: UserAgent,
    proxy: Proxy,
    private readonly control: Pick<ControlServer, 'pick'>,
  ) {
    this.offs = [
      agent.events.on('request', (incoming) => this.received(incoming)),
      agent.events.on('cancel', (incoming) => this.cancelled(incoming)),
      agent.events.on('response', ({ request }, response) => this.answered(request, response, 'uac')),
      agent.events.on('ended', (_dialog, bye) => this.endedByServer(bye)),
      proxy.events.on('sent', (request, received) => this.sentOn(request, received)),
      proxy.events.on('answered', (response, request) => this.answered(request, response, 'proxy-uac')),
      proxy.events.on('responded', (response, request) => this.respondedByProxy(request, response)),
    ];
  }

  close(): void {
    for (const off of this.offs) off();
  }

  /** An application sent a request. */
  sent(request: SipRequest): void {
    if (isCall(request)) this.attempt('application', request);
    else if (request.method === 'BYE') this.stop('application', request, 'normal-release');
  }

  /** A request is answered, by an application or in its place. */
  responded({ request }: IncomingRequest, response: SipResponse): void {
    if (!isCall(request)) return;
    if (response.status >= 300) this.stop('application', response, 'call-rejected');
    else if (response.status >= 200) this.start('application', response, 'uas');
  }

  private received({ request, dialog }: IncomingRequest): void {
    if (isCall(request)) this.attempt('network', request);
    else if (request.method === 'BYE' && dialog) this.stop('network', request, 'normal-release');
  }

  /** The record has the INVITE, not the CANCEL, as with drachtio-server. */
  private cancelled({ request }: IncomingRequest): void {
    if (isCall(request)) this.stop('network', request, 'call-canceled');
  }

  private answered(request: SipRequest, response: SipResponse, role: Role): void {
    if (!isCall(request) || response.status < 200) return;
    if (response.status < 300) this.start('network', response, role);
    else this.stop('network', response, whyRefused(response));
  }

  /** A BYE that passes by has two records: as it came, and as it went on. */
  private sentOn(request: SipRequest, received: SipRequest): void {
    if (isCall(request)) this.attempt('application', request);
    if (request.method !== 'BYE') return;
    this.stop('network', received, 'normal-release');
    this.stop('application', request, 'normal-release');
  }

  private respondedByProxy(request: SipRequest, response: SipResponse): void {
    if (!isCall(request)) return;
    if (response.status < 300) this.start('application', response, 'proxy-uas');
    else this.stop('application', response, whyRefused(response));
  }

  /** drachtio-server knows these two names only; that of a missing ACK is the same as that of a session timer. */
  private endedByServer(bye: SipRequest): void {
    const isExpired = /Session timer expired|ACK timeout/.test(bye.headers.get('Reason') ?? '');
    this.stop('application', bye, isExpired ? 'session-expired' : 'system-initiated-termination');
  }

  private attempt(source: Source, message: SipMessage): void {
    this.post('cdr:attempt', source, message);
  }

  private start(source: Source, message: SipMessage, role: Role): void {
    this.post('cdr:start', source, message, role);
  }

  private stop(source: Source, message: SipMessage, reason: Termination): void {
    this.post('cdr:stop', source, message, reason);
  }

  private post(kind: string, source: Source, message: SipMessage, last?: string): void {
    const application = this.control.pick(kind);
    if (!(application instanceof ControlClient)) return;
    const fields = last === undefined ? [kind, source, timeOfDay()] : [kind, source, timeOfDay(), last];
    application.send(fields.join('|'), toBuffer(message));
  }
}

function whyRefused({ status }: SipResponse): Termination {
  return status === 487 ? 'call-canceled' : 'call-rejected';
}

/** An INVITE that is not inside a dialog. */
function isCall(request: SipRequest): boolean {
  return request.method === 'INVITE' && request.toTag === undefined;
}
