import type tls from 'node:tls';
import type { SrfLike } from './drachtio';

export interface SecureAddress {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  /** What the far end is held to; asked anew for each connection, so that renewed files count. It may throw. */
  tls(): tls.ConnectionOptions;
}

const firstPause = 250;
const growth = 1.7;
/** The longest pause between two attempts, in ms. */
export const longestPause = 2_000;

/**
 * The connection to a drachtio-server over TLS. When it is lost drachtio-srf would make it again in clear, and tell the secret on
 * it; so drachtio-srf is told to make each connection once, and the next one is made here.
 */
export class SecureLink {
  private pause = firstPause;
  private next: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param failed told when a connection could not even be begun; another attempt follows */
  constructor(
    private readonly srf: SrfLike,
    private readonly address: SecureAddress,
    private readonly failed: (error: unknown) => void,
  ) {
    srf.on('connect', (error: unknown) => {
      // Closed while it was being made: nobody else would end it.
      if (this.closed) srf.disconnect();
      else if (!error) this.pause = firstPause;
    });
    srf.on('close', () => this.again());
  }

  dial(): void {
    const { host, port, secret } = this.address;
    try {
      this.srf.connect({ host, port, secret, tls: this.address.tls(), reconnect: { maxAttempts: 1 } });
    } catch (error) {
      this.failed(error);
      this.again();
    }
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.next);
  }

  private again(): void {
    if (this.closed || this.next) return;
    this.next = setTimeout(() => {
      this.next = undefined;
      this.dial();
    }, this.pause);
    this.pause = Math.min(longestPause, this.pause * growth);
  }
}
