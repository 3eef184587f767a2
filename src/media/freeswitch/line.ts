import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { SightlineError } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import { type EslAddress, nameOf } from './address';
import type { EslEvent } from './esl-event';
import { EslLink } from './esl-link';
import { createMrf, type MediaSrf, type MrfServer, ownerHeader } from './fsmrf';

export type LineEvents = {
  event: [event: EslEvent];
  up: [];
  down: [reason: string];
};

export interface LineOptions {
  srf: MediaSrf;
  listenAddress: string;
  owner: string;
  log: Logger;
  clock: Clock;
}

interface Connected {
  link: EslLink;
  mrf: MrfServer;
}

const profile = 'drachtio_mrf';
const firstPauseMs = 100;
const longestPauseMs = 2000;

/** The way to one FreeSWITCH: the event socket and fsmrf's own connections. Made again, for ever, when it is lost. */
export class Line {
  readonly name: string;
  readonly events = new TypedEmitter<LineEvents>();
  private connected: Connected | undefined;
  private closed = false;
  private cancelRetry: () => void = () => undefined;

  constructor(
    private readonly address: EslAddress,
    private readonly options: LineOptions,
  ) {
    this.name = nameOf(address);
  }

  /** As it stands in a command and in a header. */
  get owner(): string {
    return this.options.owner.replace(/[^A-Za-z0-9.:_-]/g, '_');
  }

  get isUp(): boolean {
    return this.connected !== undefined;
  }

  /** @throws MEDIA_UNAVAILABLE when the server cannot be used now; with `patient`, it is tried again instead. */
  async open(patient: boolean): Promise<void> {
    try {
      await this.connect();
    } catch (error) {
      if (!patient) throw error;
      this.options.log.warn({ err: error }, 'FreeSWITCH cannot be used yet; trying again');
      this.retry(firstPauseMs);
    }
  }

  /** @throws MEDIA_UNAVAILABLE while it is lost. */
  require(): Connected {
    if (!this.connected) throw new SightlineError('MEDIA_UNAVAILABLE', `FreeSWITCH at ${this.name} is not connected`);

    return this.connected;
  }

  close(): void {
    this.closed = true;
    this.cancelRetry();
    this.drop();
  }

  private async connect(): Promise<void> {
    const link = await EslLink.open(this.address, this.options.clock);
    let mrf: MrfServer;
    try {
      await this.checkProfile(link);
      // Channels of a former process, or from before the connection was lost: nobody knows them any more.
      await link.api(`hupall NORMAL_CLEARING sip_h_${ownerHeader} ${this.owner}`);
      mrf = await this.openMrf();
    } catch (error) {
      link.close();
      throw error;
    }
    if (this.closed || link.isOver) {
      closeMrf(mrf);
      link.close();
      throw new SightlineError('MEDIA_UNAVAILABLE', `FreeSWITCH at ${this.name} went away`);
    }
    this.connected = { link, mrf };
    link.events.on('event', (event) => this.events.emit('event', event));
    link.events.on('lost', (reason) => this.lost(reason));
    this.options.log.info('FreeSWITCH can be used');
    this.events.emit('up');
  }

  /** fsmrf throws where nobody can catch it when its profile is not there, so that is asked before. */
  private async checkProfile(link: EslLink): Promise<void> {
    const status = await link.api('sofia status');
    const line = status
      .split('\n')
      .find((one) => one.trim().startsWith(`${profile}\t`) || one.trim().startsWith(`${profile} `));
    if (line?.includes('RUNNING')) return;
    throw new SightlineError(
      'MEDIA_UNAVAILABLE',
      `FreeSWITCH at ${this.name} has no running SIP profile '${profile}': start it with the configuration in freeswitch-conf`,
    );
  }

  private async openMrf(): Promise<MrfServer> {
    const { host, port, password } = this.address;
    const server = await createMrf(this.options.srf).connect({
      address: host,
      port,
      secret: password,
      listenAddress: this.options.listenAddress,
      profile,
    });
    // Its connection is watched by ours, which sees a loss first; what it tells of it is told already.
    server.on('error', (error: unknown) => this.options.log.debug({ err: error }, 'fsmrf lost its connection'));

    return server;
  }

  private lost(reason: string): void {
    if (!this.connected) return;
    this.drop();
    if (this.closed) return;
    this.options.log.error({ reason }, 'FreeSWITCH is lost');
    this.events.emit('down', reason);
    this.retry(firstPauseMs);
  }

  private drop(): void {
    const { connected } = this;
    this.connected = undefined;
    if (!connected) return;
    closeMrf(connected.mrf);
    connected.link.close();
  }

  private retry(pauseMs: number): void {
    this.cancelRetry = this.options.clock.after(pauseMs, () => {
      this.connect().catch((error: unknown) => {
        if (this.closed) return;
        this.options.log.debug({ err: error }, 'FreeSWITCH cannot be used yet');
        this.retry(Math.min(longestPauseMs, pauseMs * 2));
      });
    });
  }
}

/** fsmrf reconnects by itself and leaves sockets open to a server that hangs; ours begins anew instead. */
function closeMrf(server: MrfServer): void {
  const { conn } = server;
  const socket = conn?.socket;
  server.disconnect();
  socket?.destroy();
}
