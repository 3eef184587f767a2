import { unwatchFile, watchFile } from 'node:fs';
import type tls from 'node:tls';
import { CertificateError, certificateEnd, readCertificate } from '../../lib/certificate';
import type { TlsFiles, TlsMaterial } from '../../lib/certificate';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import type { ClientCertificates } from '../../lib/tls-faults';
import { verifySipIdentity } from './identity';

export interface TlsOptions extends Partial<TlsFiles> {
  /** Default `off`. A certificate that is shown must be signed by an authority in `ca`; the connection ends otherwise. */
  clientCertificates?: ClientCertificates;
  /** Milliseconds between two looks at the files; 0 looks never. Default 5,000. */
  watchInterval?: number;
}

/** What takes a new certificate while it listens. */
export interface SecureServer {
  setSecureContext(options: tls.SecureContextOptions): void;
}

export const leastTlsVersion = 'TLSv1.2';
const defaultWatchInterval = 5_000;
/** Certificate and key are written one after the other: what is read between the two is no pair. */
const settleTime = 1_000;
/** Milliseconds before its end at which a certificate is told of as about to expire. */
const soon = 14 * 86_400_000;

/** The certificate of the server, kept up to date with its files. New connections get the new one; old ones live on. */
export class Certificates {
  private material: TlsMaterial;
  private readonly servers = new Set<SecureServer>();
  private readonly watched: string[];
  private cancelReload: (() => void) | undefined;
  private readonly listener = (): void => this.reloadSoon();

  /** @throws CertificateError when a file cannot serve */
  constructor(
    private readonly options: TlsOptions,
    private readonly log: Logger,
    private readonly clock: Clock = systemClock,
  ) {
    this.material = this.read();
    const interval = options.watchInterval ?? defaultWatchInterval;
    const files = [options.cert, options.key, options.ca].filter((file) => file !== undefined);
    this.watched = interval > 0 ? files : [];
    // By looking at the file instead of waiting for events: renewed certificates come as moved files and turned links.
    for (const file of this.watched) watchFile(file, { interval, persistent: false }, this.listener);
  }

  /** Whether there is what a server needs. */
  get canServe(): boolean {
    return this.material.cert !== undefined && this.material.key !== undefined;
  }

  /** For a server; `add` it, so that it gets later certificates too. */
  serverOptions(): tls.TlsOptions {
    const { clientCertificates = 'off' } = this.options;

    return {
      ...this.material,
      minVersion: leastTlsVersion,
      requestCert: clientCertificates !== 'off',
      // An optional certificate is looked at by `refuses`, once the connection is there.
      rejectUnauthorized: clientCertificates === 'required',
    };
  }

  /** Whether a client that connected has to go: it showed a certificate that no authority of ours signed. */
  refuses(socket: tls.TLSSocket): boolean {
    if (this.options.clientCertificates !== 'optional' || socket.authorized) return false;

    return Object.keys(socket.getPeerCertificate()).length > 0;
  }

  /** For a connection to the far end that must prove to be `domain`. Our own certificate is shown to whoever asks. */
  clientOptions(domain: string): tls.ConnectionOptions {
    return {
      ...this.material,
      minVersion: leastTlsVersion,
      rejectUnauthorized: true,
      checkServerIdentity: (_host, certificate) => verifySipIdentity(domain, certificate),
    };
  }

  add(server: SecureServer): void {
    this.servers.add(server);
  }

  /** Reads the files anew. With a fault in one, all stays as it is and the log says so. @returns whether it was taken */
  reload(): boolean {
    this.cancelReload?.();
    this.cancelReload = undefined;
    try {
      const material = this.read();
      for (const server of this.servers) server.setSecureContext({ ...material, minVersion: leastTlsVersion });
      this.material = material;
    } catch (error) {
      const fault = error instanceof CertificateError ? error.message : String(error);
      this.log.error({ fault }, 'The new TLS certificate cannot be used; the former one stays in force');

      return false;
    }
    this.log.info({ cert: this.options.cert }, 'A new TLS certificate is in force');

    return true;
  }

  close(): void {
    this.cancelReload?.();
    this.cancelReload = undefined;
    for (const file of this.watched.splice(0)) unwatchFile(file, this.listener);
    this.servers.clear();
  }

  private reloadSoon(): void {
    this.cancelReload ??= this.clock.after(settleTime, () => {
      this.cancelReload = undefined;
      this.reload();
    });
  }

  private read(): TlsMaterial {
    const material = readCertificate(this.options);
    const end = material.cert === undefined ? Infinity : certificateEnd(material.cert);
    const left = end - this.clock.now();
    const until = Number.isFinite(end) ? new Date(end).toISOString() : undefined;
    if (left < 0) this.log.warn({ cert: this.options.cert, until }, 'The TLS certificate has expired');
    else if (left < soon) this.log.warn({ cert: this.options.cert, until }, 'The TLS certificate expires soon');

    return material;
  }
}
