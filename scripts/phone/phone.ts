import { Call, type CallHost } from './call';
import { DigestClient, type Algorithm } from './digest';
import { addressOf, Dialog } from './dialog';
import { uriOf, userOf, type SipMsg } from './message';
import { sendRequest, type Outgoing } from './requester';
import type { Direction, LocalMedia } from './sdp';
import type { Address, ServerTransaction } from './transactions';
import { WaitableEmitter, WaitError } from './wait';
import type { Wire, WireUser } from './wire';

export interface PhoneOptions {
  user: string;
  domain: string;
  password?: string;
  /** Where requests are sent; the domain itself is never looked up. */
  server: Address;
  /** Digest algorithms in order of preference. */
  algorithms?: readonly Algorithm[];
  /** Header lines for every INVITE and its 200, e.g. `Recv-Info: visual-menu`. */
  headers?: readonly string[];
  media?: PhoneMedia;
}

export interface PhoneMedia {
  audioPort: number;
  /** 0: no video. */
  videoPort: number;
  direction?: Direction;
}

export interface InviteOptions {
  /** User in the From header, when it is not the phone's own. */
  from?: string;
  media?: PhoneMedia;
  /** A ready description in place of the phone's own. */
  sdp?: string;
  headers?: readonly string[];
  /** How many 302 answers are followed; default 0. */
  follow?: number;
}

export type PhoneEvents = {
  /** A call came in: ring, answer or reject it. Without a listener it is refused with 480. */
  incoming: [Call];
  message: [SipMsg];
  registered: [SipMsg];
  registrationFailed: [status: number];
};

// Ports nobody listens on: phones under load describe media without sending any.
const noMedia: PhoneMedia = { audioPort: 9, videoPort: 9 };

/** A SIP user on a wire: registers, calls, is called, sends and takes messages. */
export class Phone extends WaitableEmitter<PhoneEvents> implements WireUser, CallHost {
  readonly calls = new Set<Call>();
  readonly contact: string;
  readonly headers: readonly string[];
  /** What an out-of-dialog MESSAGE is answered with. */
  messageStatus = 200;
  private readonly auth: DigestClient | undefined;
  private readonly registerId: string;
  private registerSeq = 0;
  private stopRefresh: (() => void) | undefined;

  constructor(
    readonly wire: Wire,
    readonly options: PhoneOptions,
  ) {
    super();
    const { user, password, algorithms } = options;
    this.contact = `<sip:${user}@${wire.sentBy}>`;
    this.headers = options.headers ?? [];
    this.auth = password === undefined ? undefined : new DigestClient({ user, password }, algorithms);
    this.registerId = `${wire.newId()}@phone`;
    wire.users.set(user, this);
  }

  get user(): string {
    return this.options.user;
  }

  /** `user` alone, `user@domain` or a whole URI as a URI. */
  uri(target: string): string {
    if (/^sips?:/i.test(target)) return target;

    return target.includes('@') ? `sip:${target}` : `sip:${target}@${this.options.domain}`;
  }

  // --- registration -------------------------------------------------------------------------------------------------

  /** REGISTER with this contact; refreshed at half its life until `unregister` or `close`. Resolves with the answer. */
  async register(expires = 3600): Promise<SipMsg> {
    const response = await this.sendRegister(expires);
    if (response.status === 200) {
      this.emit('registered', response);
      this.refreshLater(grantedExpiry(response, this.contact) ?? expires);
    } else this.emit('registrationFailed', response.status);

    return response;
  }

  unregister(): Promise<SipMsg> {
    this.stopRefresh?.();

    return this.sendRegister(0);
  }

  private sendRegister(expires: number): Promise<SipMsg> {
    const own = `<sip:${this.user}@${this.options.domain}>`;

    return this.transact({
      method: 'REGISTER',
      uri: `sip:${this.options.domain}`,
      from: `${own};tag=${this.wire.newId()}`,
      to: own,
      callId: this.registerId,
      nextCseq: () => ++this.registerSeq,
      headers: [`Contact: ${this.contact};expires=${expires}`, `Expires: ${expires}`],
    });
  }

  private refreshLater(seconds: number): void {
    this.stopRefresh?.();
    this.stopRefresh = this.wire.wheel.after(seconds * 500, () => {
      this.register(seconds).catch(() => this.emit('registrationFailed', 408));
    });
  }

  // --- calls --------------------------------------------------------------------------------------------------------

  invite(target: string, options: InviteOptions = {}): Call {
    const from = options.from ?? this.user;
    const localTag = this.wire.newId();
    const uri = this.uri(target);
    const dialog = this.newDialog(`${this.wire.newId()}@phone`, localTag, {
      local: `<sip:${from}@${this.options.domain}>;tag=${localTag}`,
      remote: `<${uri}>`,
      target: uri,
    });
    const call = new Call(this, 'outgoing', dialog, undefined, this.localMedia(options.media));
    this.calls.add(call);
    call.start({ sdp: options.sdp, headers: options.headers, follow: options.follow ?? 0 });

    return call;
  }

  private newDialog(callId: string, localTag: string, ends: { local: string; remote: string; target: string }): Dialog {
    const { wire, auth, user: owner } = this;

    return new Dialog({ wire, owner, callId, localTag, auth, server: this.options.server, ...ends });
  }

  private localMedia(media: PhoneMedia = this.options.media ?? noMedia): LocalMedia {
    const { audioPort, videoPort, direction = 'sendrecv' } = media;

    return { host: this.wire.host, audioPort, videoPort, direction, session: ++sessionCount, version: 1 };
  }

  forget(call: Call): void {
    this.calls.delete(call);
  }

  // --- requests outside a call --------------------------------------------------------------------------------------

  /** MESSAGE to a user; resolves with the final answer. */
  message(target: string, contentType: string, body: string, headers: readonly string[] = []): Promise<SipMsg> {
    return this.request('MESSAGE', target, { contentType, body, headers });
  }

  /** Any request outside a dialog, e.g. OPTIONS; resolves with the final answer. @throws WaitError when none comes. */
  request(
    method: string,
    target: string,
    parts: { contentType?: string; body?: string; headers?: readonly string[] } = {},
  ): Promise<SipMsg> {
    const uri = this.uri(target);
    let cseq = 0;

    return this.transact({
      ...parts,
      method,
      uri,
      from: `<sip:${this.user}@${this.options.domain}>;tag=${this.wire.newId()}`,
      to: `<${uri}>`,
      callId: `${this.wire.newId()}@phone`,
      nextCseq: () => ++cseq,
    });
  }

  private transact(request: Omit<Outgoing, 'owner' | 'dest' | 'auth'>): Promise<SipMsg> {
    const dest = addressOf(request.uri) ?? this.options.server;

    return new Promise((resolve, reject) => {
      sendRequest(
        this.wire,
        { ...request, owner: this.user, dest, auth: this.auth },
        {
          response: (response) => {
            if (response.status >= 200) resolve(response);
          },
          timeout: () => reject(new WaitError(`an answer to ${request.method}`, this.wire.timers.timeout)),
        },
      );
    });
  }

  onRequest(transaction: ServerTransaction): void {
    const { request } = transaction;
    switch (request.method) {
      case 'INVITE':
        return this.onInvite(transaction);
      case 'MESSAGE':
        transaction.respond({ status: this.messageStatus, toTag: this.wire.newId() });
        this.emit('message', request);
        return;
      case 'OPTIONS':
        return transaction.respond({ status: 200, toTag: this.wire.newId() });
      default:
        return transaction.respond({ status: 405, toTag: this.wire.newId() });
    }
  }

  private onInvite(transaction: ServerTransaction): void {
    const { request } = transaction;
    const localTag = this.wire.newId();
    if (/100rel/i.test(request.header('require') ?? '')) {
      return transaction.respond({ status: 420, toTag: localTag, headers: ['Unsupported: 100rel'] });
    }
    const from = request.header('from') ?? '';
    const dialog = this.newDialog(request.callId, localTag, {
      local: `${request.header('to') ?? ''};tag=${localTag}`,
      remote: from,
      target: uriOf(request.header('contact')),
    });
    const call = new Call(this, 'incoming', dialog, request, this.localMedia());
    this.calls.add(call);
    call.accepts(transaction);
    if (!this.emit('incoming', call)) call.reject(480);
  }

  /** Ends its calls without a word and leaves the wire. The registration stays as it is; `unregister` before. */
  close(): void {
    this.stopRefresh?.();
    if (this.wire.users.get(this.user) === this) this.wire.users.delete(this.user);
    for (const call of this.calls) this.wire.dialogs.delete(call.dialog.key);
    this.calls.clear();
  }
}

let sessionCount = 0;

/** The life in seconds that the registrar gave to this contact. */
function grantedExpiry(response: SipMsg, contact: string): number | undefined {
  const own = uriOf(contact);
  const line = response.headers('contact').find((value) => value.includes(own));
  const seconds = /;\s*expires=(\d+)/i.exec(line ?? '')?.[1] ?? response.header('expires');

  return seconds === undefined ? undefined : Number(seconds);
}

/** The user that a call comes from, as the From header names it. */
export function callerOf(call: Call): string {
  return userOf(uriOf(call.request?.header('from')));
}
