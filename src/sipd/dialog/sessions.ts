import type { Headers, SipRequest, SipResponse } from '../message/message';
import type { Core } from './core';
import type { Dialog } from './dialog';
import { formatSessionExpires, leastInterval, parseSessionExpires, SessionTimer } from './session-timer';
import type { SessionExpires } from './session-timer';
import type { UserHeaders } from './user-headers';

export interface SessionEvents {
  onRefresh: (dialog: Dialog) => void;
  onExpiry: (dialog: Dialog) => void;
}

/** Session timers (RFC 4028): what the headers of requests and answers mean for the timer of a dialog. */
export class Sessions {
  constructor(
    private readonly core: Core,
    private readonly events: SessionEvents,
  ) {}

  /** Why a request must be refused with 422, or undefined: the Min-SE to tell. */
  tooSmall(request: SipRequest): number | undefined {
    const asked = sessionExpiresOf(request.headers);

    return asked && asked.interval < this.core.settings.minSessionExpires
      ? this.core.settings.minSessionExpires
      : undefined;
  }

  /**
   * The Session-Expires of our 2xx (RFC 4028 section 9). The user's wish comes first; else what the peer asked for is
   * granted, and the peer refreshes unless it says otherwise or cannot.
   */
  answerFor(request: SipRequest, user: UserHeaders, dialog: Dialog): SessionExpires | undefined {
    const wish = user.get('Session-Expires');
    const own = wish === undefined ? undefined : parseSessionExpires(wish);
    const asked = sessionExpiresOf(request.headers);
    const canTime = supports(request.headers, 'timer');
    if (own) return { interval: this.atLeast(own.interval), refresher: canTime ? (own.refresher ?? 'uac') : 'uas' };
    if (asked) return { interval: asked.interval, refresher: canTime ? (asked.refresher ?? 'uac') : 'uas' };
    if (!dialog.session || !canTime) return undefined;

    return { interval: dialog.session.interval, refresher: dialog.session.weRefresh ? 'uas' : 'uac' };
  }

  /** Puts the answer into our 2xx and starts the timer by it. */
  answer(response: SipResponse, answer: SessionExpires | undefined, dialog: Dialog): void {
    if (!answer) {
      this.stop(dialog);
      return;
    }
    response.headers.set('Session-Expires', formatSessionExpires(answer));
    if (answer.refresher === 'uac') addToken(response.headers, 'Require', 'timer');
    this.start(dialog, answer.interval, answer.refresher === 'uas');
  }

  /** Puts the headers of the dialog's timer into a re-INVITE or UPDATE of ours, unless the user did. */
  request(request: SipRequest, dialog: Dialog): void {
    const { session } = dialog;
    if (session && !request.headers.has('Session-Expires')) {
      const refresher = session.weRefresh ? 'uac' : 'uas';
      request.headers.append('Session-Expires', formatSessionExpires({ interval: session.interval, refresher }));
      const least = this.core.settings.minSessionExpires;
      if (least !== leastInterval) request.headers.append('Min-SE', String(least));
    }
    if (request.headers.has('Session-Expires')) addToken(request.headers, 'Supported', 'timer');
  }

  /** Starts the timer by the 2xx to an INVITE or UPDATE of ours (RFC 4028 section 7.2). */
  answered(response: SipResponse, dialog: Dialog): void {
    const granted = sessionExpiresOf(response.headers);
    if (granted) this.start(dialog, this.atLeast(granted.interval), granted.refresher !== 'uas');
    else this.stop(dialog);
  }

  start(dialog: Dialog, interval: number, weRefresh: boolean): void {
    dialog.session?.stop();
    dialog.session = new SessionTimer(
      this.core.clock,
      interval,
      weRefresh,
      () => this.events.onRefresh(dialog),
      () => this.events.onExpiry(dialog),
    );
  }

  stop(dialog: Dialog): void {
    dialog.session?.stop();
    dialog.session = undefined;
  }

  private atLeast(interval: number): number {
    return Math.max(interval, this.core.settings.minSessionExpires);
  }
}

function sessionExpiresOf(headers: Headers): SessionExpires | undefined {
  const value = headers.get('Session-Expires');

  return value === undefined ? undefined : parseSessionExpires(value);
}

/** Whether Supported or Require lists the option. */
export function supports(headers: Headers, option: string): boolean {
  return lists(headers, 'Supported', option) || lists(headers, 'Require', option);
}

/** Whether a header of tokens lists one, in any case of letters. */
export function lists(headers: Headers, name: string, token: string): boolean {
  return headers.all(name).some((value) => value.toLowerCase() === token.toLowerCase());
}

export function addToken(headers: Headers, name: string, token: string): void {
  if (!lists(headers, name, token)) headers.set(name, [...headers.all(name), token].join(', '));
}
