import type { EventEmitter } from 'node:events';
import Mrf from 'drachtio-fsmrf';

/**
 * The part of drachtio-fsmrf and drachtio-srf that the adapter uses, typed by hand: fsmrf has no declarations, and those of srf leave
 * out requests inside a dialog.
 */

export interface MrfDialog extends EventEmitter {
  readonly id: string;
  readonly connected: boolean;
  readonly local: { contact?: string };
  readonly remote: { sdp: string };
  destroy(): Promise<unknown>;
}

export interface MrfEndpoint extends EventEmitter {
  readonly uuid: string;
  readonly dialog: MrfDialog;
}

export interface MrfServer extends EventEmitter {
  readonly conn: { socket: { destroy(): void } | null; disconnect(): void } | undefined;
  createEndpoint(options: { remoteSdp: string; headers?: Record<string, string> }): Promise<MrfEndpoint>;
  disconnect(): void;
}

interface MrfLike {
  connect(options: {
    address: string;
    port: number;
    secret: string;
    listenAddress: string;
    advertisedAddress?: string;
    profile: string;
  }): Promise<MrfServer>;
}

interface InDialogResponse {
  readonly status: number;
  readonly reason: string;
  readonly body: string | undefined;
}

type Acknowledge = () => void;

interface InDialogRequest {
  on(event: 'response', listener: (res: InDialogResponse, ack: Acknowledge) => void): void;
}

/** The drachtio-srf application through which INVITEs go to FreeSWITCH. */
export interface MediaSrf {
  request(
    uri: string,
    options: { method: string; stackDialogId: string; body: string; headers: Record<string, string> },
    callback: (error: unknown, req?: InDialogRequest) => void,
  ): void;
}

export function createMrf(srf: MediaSrf): MrfLike {
  return new (Mrf as unknown as new (srf: MediaSrf) => MrfLike)(srf);
}

/**
 * An offer as fsmrf lets it through. It refuses secured media by looking for their profile, since it would wait for a call that FreeSWITCH
 * hands over only after the handshake; ours is answered and handed over before. FreeSWITCH reads the profile in any case of letters.
 */
export function asFsmrfTakes(offer: string): string {
  return offer.replace(/^m=\S+ \S+ \S+/gm, (line) => line.replace(/SAVPF?$/, (profile) => profile.toLowerCase()));
}

/** By this header, and the channel variable that FreeSWITCH makes of it, what is ours is known again. */
export const ownerHeader = 'X-Sightline-Owner';

/** FreeSWITCH refused a description, or the SIP edge could not bring it there. */
export class InviteRefused extends Error {
  constructor(
    readonly status: number,
    reason: string,
  ) {
    super(`${status} ${reason}`);
  }
}

/**
 * Re-INVITEs an endpoint with an offer and resolves with FreeSWITCH's answer. `Dialog.modify` of drachtio-srf is not used: after a
 * refusal it never lets another re-INVITE through.
 */
export function reinvite(srf: MediaSrf, dialog: MrfDialog, offer: string): Promise<string> {
  const headers: Record<string, string> = { 'Content-Type': 'application/sdp' };
  if (dialog.local.contact) headers.Contact = dialog.local.contact;

  return new Promise((resolve, reject) => {
    const options = { method: 'INVITE', stackDialogId: dialog.id, body: offer, headers };
    srf.request('sip:placeholder', options, (error, req) => {
      if (!req) return reject(error instanceof Error ? error : new Error(String(error)));
      req.on('response', (res, ack) => {
        if (res.status < 200) return;
        if (res.status >= 300) return reject(new InviteRefused(res.status, res.reason));
        ack();
        if (res.body) resolve(res.body);
        else reject(new InviteRefused(res.status, 'without a description'));
      });
    });
  });
}

/** The SIP status of a refusal, by whichever library it was told; undefined for other failures. */
export function refusalStatus(error: unknown): number | undefined {
  const status = (error as { status?: unknown } | null | undefined)?.status;

  return typeof status === 'number' ? status : undefined;
}
