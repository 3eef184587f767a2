import type { Call, InfoReply } from './call';
import type { SipMsg } from './message';
import { WaitableEmitter, within } from './wait';

export const menuPackage = 'visual-menu';
export const menuType = 'application/visual-menu+json';

/** The header line that offers the package (RFC 6086); give it to the phone's `headers`. */
export const menuHeader = `Recv-Info: ${menuPackage}`;

export interface MenuMessage {
  v: number;
  seq: number;
  type: string;
  [member: string]: unknown;
}

export interface MenuPage extends MenuMessage {
  id: string;
  title: string;
  items: { key: string; label: string }[];
}

interface Waiter {
  matches: (message: MenuMessage) => boolean;
  resolve: (message: MenuMessage) => void;
}

/** The screen of a terminal in one call: takes the server's INFO, shows the current page, sends what the person does. */
export class MenuScreen extends WaitableEmitter<{ message: [MenuMessage]; ignored: [MenuMessage]; bad: [string] }> {
  /** Everything that was shown, in order. */
  readonly log: MenuMessage[] = [];
  page: MenuPage | undefined;
  /** What the next INFO is answered with in place of 200, e.g. to play a terminal without the package. */
  replyWith: InfoReply | undefined;
  private lastSeq = 0;
  private ownSeq = 0;
  private read = 0;
  private waiters: Waiter[] = [];
  private sending: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly call: Call,
    private readonly options: { receipts?: boolean } = {},
  ) {
    super();
    call.onInfo = (request) => this.take(request);
  }

  /** True when the other side said that it takes the package. */
  static negotiated(answer: SipMsg): boolean {
    return answer.headers('recv-info').some((value) => value.split(',').some((one) => one.trim() === menuPackage));
  }

  // --- from the server ----------------------------------------------------------------------------------------------

  private take(request: SipMsg): InfoReply {
    const infoPackage = request.header('info-package');
    if (infoPackage === undefined) return { status: 200 };
    if (infoPackage.split(';')[0]!.trim() !== menuPackage) return { status: 469, headers: [menuHeader] };
    if (this.replyWith) return this.replyWith;
    if (request.contentType !== menuType) return { status: 415 };
    const message = parseMenuMessage(request.body);
    if (!message) {
      this.emit('bad', request.body);
      return { status: 400 };
    }
    if (message.seq <= this.lastSeq) this.emit('ignored', message);
    else this.show(message);

    return { status: 200 };
  }

  private show(message: MenuMessage): void {
    this.lastSeq = message.seq;
    this.log.push(message);
    if (message.type === 'page') this.page = message as MenuPage;
    if (message.type === 'push' && this.options.receipts !== false && typeof message.ref === 'string') {
      // A receipt that cannot be delivered is the server's to notice.
      this.shown(message.ref).catch(() => undefined);
    }
    const waiter = this.waiters.find((one) => one.matches(message));
    if (waiter) {
      this.waiters = this.waiters.filter((one) => one !== waiter);
      this.read = this.log.length;
      waiter.resolve(message);
    }
    this.emit('message', message);
  }

  /**
   * The next message of this type that no earlier wait has returned or passed over. @throws WaitError after `timeout` ms.
   */
  async waitFor(
    type: string,
    where: (message: MenuMessage) => boolean = () => true,
    timeout = 5000,
  ): Promise<MenuMessage> {
    const matches = (message: MenuMessage): boolean => message.type === type && where(message);
    for (let i = this.read; i < this.log.length; i++) {
      if (!matches(this.log[i]!)) continue;
      this.read = i + 1;

      return this.log[i]!;
    }
    let waiter: Waiter | undefined;
    const coming = new Promise<MenuMessage>((resolve) => {
      waiter = { matches, resolve };
      this.waiters.push(waiter);
    });
    try {
      return await within(coming, timeout, `the menu message '${type}'`, () => `shown so far: ${this.describe()}`);
    } finally {
      this.waiters = this.waiters.filter((one) => one !== waiter);
    }
  }

  private describe(): string {
    return this.log.map((one) => (one.type === 'page' ? `page ${String(one.id)}` : one.type)).join(', ') || 'nothing';
  }

  // --- from the person ----------------------------------------------------------------------------------------------

  /** Touches an item of the current page. */
  choose(item: string, page = this.page?.id): Promise<SipMsg> {
    return this.send('choose', { page, item });
  }

  back(): Promise<SipMsg> {
    return this.send('back');
  }

  home(): Promise<SipMsg> {
    return this.send('home');
  }

  submit(values: Record<string, unknown>): Promise<SipMsg> {
    return this.send('submit', { page: this.page?.id, values });
  }

  leave(): Promise<SipMsg> {
    return this.send('leave');
  }

  shown(ref: string): Promise<SipMsg> {
    return this.send('shown', { ref });
  }

  failed(ref: string, reason: string): Promise<SipMsg> {
    return this.send('failed', { ref, reason });
  }

  /** Sends one envelope with the next seq; one INFO at a time, in order. Resolves with the answer. */
  send(type: string, members: Record<string, unknown> = {}): Promise<SipMsg> {
    return this.sendBody(() => JSON.stringify({ v: 1, seq: ++this.ownSeq, type, ...members }));
  }

  /** Sends a body as it is, also one that the server has to refuse. */
  sendBody(body: () => string, contentType = menuType, infoPackage = menuPackage): Promise<SipMsg> {
    const sent = this.sending.then(() => this.call.info(contentType, body(), infoPackage));
    this.sending = sent.catch(() => undefined);

    return sent;
  }
}

function parseMenuMessage(body: string): MenuMessage | undefined {
  try {
    const message = JSON.parse(body) as Partial<MenuMessage> | null;
    const fits = message?.v === 1 && Number.isInteger(message.seq) && typeof message.type === 'string';

    return fits ? (message as MenuMessage) : undefined;
  } catch {
    return undefined;
  }
}
