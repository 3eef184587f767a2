import { TypedEmitter } from '../lib/emitter';
import { SightlineError } from '../lib/errors';
import { newId } from '../lib/ids';
import type { Logger } from '../lib/logger';
import type {
  Bridge,
  Conference,
  Endpoint,
  EndpointOptions,
  MediaLoad,
  MediaServer,
  MediaServerEvents,
  Recording,
  RecordOptions,
} from './port';

/**
 * Several media servers as one. Each endpoint is made on the server that has most room; what has to be together (a bridge, a recording, a
 * conference) stays on the server of its first endpoint. It is `down` when none of them can be used, and `up` when one can again; the
 * endpoints of one that is lost tell so themselves.
 */
export class MediaPool implements MediaServer {
  readonly name: string;
  readonly events: TypedEmitter<MediaServerEvents>;
  private usable: boolean;
  private closing: Promise<void> | undefined;

  /** The pool owns the servers: it closes them. Their names differ. */
  constructor(
    private readonly servers: readonly MediaServer[],
    private readonly log: Logger,
  ) {
    this.name = servers.map(({ name }) => name).join(', ');
    this.events = new TypedEmitter((error, event) => log.error({ err: error, event }, 'a listener of media failed'));
    this.usable = this.available;
    for (const server of servers) {
      server.events.on('down', (reason) => this.lost(server, reason));
      server.events.on('up', () => this.came(server));
    }
  }

  get available(): boolean {
    return this.servers.some((server) => server.available);
  }

  async createEndpoint(options: EndpointOptions): Promise<Endpoint> {
    if (options.beside) return this.home(options.beside).createEndpoint(options);
    let failure = new SightlineError('MEDIA_UNAVAILABLE', `None of the media servers can be used: ${this.name}`);
    for (const server of byRoom(this.servers)) {
      try {
        return await server.createEndpoint(options);
      } catch (error) {
        if (!(error instanceof SightlineError) || !isOfServer(error)) throw error;
        this.log.warn({ err: error, server: server.name }, 'a media server gave no endpoint; trying the next');
        failure = error;
      }
    }
    throw failure;
  }

  bridge(a: Endpoint, b: Endpoint): Promise<Bridge> {
    return this.together([a, b]).then((server) => server.bridge(a, b));
  }

  createConference(options: { label: string }): Promise<Conference> {
    if (!this.available) return Promise.reject(new SightlineError('MEDIA_UNAVAILABLE'));

    return Promise.resolve(new PooledConference(options, (endpoint) => this.home(endpoint)));
  }

  record(endpoints: readonly Endpoint[], options: RecordOptions): Promise<Recording> {
    return this.together(endpoints).then((server) => server.record(endpoints, options));
  }

  load(): MediaLoad {
    const loads = this.servers.filter((server) => server.available).map((server) => server.load());
    const sum = (pick: (load: MediaLoad) => number): number => loads.reduce((total, load) => total + pick(load), 0);

    return {
      endpoints: sum(({ endpoints }) => endpoints),
      ports: sum(({ ports }) => ports),
      // There is as much room as the emptiest of them has.
      busy: loads.length === 0 ? 1 : Math.min(...loads.map(({ busy }) => busy)),
    };
  }

  close(): Promise<void> {
    this.closing ??= Promise.all(this.servers.map((server) => server.close())).then(() => undefined);

    return this.closing;
  }

  /** The server that an endpoint lives on. */
  private home(endpoint: Endpoint): MediaServer {
    const server = this.servers.find(({ name }) => name === endpoint.server);
    if (!server || endpoint.closed) throw new SightlineError('MEDIA_GONE');

    return server;
  }

  private async together(endpoints: readonly Endpoint[]): Promise<MediaServer> {
    const homes = new Set(endpoints.map((endpoint) => this.home(endpoint)));
    const [server] = homes;
    if (!server) throw new SightlineError('BAD_REQUEST', 'No endpoint is given');
    if (homes.size > 1) {
      const names = [...homes].map(({ name }) => name).join(' and ');
      throw new SightlineError('WRONG_STATE', `The endpoints are on different media servers: ${names}`);
    }

    return Promise.resolve(server);
  }

  private lost(server: MediaServer, reason: string): void {
    if (this.closing) return;
    const left = this.servers.filter((one) => one.available).length;
    this.log.error({ server: server.name, reason, left }, 'a media server is lost');
    if (left > 0 || !this.usable) return;
    this.usable = false;
    this.events.emit('down', reason);
  }

  private came(server: MediaServer): void {
    this.log.info({ server: server.name }, 'a media server can be used');
    if (this.usable) return;
    this.usable = true;
    this.events.emit('up');
  }
}

/** The servers that can be used, the one with most room first. What differs by less than a tenth is the same; then the count decides. */
export function byRoom(servers: readonly MediaServer[]): MediaServer[] {
  return servers
    .filter((server) => server.available)
    .map((server, place) => ({ server, place, ...server.load() }))
    .sort((a, b) => tenth(a.busy) - tenth(b.busy) || a.endpoints - b.endpoints || a.place - b.place)
    .map(({ server }) => server);
}

function tenth(busy: number): number {
  return Math.round(busy * 10);
}

/** Whether another server may do better. */
function isOfServer(error: SightlineError): boolean {
  return error.code === 'MEDIA_UNAVAILABLE' || error.code === 'MEDIA_GONE' || error.code === 'INTERNAL';
}

/** A conference on the server of the first who joins it. */
class PooledConference implements Conference {
  readonly id = newId('conference');
  private made: Promise<Conference> | undefined;
  private over = false;

  constructor(
    private readonly options: { label: string },
    private readonly home: (endpoint: Endpoint) => MediaServer,
  ) {}

  async join(endpoint: Endpoint): Promise<void> {
    const conference = await this.forJoin(endpoint);
    await conference.join(endpoint);
  }

  async leave(endpoint: Endpoint): Promise<void> {
    const conference = await this.current();
    await conference?.leave(endpoint);
  }

  async floor(endpoint: Endpoint): Promise<void> {
    const conference = await this.current();
    if (!conference) throw new SightlineError('WRONG_STATE', 'Only a member of a conference can have the floor');
    await conference.floor(endpoint);
  }

  async close(): Promise<void> {
    this.over = true;
    const conference = await this.made?.catch(() => undefined);
    await conference?.close();
  }

  private async forJoin(endpoint: Endpoint): Promise<Conference> {
    if (this.over) throw new SightlineError('MEDIA_GONE');
    const made = (this.made ??= this.home(endpoint).createConference(this.options));
    // The next who joins may find a server that can.
    made.catch(() => (this.made = undefined));

    return made;
  }

  private async current(): Promise<Conference | undefined> {
    if (this.over) throw new SightlineError('MEDIA_GONE');

    return this.made;
  }
}
