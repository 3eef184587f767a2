import { createHmac, randomBytes } from 'node:crypto';
import type { SipRequest } from '../message/message';

/** How a request that was sent on from here came back: as it was, or for somebody else. */
export type Return = 'loop' | 'spiral';

/** Hexadecimal digits of either half of a mark. */
const length = 12;

/**
 * Knows requests again that were sent on from here (RFC 5393 section 4.2): the branch of a forwarded request ends with
 * a mark of two halves, one of what makes it this request, the other of what decides its way. Nothing is kept.
 */
export class LoopMarks {
  /** Of this server alone: another one with the same configuration must not take our mark for its own. */
  private readonly key = randomBytes(32);

  /** What the branch ends with when this request, as it came, is sent on. */
  of(received: SipRequest): string {
    return `.${this.identity(received)}${this.way(received)}`;
  }

  /** Undefined when the request comes for the first time. */
  judge(request: SipRequest): Return | undefined {
    const { headers } = request;
    if (headers.count('Via') < 2 && !headers.get('Via')?.includes(',')) return undefined;
    const identity = `.${this.identity(request)}`;
    const ours = headers.all('Via').filter((via) => via.includes(identity));
    if (ours.length === 0) return undefined;
    const mark = identity + this.way(request);

    return ours.some((via) => via.includes(mark)) ? 'loop' : 'spiral';
  }

  private identity(request: SipRequest): string {
    return this.sign([request.callId, request.fromTag, request.cseq.number]);
  }

  /** Not Via, Max-Forwards and Record-Route, which differ at each lap (RFC 5393 section 4.2.1). */
  private way({ uri, toTag, headers }: SipRequest): string {
    const more = ['Route', 'Proxy-Require', 'Proxy-Authorization'].map((name) => headers.all(name));

    return this.sign([uri, toTag, ...more]);
  }

  private sign(parts: unknown[]): string {
    return createHmac('sha256', this.key).update(JSON.stringify(parts)).digest('hex').slice(0, length);
  }
}
