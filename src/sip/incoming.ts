import { SightlineError } from '../lib/errors';
import type { IncomingInvite, Leg, LegRecord } from '../calls/leg';
import type { DrachtioRequest, DrachtioResponse, Headers } from './drachtio';
import { allowHeader, errorHeaders } from './headers';
import { SrfLeg, supportsTimer, type LegHome } from './leg';
import { offersVisualMenu, RECV_INFO_HEADERS } from '../ivr/headers';

/** Seconds of a session when the caller does not say (RFC 4028 section 4 recommends 1800). */
export const sessionSeconds = 1800;
/** The smallest session interval taken (RFC 4028 section 5 allows no less). */
export const minSessionSeconds = 90;
/** RFC 3261 section 13.3.1.1: a provisional answer each minute, or proxies give up. */
const ringAgainMs = 60_000;

/** An INVITE of drachtio-srf as the call layer sees it. */
export class SrfIncomingInvite implements IncomingInvite {
  private isCancelled = false;
  private settled = false;
  private cancelListener: ((reason: string | undefined) => void) | undefined;
  private ringTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly home: LegHome,
    private readonly req: DrachtioRequest,
    private readonly res: DrachtioResponse,
    private readonly caller: { peer: string; cancelled: boolean },
  ) {
    // The CANCEL came before anybody listened here; the edge has answered both.
    this.isCancelled = caller.cancelled;
    this.settled = caller.cancelled;
    req.once('cancel', (cancel: DrachtioRequest) => this.cancelledBy(cancel.get('Reason')));
  }

  get transactionId(): string {
    return this.req.stackTxnId;
  }

  get sdp(): string | undefined {
    return this.req.body || undefined;
  }

  get offersVisualMenu(): boolean {
    return offersVisualMenu(this.req.get('Recv-Info'));
  }

  get acceptLanguage(): string | undefined {
    return this.req.get('Accept-Language');
  }

  get cancelled(): boolean {
    return this.isCancelled;
  }

  onCancel(listener: (reason: string | undefined) => void): void {
    this.cancelListener = listener;
    if (this.isCancelled) listener(undefined);
  }

  ring(): void {
    if (this.settled) return;
    this.res.send(180, { headers: allowHeader });
    this.ringTimer ??= setInterval(() => this.ring(), ringAgainMs);
    this.ringTimer.unref();
  }

  answer(sdp: string, options: { screen?: boolean } = {}): Promise<{ leg: Leg; ackSdp: string | undefined }> {
    if (this.settled) return Promise.reject(new SightlineError('CALL_GONE'));
    this.settle();
    const headers: Headers = {
      ...allowHeader,
      ...initialSessionHeaders(this.req),
      ...(this.offersVisualMenu ? RECV_INFO_HEADERS : {}),
      'Content-Type': 'application/sdp',
    };

    return new Promise((resolve, reject) => {
      let leg: SrfLeg | undefined;
      let stopWatching: () => void = () => undefined;
      this.res.send(
        200,
        { headers, body: sdp },
        (error) => {
          const dialogId = this.res.stackDialogId;
          if (error || !dialogId) return reject(new SightlineError('CALL_GONE', undefined, { cause: error }));
          leg = new SrfLeg(this.home, this.legRecord(dialogId, options.screen ?? false));
          stopWatching = leg.events.once('ended', () => reject(new SightlineError('CALL_GONE')));
        },
        (ack) => {
          stopWatching();
          if (leg?.alive) resolve({ leg, ackSdp: ack.body || undefined });
        },
      );
    });
  }

  reject(error: SightlineError): void {
    if (this.settled) return;
    this.settle();
    this.res.send(error.sip, { headers: errorHeaders(error) });
  }

  private legRecord(dialogId: string, screen: boolean): LegRecord {
    return {
      dialogId,
      callId: this.req.get('Call-ID') ?? '',
      role: 'uas',
      peer: this.caller.peer,
      allow: methodsOf(this.req.get('Allow')),
      visualMenu: screen,
    };
  }

  private cancelledBy(reason: string | undefined): void {
    // The edge has answered 200 to the CANCEL and 487 to the INVITE (RFC 3261 section 9.2).
    if (this.settled) return;
    this.isCancelled = true;
    this.settle();
    this.cancelListener?.(reason);
  }

  private settle(): void {
    this.settled = true;
    clearInterval(this.ringTimer);
  }
}

/** The methods of an Allow header, upper case. */
export function methodsOf(allow: string | undefined): string[] {
  return (allow ?? '')
    .split(',')
    .map((method) => method.trim().toUpperCase())
    .filter((method) => method !== '');
}

/**
 * RFC 4028 section 9: when the caller leaves the refreshing to us, or knows nothing of session timers, we do it; so a
 * seat is never held by a caller that is gone.
 */
function initialSessionHeaders(req: DrachtioRequest): Headers {
  const asked = req.get('Session-Expires');
  const seconds = Math.max(minSessionSeconds, Number.parseInt(asked ?? '', 10) || sessionSeconds);
  const refresher = /refresher=uac/i.test(asked ?? '') && supportsTimer(req) ? 'uac' : 'uas';

  return {
    'Session-Expires': `${seconds};refresher=${refresher}`,
    Supported: 'timer',
    ...(refresher === 'uac' ? { Require: 'timer' } : {}),
  };
}
