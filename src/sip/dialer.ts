import { DialError, reasonElsewhere } from '../calls/leg';
import type { DialFailure, DialRequest, OutgoingInvite, SeatAnswer, SeatDialer } from '../calls/leg';
import { offersVisualMenu } from '../ivr/headers';
import type { Logger } from '../lib/logger';
import type { AckFunction, DrachtioAnswer, DrachtioRequest, Headers, RequestOptions } from './drachtio';
import { allowHeader } from './headers';
import { methodsOf, minSessionSeconds, sessionSeconds } from './incoming';
import { SrfLeg, type LegHome } from './leg';
import { proxyTo, type Source } from './registrar/exchange';

/** One place where a user can be reached, as the registrar knows it. */
export interface Contact {
  uri: string;
  source: Source;
  /** Called when the connection that the contact registered by is gone: nothing reaches it until it registers again. */
  forget(): void;
}

export interface DialerPorts {
  home: LegHome;
  /** The contacts of a user, best first; empty when it is not registered. */
  lookup(user: string): Promise<Contact[]>;
  domain(): string;
  log: Logger;
}

/** For as long a seat is rung at the contacts that it had when they were looked up, in ms. */
const freshMs = 50;

/** Dials seats: every contact of the seat rings at once and the first 200 wins (RFC 3261 section 16.7). */
export class SrfSeatDialer implements SeatDialer {
  /** What was looked up a moment ago: whoever asks what a seat is, rings it next. */
  private readonly fresh = new Map<string, { contacts: Promise<Contact[]>; until: number }>();

  constructor(private readonly ports: DialerPorts) {}

  dial(request: DialRequest): OutgoingInvite {
    return new Fork({ ...this.ports, lookup: (seatId) => this.takeContacts(seatId) }, request);
  }

  prepare(seatId: string): void {
    // Whoever rings the seat looks once more, and tells of what goes wrong.
    this.look(seatId).catch(() => this.fresh.delete(seatId));
  }

  async isBrowser(seatId: string): Promise<boolean> {
    try {
      const contacts = await (this.known(seatId) ?? this.look(seatId));

      return contacts.length > 0 && contacts.every(({ source }) => /^wss?$/i.test(source.transport));
    } catch (error) {
      this.fresh.delete(seatId);
      this.ports.log.warn({ err: error, seat: seatId }, 'contacts of the seat could not be read');

      return false;
    }
  }

  async isReachable(user: string): Promise<boolean> {
    try {
      return (await this.ports.lookup(user)).length > 0;
    } catch (error) {
      this.ports.log.warn({ err: error, user }, 'contacts could not be read');

      return false;
    }
  }

  private look(seatId: string): Promise<Contact[]> {
    const contacts = this.ports.lookup(seatId);
    this.fresh.set(seatId, { contacts, until: performance.now() + freshMs });

    return contacts;
  }

  private known(seatId: string): Promise<Contact[]> | undefined {
    const known = this.fresh.get(seatId);

    return known && performance.now() < known.until ? known.contacts : undefined;
  }

  private takeContacts(seatId: string): Promise<Contact[]> {
    const known = this.known(seatId);
    this.fresh.delete(seatId);

    return known ?? this.ports.lookup(seatId);
  }
}

class Fork implements OutgoingInvite {
  readonly answered: Promise<SeatAnswer>;
  private readonly ringing = new Map<Contact, DrachtioRequest>();
  /** Contacts that have given their final answer. */
  private readonly answeredBy = new Set<Contact>();
  private readonly statuses: number[] = [];
  private pending = 0;
  private cancelReason: string | undefined;
  private won = false;
  private ringingListener: (() => void) | undefined;
  private sentListener: ((transactionId: string) => void) | undefined;
  private resolve!: (answered: SeatAnswer) => void;
  private reject!: (error: DialError) => void;

  constructor(
    private readonly ports: DialerPorts,
    private readonly request: DialRequest,
  ) {
    this.answered = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // The caller may cancel without waiting for the outcome.
    this.answered.catch(() => undefined);
    void this.start();
  }

  onSent(listener: (transactionId: string) => void): void {
    this.sentListener = listener;
  }

  onRinging(listener: () => void): void {
    this.ringingListener = listener;
  }

  cancel(reason: string): void {
    if (this.won || this.cancelReason !== undefined) return;
    this.cancelReason = reason;
    this.cancelBranches(reason);
    this.reject(new DialError('no-answer', 487));
  }

  private async start(): Promise<void> {
    let contacts: Contact[];
    try {
      contacts = await this.ports.lookup(this.request.seatId);
    } catch (error) {
      this.ports.log.warn({ err: error, seat: this.request.seatId }, 'contacts of the seat could not be read');
      contacts = [];
    }
    if (contacts.length === 0) return this.reject(new DialError('unreachable', 480));
    this.pending = contacts.length;
    for (const contact of contacts) void this.branch(contact);
  }

  private async branch(contact: Contact): Promise<void> {
    if (this.cancelReason !== undefined) return this.finished(487);
    try {
      const req = await this.ports.home.edge.send(this.inviteFor(contact), (res, ack) => {
        this.onResponse(contact, res, ack);
      });
      if (!this.answeredBy.has(contact)) this.ringing.set(contact, req);
      this.sentListener?.(req.stackTxnId);
      if (this.cancelReason !== undefined || this.won) this.cancelBranches(this.cancelReason ?? reasonElsewhere);
    } catch (error) {
      this.ports.log.warn(
        { err: error, seat: this.request.seatId, contact: contact.uri },
        'the seat cannot be dialled',
      );
      if (this.ports.home.edge.connected && contact.source.transport !== 'udp') contact.forget();
      this.finished(503);
    }
  }

  private inviteFor(contact: Contact): RequestOptions {
    const domain = this.ports.domain();
    const { from, seatId, sdp } = this.request;
    const headers: Headers = {
      ...allowHeader,
      ...this.request.headers,
      From: `"${from.name.replace(/["\\]/g, '')}" <sip:${encodeURIComponent(from.user)}@${domain}>`,
      To: `<sip:${seatId}@${domain}>`,
      Supported: 'timer',
      'Session-Expires': `${sessionSeconds};refresher=uac`,
      'Min-SE': String(minSessionSeconds),
      ...(sdp === undefined ? {} : { 'Content-Type': 'application/sdp' }),
    };

    return {
      method: 'INVITE',
      uri: contact.uri,
      proxy: proxyTo(contact.source),
      headers,
      ...(sdp === undefined ? {} : { body: sdp }),
    };
  }

  private onResponse(contact: Contact, res: DrachtioAnswer, ack: AckFunction): void {
    if (res.status < 200) {
      if (res.status > 100) this.provisional(res, ack);

      return;
    }
    this.answeredBy.add(contact);
    this.ringing.delete(contact);
    if (res.status < 300) this.branchAnswered(res, ack);
    else this.finished(res.status);
  }

  private provisional(res: DrachtioAnswer, ack: AckFunction): void {
    // RFC 3262 section 4: a reliable provisional answer is acknowledged by PRACK.
    if (res.has('RSeq')) ack();
    this.ringingListener?.();
    this.ringingListener = undefined;
  }

  private branchAnswered(res: DrachtioAnswer, ack: AckFunction): void {
    const leg = this.legOf(res);
    if (this.won || this.cancelReason !== undefined) {
      // The 200 crossed our CANCEL: RFC 3261 section 13.2.2.4 leaves ACK and BYE.
      if (this.request.sdp === undefined) leg.owe(withAnswer(ack), res.body);
      else ack();
      void leg.bye(this.won ? reasonElsewhere : this.cancelReason);
      this.finished(487);

      return;
    }
    this.won = true;
    this.cancelBranches(reasonElsewhere);
    const answered: SeatAnswer = { leg, sdp: res.body || undefined };
    if (this.request.sdp === undefined) {
      answered.ack = leg.owe(withAnswer(ack), res.body);
    } else {
      ack();
    }
    this.resolve(answered);
  }

  private legOf(res: DrachtioAnswer): SrfLeg {
    return new SrfLeg(this.ports.home, {
      dialogId: res.stackDialogId ?? '',
      callId: res.get('Call-ID') ?? '',
      role: 'uac',
      peer: `sip:${this.request.seatId}@${this.ports.domain()}`,
      allow: methodsOf(res.get('Allow')),
      visualMenu: 'Recv-Info' in this.request.headers && offersVisualMenu(res.get('Recv-Info')),
    });
  }

  private cancelBranches(reason: string): void {
    for (const [contact, req] of this.ringing) {
      this.ringing.delete(contact);
      req.cancel({ headers: { Reason: reason } }, (error) => {
        if (error) this.ports.log.debug({ err: error, seat: this.request.seatId }, 'CANCEL came too late');
      });
    }
  }

  private finished(status: number): void {
    this.statuses.push(status);
    if (this.won || this.statuses.length < this.pending) return;
    this.reject(dialFailure(this.statuses));
  }
}

/** Our answer goes with the ACK when the seat made the offer (RFC 3264 section 4). */
function withAnswer(ack: AckFunction): (sdp: string) => void {
  return (sdp) => ack(sdp === '' ? {} : { body: sdp, headers: { 'Content-Type': 'application/sdp' } });
}

/** RFC 3261 section 16.7 step 6: a 6xx wins over all, then the lowest class; here with the meaning for the queue. */
export function dialFailure(statuses: number[]): DialError {
  const best = statuses.find((status) => status >= 600) ?? Math.min(...statuses);

  return new DialError(failureOf(best), best);
}

function failureOf(status: number): DialFailure {
  if (status === 486 || status === 600) return 'busy';
  if (status === 408 || status === 480 || status === 487) return 'no-answer';
  if (status === 404 || status === 410 || status === 430 || status >= 500)
    return status === 603 ? 'rejected' : 'unreachable';

  return 'rejected';
}
