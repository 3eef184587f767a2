import { timingSafeEqual, createHash } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import type { Logger } from '../../lib/logger';
import type { Application } from '../application';
import type { Command } from './command';
import type { TlsOptions } from '../transport/certificates';
import { ControlClient } from './control-client';
import { ControlListener } from './control-listener';
import { dial } from './outbound';
import type { ListeningApplication } from './outbound';

export type ControlServerEvents = {
  /** A command of an authenticated application that is about SIP. */
  command: [client: ControlClient, command: Command];
  /** An application was authenticated, or joined in this process. */
  joined: [application: Application];
  /** An application that had joined is gone. */
  left: [application: Application];
};

export interface ControlServerOptions {
  host: string;
  port: number;
  secret: string;
  /** What an application is told at its start: our SIP addresses as `transport/address:port`. */
  hostports: () => string[];
  log: Logger;
  /** With a certificate the port speaks TLS. */
  tls?: TlsOptions;
  clock?: Clock;
}

/** drachtio-srf looks for this form and pings servers from v0.8.2 on. */
export const serverVersion = 'v0.9.5';
/** An application that has not given the secret by then is closed, in milliseconds. */
const authenticationTime = 10_000;

/** The port that applications connect to: the secret, the methods that they take, and who gets which request. */
export class ControlServer extends TypedEmitter<ControlServerEvents> {
  private listener: ControlListener | undefined;
  private readonly sockets = new Set<ControlClient>();
  private readonly applications = new Set<Application>();
  /** By method: which application got the last request. */
  private readonly turns = new Map<string, number>();

  constructor(private readonly options: ControlServerOptions) {
    super();
  }

  get address(): { address: string; port: number } {
    const { address, port } = this.listener!.server.address() as AddressInfo;

    return { address, port };
  }

  get count(): number {
    return this.applications.size;
  }

  /** @throws CertificateError; the system's error when the port cannot be had */
  async listen(): Promise<void> {
    const { host, port, log } = this.options;
    this.listener = new ControlListener(this.options, (socket) => this.accept(socket));
    const { server } = this.listener;
    try {
      server.listen(port, host);
      await once(server, 'listening');
    } catch (error) {
      await this.listener.close();
      throw error;
    }
    server.on('error', (error) => log.error({ err: error }, 'Control port'));
  }

  /** Reads the certificate anew. @returns false when it could not be used; the former stays then */
  reloadCertificate(): boolean {
    return this.listener?.reload() ?? true;
  }

  /** The next application, in turn, of those that take this method. */
  pick(method: string): Application | undefined {
    const verb = method.toLowerCase();

    return this.inTurn(verb, (application) => application.routes.has(verb));
  }

  /** The next application in turn of those that take this method and told this tag. */
  pickTagged(method: string, tag: string): Application | undefined {
    const verb = method.toLowerCase();

    return this.inTurn(
      verb,
      (application) =>
        application instanceof ControlClient && application.tags.has(tag) && application.routes.has(verb),
    );
  }

  /**
   * Connects to an application that listens, for one request; it has to give the secret, as those that connect.
   * Undefined when it cannot be had, or the signal ends the wait: no connection is left then.
   */
  connect(to: ListeningApplication, signal: AbortSignal): Promise<ControlClient | undefined> {
    const client = this.accept(dial(to));
    const giveUp = (): void => client.close('the request is over');
    signal.addEventListener('abort', giveUp, { once: true });

    return new Promise<ControlClient | undefined>((resolve) => {
      const off = this.on('joined', (application) => {
        if (application === client) resolve(client);
      });
      client.on('closed', () => {
        off();
        resolve(undefined);
      });
    }).finally(() => signal.removeEventListener('abort', giveUp));
  }

  /** The next application in turn, whatever it takes. */
  pickAny(): Application | undefined {
    return this.inTurn('', () => true);
  }

  /** The methods that some application takes, in upper case. */
  methods(): string[] {
    const verbs = new Set([...this.applications].flatMap(({ routes }) => [...routes]));

    return [...verbs].filter((verb) => !verb.includes(':')).map((verb) => verb.toUpperCase());
  }

  /** Takes in an application that needs no secret: one of this process, or one that has given it. */
  join(application: Application): void {
    this.applications.add(application);
    this.emit('joined', application);
  }

  leave(application: Application): void {
    if (this.applications.delete(application)) this.emit('left', application);
  }

  async close(): Promise<void> {
    for (const client of this.sockets) client.close('the server is closing');
    await this.listener?.close();
  }

  private inTurn(verb: string, takes: (application: Application) => boolean): Application | undefined {
    const candidates = [...this.applications].filter((application) => application.isOpen && takes(application));
    if (candidates.length <= 1) return candidates[0];
    const turn = ((this.turns.get(verb) ?? -1) + 1) % candidates.length;
    this.turns.set(verb, turn);

    return candidates[turn];
  }

  private accept(socket: Socket): ControlClient {
    const client = new ControlClient(socket);
    this.sockets.add(client);
    const tooLate = setTimeout(() => {
      if (!client.isAuthenticated) client.close('no secret in time');
    }, authenticationTime);
    tooLate.unref();
    client.on('command', (command) => this.onCommand(client, command));
    client.on('closed', (reason) => {
      clearTimeout(tooLate);
      this.sockets.delete(client);
      this.options.log.info({ application: client.name, reason }, 'Application disconnected');
      this.leave(client);
    });

    return client;
  }

  private onCommand(client: ControlClient, command: Command): void {
    if (command.verb === 'authenticate') this.authenticate(client, command);
    else if (!client.isAuthenticated) this.dismiss(client, command, 'not authenticated');
    else if (command.verb === 'ping') client.answer(command.id, 'OK|pong');
    else if (command.verb === 'route' || command.verb === 'remove_route') this.route(client, command);
    else if (command.verb === 'sip' || command.verb === 'proxy') this.emit('command', client, command);
    else this.dismiss(client, command, 'Unknown message type');
  }

  private authenticate(client: ControlClient, command: Command): void {
    if (!sameSecret(command.args[0] ?? '', this.options.secret)) {
      this.options.log.warn({ application: client.name }, 'An application gave a wrong secret');
      this.dismiss(client, command, 'incorrect secret');
      return;
    }
    const addresses = this.options.hostports().join(',');
    client.answer(command.id, `OK|${addresses}|${serverVersion}|${addresses}`);
    if (client.isAuthenticated) return;
    client.isAuthenticated = true;
    for (const tag of (command.args[1] ?? '').split(',')) if (tag) client.tags.add(tag);
    this.options.log.info({ application: client.name }, 'Application connected');
    this.join(client);
  }

  private route(client: ControlClient, command: Command): void {
    const verb = command.args[0]?.toLowerCase();
    if (!verb) {
      this.dismiss(client, command, 'Invalid message format');
      return;
    }
    if (command.verb === 'route') client.routes.add(verb);
    else client.routes.delete(verb);
    client.answer(command.id, 'OK');
  }

  /** drachtio-server closes the connection after each refusal of this kind, and so do we. */
  private dismiss(client: ControlClient, command: Command, reason: string): void {
    client.answer(command.id, `NO|${reason}`);
    client.end(reason);
  }
}

function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

  return timingSafeEqual(digest(given), digest(wanted));
}
