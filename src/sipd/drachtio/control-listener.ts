import net from 'node:net';
import tls from 'node:tls';
import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import { Certificates } from '../transport/certificates';
import type { TlsOptions } from '../transport/certificates';
import { Handshakes } from '../transport/handshakes';

/** A handshake that takes longer ends the connection, in milliseconds. */
const handshakeTimeout = 10_000;

export interface ControlListenerOptions {
  /** With a certificate the port speaks TLS, and nothing else. */
  tls?: TlsOptions;
  log: Logger;
  clock?: Clock;
}

/** The listening socket of the control port, over TCP or TLS. */
export class ControlListener {
  readonly server: net.Server;
  private readonly certificates: Certificates | undefined;
  private readonly handshakes: Handshakes | undefined;

  /** @throws CertificateError when a file cannot serve */
  constructor({ tls: files, log, clock }: ControlListenerOptions, accept: (socket: net.Socket) => void) {
    if (!files) {
      this.server = net.createServer(accept);
      return;
    }
    const certificates = new Certificates(files, log, clock);
    this.certificates = certificates;
    const server = tls.createServer({ ...certificates.serverOptions(), handshakeTimeout }, (socket) => {
      if (certificates.refuses(socket)) socket.destroy();
      else accept(socket);
    });
    certificates.add(server);
    this.handshakes = new Handshakes(server);
    this.server = server;
  }

  /** Reads the certificate anew. @returns false when it could not be used; the former stays then */
  reload(): boolean {
    return this.certificates?.reload() ?? true;
  }

  /** Resolves when every connection is gone; those that were accepted are for their owner to end. */
  close(): Promise<void> {
    this.certificates?.close();
    this.handshakes?.close();

    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}
