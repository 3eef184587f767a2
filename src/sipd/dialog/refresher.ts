import type { SipResponse } from '../message/message';
import type { Core } from './core';
import type { Dialog } from './dialog';
import type { OutgoingRequest } from './outgoing';
import type { RequestSpec, Uac } from './uac';
import type { UserHeader } from './user-headers';

const noBody = Buffer.alloc(0);

/** Refreshes sessions for which it is our turn (RFC 4028 section 10): by UPDATE where the peer takes it, else by re-INVITE. */
export class Refresher {
  constructor(
    private readonly core: Core,
    private readonly uac: Uac,
    /** The peer does not know the dialog any more. */
    private readonly onLost: (dialog: Dialog) => void,
  ) {}

  refresh(dialog: Dialog): void {
    if (dialog.isOver || !dialog.session) return;
    const isBusy = dialog.outgoing !== undefined || dialog.incoming !== undefined || dialog.updatesOfPeer > 0;
    if (isBusy) {
      dialog.session.retryRefresh(this.pause());
      return;
    }
    this.send(dialog, []);
  }

  private send(dialog: Dialog, headers: UserHeader[]): void {
    try {
      this.uac.sendOwn(dialog, this.specOf(dialog, headers), this.onResponse);
    } catch (error) {
      this.core.log.warn({ err: error, dialog: dialog.id }, 'A session could not be refreshed');
    }
  }

  private specOf(dialog: Dialog, headers: UserHeader[]): RequestSpec {
    const { sdp } = dialog;
    if (dialog.peerAllowsUpdate || sdp === undefined) {
      return { method: 'UPDATE', uri: 'sip:placeholder', headers, body: noBody };
    }

    return { method: 'INVITE', uri: 'sip:placeholder', headers, body: Buffer.from(sdp, 'latin1') };
  }

  private readonly onResponse = (out: OutgoingRequest, response: SipResponse): void => {
    const { dialog } = out;
    // By a 2xx the timer runs anew already, and its ACK was sent; the application hears nothing of all this.
    if (dialog && response.status >= 300 && !dialog.isOver) this.refused(dialog, response);
  };

  private refused(dialog: Dialog, response: SipResponse): void {
    const { status } = response;
    if (status === 408 || status === 481) {
      this.onLost(dialog);
    } else if (status === 422) {
      this.refreshWith(dialog, response);
    } else {
      // 491 is glare; with anything else the peer may still take the next one. The session's end stays set.
      dialog.session?.retryRefresh(this.pause());
    }
  }

  /** The peer wants a longer interval (RFC 4028 section 7.3). */
  private refreshWith(dialog: Dialog, response: SipResponse): void {
    const least = parseInt(response.headers.get('Min-SE') ?? '', 10);
    if (!dialog.session || !(least > dialog.session.interval)) return;
    this.send(dialog, [
      ['Session-Expires', `${least};refresher=uac`],
      ['Min-SE', String(least)],
    ]);
  }

  /** RFC 3261 section 14.1: 2.1 to 4 s when the Call-ID is ours, else 0 to 2 s; the longer one does for both. */
  private pause(): number {
    const { t1 } = this.core.timers;

    return t1 * (4.2 + Math.random() * 3.8);
  }
}
