import { TypedEmitter } from '../lib/emitter';
import { SightlineError } from '../lib/errors';
import type { Leg, LegEnd, LegEvents, LegRecord, OfferResult } from '../calls/leg';
import type { DrachtioRequest, DrachtioResponse, Headers } from './drachtio';
import type { Edge, FinalAnswer } from './edge';
import { allowHeader, errorHeaders } from './headers';

/** What the legs need of their registry. */
export interface LegHome {
  readonly edge: Edge;
  add(leg: SrfLeg): void;
  remove(dialogId: string): void;
}

/** A dialog, addressed by its id. Holds no drachtio objects, so that a held call costs little memory. */
export class SrfLeg implements Leg {
  readonly events = new TypedEmitter<LegEvents>();
  private open = true;
  /** What came before anybody listened: an INFO may follow the ACK in the same packet of the edge. */
  private parked: (() => void)[] | undefined = [];
  private awaitingAck: ((sdp: string | undefined) => void) | undefined;
  /** Acknowledges a 200 with an offer of the peer's that nobody has answered yet. */
  private owedAck: (() => void) | undefined;

  constructor(
    private readonly home: LegHome,
    readonly record: LegRecord,
  ) {
    home.add(this);
  }

  get alive(): boolean {
    return this.open;
  }

  async request(
    method: string,
    options: { headers?: Record<string, string>; contentType?: string; body?: string },
  ): Promise<{ status: number }> {
    const headers: Headers = { ...options.headers };
    if (options.contentType) headers['Content-Type'] = options.contentType;
    const { res } = await this.exchange({ method, headers, body: options.body });

    return { status: res.status };
  }

  reinvite(sdp: string | undefined): Promise<OfferResult> {
    return this.offer('INVITE', sdp);
  }

  update(sdp: string): Promise<OfferResult> {
    return this.offer('UPDATE', sdp);
  }

  async bye(reason?: string): Promise<void> {
    if (!this.open) return;
    this.end({ by: 'us', cause: 'bye', reason });
    await this.sendBye(reason);
  }

  /**
   * Keeps a way to acknowledge the peer's 200, which has the offer, until it is answered. A leg that ends before owes the
   * ACK all the same (RFC 3261 section 13.2.2.4).
   * @returns sends the ACK with our answer; only the first call counts.
   */
  owe(ack: (sdp: string) => void, offer: string | undefined): (sdp: string) => void {
    const once = (sdp: string): void => {
      if (this.owedAck !== owed) return;
      this.owedAck = undefined;
      ack(sdp);
    };
    const owed = (): void => once(offer ?? '');
    this.owedAck = owed;

    return once;
  }

  private async sendBye(reason?: string): Promise<void> {
    try {
      await this.home.edge.exchange({
        method: 'BYE',
        stackDialogId: this.record.dialogId,
        headers: reason ? { Reason: reason } : {},
      });
    } catch {
      // The dialog is gone already, or the edge is: either way there is nobody left to tell.
    }
  }

  start(): void {
    const parked = this.parked ?? [];
    this.parked = undefined;
    for (const deliver of parked) deliver();
  }

  /** A request of the peer within this dialog. */
  handle(req: DrachtioRequest, res: DrachtioResponse): void {
    const waits = req.method === 'BYE' ? this.endWaits : req.method !== 'ACK';
    if (this.parked && waits) this.parked.push(() => this.deliver(req, res));
    else this.deliver(req, res);
  }

  /** An end that somebody listens for is told at once: a caller whose ACK never comes is never started. */
  private get endWaits(): boolean {
    return this.events.listenerCount('ended') === 0;
  }

  private deliver(req: DrachtioRequest, res: DrachtioResponse): void {
    switch (req.method) {
      case 'BYE': {
        res.send(200);
        const unsolicited = req.stackTxnId === 'unsolicited';
        const reason = req.get('Reason');
        this.end({ by: unsolicited ? 'edge' : 'peer', cause: unsolicited ? edgeCause(reason) : 'bye', reason });
        break;
      }
      case 'ACK':
        this.acknowledged(req);
        break;
      case 'INVITE':
      case 'UPDATE':
        this.handleOffer(req, res);
        break;
      default:
        this.handleRequest(req, res);
    }
  }

  /** The ACK of a 200 of ours. */
  acknowledged(ack: DrachtioRequest): void {
    const waiting = this.awaitingAck;
    this.awaitingAck = undefined;
    waiting?.(ack.body || undefined);
  }

  private notAcknowledged(): void {
    const waiting = this.awaitingAck;
    this.awaitingAck = undefined;
    waiting?.(undefined);
  }

  /** Ends the leg without a word to the peer: the dialog does not exist any more. */
  lost(cause: string): void {
    if (this.parked && this.endWaits) this.parked.push(() => this.end({ by: 'edge', cause }));
    else this.end({ by: 'edge', cause });
  }

  private end(end: LegEnd): void {
    if (!this.open) return;
    this.open = false;
    this.home.remove(this.record.dialogId);
    this.notAcknowledged();
    this.owedAck?.();
    this.events.emit('ended', end);
    this.events.removeAllListeners();
    // What came before the end finds nobody any more, and is refused.
    this.start();
  }

  private async exchange(options: { method: string; headers?: Headers; body?: string }): Promise<FinalAnswer> {
    if (!this.open) throw new SightlineError('CALL_GONE');
    try {
      const answer = await this.home.edge.exchange({ ...options, stackDialogId: this.record.dialogId });
      // RFC 3261 section 12.2.1.2: these answers mean that the peer has no such dialog any more.
      // One that is only slow, or deaf to this request, hears of it by the BYE that they ask for.
      if (answer.res.status === 481 || (answer.res.status === 408 && options.method !== 'INFO')) {
        this.lost('gone');
        void this.sendBye();
      }

      return answer;
    } catch (error) {
      if (error instanceof SightlineError && error.code === 'CALL_GONE') this.lost('gone');
      throw error;
    }
  }

  private async offer(method: 'INVITE' | 'UPDATE', sdp: string | undefined): Promise<OfferResult> {
    const headers: Headers = sdp === undefined ? {} : { 'Content-Type': 'application/sdp' };
    const { res, ack } = await this.exchange({ method, headers, body: sdp });
    const retryAfter = Number.parseInt(res.get('Retry-After') ?? '', 10);
    const result: OfferResult = {
      status: res.status,
      sdp: res.body || undefined,
      ...(Number.isNaN(retryAfter) ? {} : { retryAfter }),
    };
    if (method === 'INVITE' && res.status >= 200 && res.status < 300) {
      if (sdp === undefined)
        result.ack = this.owe(
          (answer) => ack({ body: answer, headers: { 'Content-Type': 'application/sdp' } }),
          result.sdp,
        );
      else ack();
    }

    return result;
  }

  private handleOffer(req: DrachtioRequest, res: DrachtioResponse): void {
    const method = req.method === 'UPDATE' ? 'UPDATE' : 'INVITE';
    const sdp = req.body || undefined;
    if (method === 'UPDATE' && sdp === undefined) {
      // An UPDATE without SDP only refreshes the session (RFC 4028 section 7.4).
      res.send(200, { headers: sessionHeaders(req) });
      this.events.emit('refreshed');

      return;
    }
    const taken = this.events.emit('offer', {
      method,
      sdp,
      accept: (answer) => this.acceptOffer(req, res, answer),
      refuse: (status, why) =>
        res.send(status, status === 491 ? {} : { headers: { ...allowHeader, ...(why ? errorHeaders(why) : {}) } }),
    });
    if (!taken) res.send(488);
  }

  private acceptOffer(
    req: DrachtioRequest,
    res: DrachtioResponse,
    answer: string | undefined,
  ): Promise<string | undefined> {
    const headers: Headers = { ...allowHeader, ...sessionHeaders(req) };
    if (answer !== undefined) headers['Content-Type'] = 'application/sdp';
    const options = answer === undefined ? { headers } : { headers, body: answer };
    if (req.method === 'UPDATE') {
      res.send(200, options);

      return Promise.resolve(undefined);
    }

    return new Promise((resolve) => {
      this.awaitingAck = resolve;
      res.send(
        200,
        options,
        (error) => {
          // The peer has cancelled its re-INVITE, or said BYE meanwhile: no ACK will come, and a BYE is told by itself.
          if (error) this.notAcknowledged();
        },
        (ack) => this.acknowledged(ack),
      );
    });
  }

  private handleRequest(req: DrachtioRequest, res: DrachtioResponse): void {
    const infoPackage = req.get('Info-Package');
    const taken = this.events.emit('request', {
      method: req.method,
      contentType: req.get('Content-Type') ?? '',
      ...(infoPackage === undefined ? {} : { infoPackage }),
      body: req.body ?? '',
      reply: (status, options = {}) => {
        const headers: Headers = { ...options.headers };
        if (options.contentType) headers['Content-Type'] = options.contentType;
        res.send(status, options.body === undefined ? { headers } : { headers, body: options.body });
      },
    });
    if (!taken) res.send(481, { headers: errorHeaders(new SightlineError('CALL_GONE')) });
  }
}

/**
 * RFC 4028 section 9: the answer says who refreshes. The peer that asked keeps on doing it, unless it asked us or knows
 * nothing of session timers (then the header came from a proxy).
 */
export function sessionHeaders(req: DrachtioRequest): Headers {
  const asked = req.get('Session-Expires');
  if (!asked) return {};
  const seconds = Number.parseInt(asked, 10);
  if (Number.isNaN(seconds)) return {};
  const refresher = /refresher=uas/i.test(asked) || !supportsTimer(req) ? 'uas' : 'uac';

  return {
    'Session-Expires': `${seconds};refresher=${refresher}`,
    ...(refresher === 'uac' ? { Require: 'timer' } : {}),
  };
}

/** Whether the peer takes part in session timers; only then may we require them of it. */
export function supportsTimer(req: DrachtioRequest): boolean {
  return ['Supported', 'Require'].some((name) => /(^|,)\s*timer\s*(,|$)/i.test(req.get(name) ?? ''));
}

function edgeCause(reason: string | undefined): string {
  if (!reason) return 'no-ack';

  return /session timer/i.test(reason) ? 'session-expired' : 'no-ack';
}
