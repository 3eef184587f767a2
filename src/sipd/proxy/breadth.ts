import type { SipRequest } from '../message/message';

/** For a request that says nothing (RFC 5393 section 5.3.3.1). */
const usual = 60;

/** Into how many branches at once a request may fork, here and behind here; 0 is none. */
export function breadthOf(request: SipRequest): number {
  const text = request.headers.get('Max-Breadth') ?? '';

  return /^[0-9]{1,9}$/.test(text) ? Number(text) : usual;
}

/**
 * The Max-Breadth of a request, shared out among its branches that run at the same time (RFC 5393 section 5.3.3.2), so
 * that servers which fork to each other cannot make thousands of one request.
 */
export class Breadth {
  private left: number;

  constructor(request: SipRequest) {
    this.left = breadthOf(request);
  }

  /** The share of the first of so many targets; 0 when a branch has to end first. */
  take(targets: number): number {
    const share = Math.min(this.left, Math.max(1, Math.floor(this.left / targets)));
    this.left -= share;

    return share;
  }

  /** A branch is over. */
  giveBack(share: number): void {
    this.left += share;
  }
}
