import type { Clock } from '../../lib/clock';
import { Headers, SipRequest } from '../message/message';
import { parseDatagram } from '../message/parse';
import { toBuffer } from '../message/serialize';

/** INVITEs that are remembered at most; beyond it the oldest are forgotten. */
const mostRemembered = 10_000;
/** What an ACK and a dialog need of an INVITE. */
const kept = ['Via', 'Max-Forwards', 'From', 'To', 'Call-ID', 'CSeq', 'Authorization', 'Proxy-Authorization'];

interface Entry {
  /** The INVITE in one piece, one byte a character: it must not keep alive what it was cut from. */
  text: string;
  /** Read when it is asked for; the same object for as long as it is remembered. */
  invite: SipRequest | undefined;
  until: number;
}

/**
 * INVITEs that were given up without a final response. Their transactions are over (RFC 3261 sections 9.1, 17.1.1.2 and
 * 17.1.4), but the far end may know nothing of that, ring on, and hold a call with nobody once somebody answers. They are found
 * by their branch, which nobody can guess, for as long as a phone may ring.
 */
export class GivenUpInvites {
  private readonly entries = new Map<string, Entry>();
  private stopTimer: (() => void) | undefined;

  constructor(
    private readonly clock: Clock,
    /** Milliseconds that one is remembered. */
    private readonly lifetime: number,
    private readonly capacity = mostRemembered,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /** @param key of the transaction */
  add(key: string, invite: SipRequest): void {
    const oldest = this.entries.size < this.capacity ? undefined : this.entries.keys().next().value;
    if (oldest !== undefined) this.entries.delete(oldest);
    const text = toBuffer(essenceOf(invite)).toString('latin1');
    this.entries.set(key, { text, invite: undefined, until: this.clock.now() + this.lifetime });
    if (!this.stopTimer) this.expireIn(this.lifetime);
  }

  find(key: string): SipRequest | undefined {
    const entry = this.entries.get(key);
    if (entry) entry.invite ??= parseDatagram(Buffer.from(entry.text, 'latin1')) as SipRequest;

    return entry?.invite;
  }

  close(): void {
    this.stopTimer?.();
    this.stopTimer = undefined;
    this.entries.clear();
  }

  /** One timer for all: they go in the order in which they came. */
  private expireIn(ms: number): void {
    this.stopTimer = this.clock.after(ms, () => {
      this.stopTimer = undefined;
      const now = this.clock.now();
      for (const [key, { until }] of this.entries) {
        if (until > now) return this.expireIn(until - now);
        this.entries.delete(key);
      }
    });
  }
}

function essenceOf(invite: SipRequest): SipRequest {
  const headers = new Headers();
  for (const name of kept) for (const value of invite.headers.all(name)) headers.append(name, value);

  return new SipRequest(invite.method, invite.uri, headers);
}
