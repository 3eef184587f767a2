import type { SipRequest, SipResponse } from '../message/message';
import { endDialog } from './core';
import type { Core } from './core';
import type { Dialog } from './dialog';

/** What a subscription lasts that says nothing of it, in seconds; most event packages say an hour. */
const usual = 3600;
/** Two weeks: longer than any subscription, and short enough for a timer. */
const most = 1_209_600;

/**
 * A subscription that is not renewed is over by itself (RFC 6665 section 4.1.2): its dialog stays for the time that was granted, and
 * for that of a transaction in which the last NOTIFY may still come.
 */
export function keepSubscribed(core: Core, dialog: Dialog, request: SipRequest, response: SipResponse): void {
  if (dialog.method !== 'SUBSCRIBE') return;
  const seconds = secondsOf(response) ?? secondsOf(request) ?? usual;
  dialog.stopExpiry?.();
  dialog.stopExpiry = core.clock.after(Math.min(seconds, most) * 1000 + 64 * core.timers.t1, () => {
    if (dialog.state !== 'ended') endDialog(core, dialog);
  });
}

function secondsOf({ headers }: SipRequest | SipResponse): number | undefined {
  const text = headers.get('Expires');

  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}
