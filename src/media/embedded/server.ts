import type { Clock } from '../../lib/clock';
import type { PortRange } from '../../lib/config';
import { SightlineError } from '../../lib/errors';
import { TypedEmitter } from '../../lib/emitter';
import { newId } from '../../lib/ids';
import type { Logger } from '../../lib/logger';
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
} from '../port';
import { EmbeddedEndpoint } from './endpoint';
import { EmbeddedBridge, EmbeddedConference, EmbeddedRecording } from './groups';
import type { Producer } from './produce';
import type { WorkerEvent } from './protocol';
import { WorkerLink } from './worker-link';

export interface EmbeddedOptions {
  /** The address that RTP ports are bound to. */
  host: string;
  ports: PortRange;
  log: Logger;
  clock: Clock;
  producer: Producer;
}

/** A worker that dies again and again is started after pauses that grow up to this, in milliseconds. */
const LONGEST_PAUSE = 10_000;
/** A worker that lived this long died of something new. */
const HEALTHY = 30_000;

/** The media server in this process: keeps a worker, a new one when it dies, and what lives in it. */
export class EmbeddedServer implements MediaServer {
  readonly name = 'embedded';
  readonly events: TypedEmitter<MediaServerEvents>;
  private link: WorkerLink | undefined;
  private startedAt = 0;
  private failures = 0;
  private cancelRestart: () => void = () => undefined;
  private readonly endpoints = new Map<string, EmbeddedEndpoint>();
  private readonly bridges = new Map<string, EmbeddedBridge>();
  private readonly recordings = new Map<string, EmbeddedRecording>();
  private bound = { ports: 0, busy: 0 };
  private closing: Promise<void> | undefined;

  constructor(private readonly options: EmbeddedOptions) {
    this.events = new TypedEmitter((error, event) =>
      options.log.error({ err: error, event }, 'a listener of the media server failed'),
    );
  }

  get available(): boolean {
    return this.link !== undefined && !this.closing;
  }

  /** Starts the worker; resolves when it answers. @throws SightlineError MEDIA_GONE when it cannot be started. */
  async start(): Promise<void> {
    await this.startWorker();
  }

  async createEndpoint(options: EndpointOptions): Promise<Endpoint> {
    const link = this.connected();
    const id = newId('end');
    const { label, offer, media, security } = options;
    const beside = options.beside?.id;
    const described = await link.call('create', { endpoint: id, label, offer, media, beside, security });
    const { producer, log } = this.options;
    const onClosed = () => this.endpoints.delete(id);
    const endpoint = new EmbeddedEndpoint(id, label, described, { link, producer, log, onClosed });
    this.endpoints.set(id, endpoint);
    // Lost or closed just now: it is gone before anybody had it.
    if (this.link !== link || this.closing) {
      await endpoint.close();
      throw new SightlineError('MEDIA_GONE');
    }

    return endpoint;
  }

  async bridge(a: Endpoint, b: Endpoint): Promise<Bridge> {
    const link = this.connected();
    const id = newId('bridge');
    const bridge = new EmbeddedBridge(id, link, () => this.bridges.delete(id));
    this.bridges.set(id, bridge);
    try {
      await link.call('bridge', { bridge: id, a: a.id, b: b.id });
    } catch (error) {
      bridge.ended();
      throw error;
    }

    return bridge;
  }

  async createConference({ label }: { label: string }): Promise<Conference> {
    const link = this.connected();
    const id = newId('conf');
    await link.call('createConference', { conference: id, label });

    return new EmbeddedConference(id, link);
  }

  async record(endpoints: readonly Endpoint[], { base }: RecordOptions): Promise<Recording> {
    const link = this.connected();
    const id = newId('rec');
    const recording = new EmbeddedRecording(id, link, () => this.recordings.delete(id));
    this.recordings.set(id, recording);
    try {
      await link.call('record', { recording: id, endpoints: endpoints.map((endpoint) => endpoint.id), base });
    } catch (error) {
      this.recordings.delete(id);
      throw error;
    }

    return recording;
  }

  load(): MediaLoad {
    const { ports, busy } = this.bound;

    return { endpoints: this.endpoints.size, ports, busy: Math.max(busy, this.link?.busy ?? 0) };
  }

  close(): Promise<void> {
    this.closing ??= this.shut();

    return this.closing;
  }

  /** Takes the worker away as a crash would, so that a test can see what becomes of everything. A new one is started. */
  async loseWorker(): Promise<void> {
    await this.link?.kill();
  }

  private async shut(): Promise<void> {
    this.cancelRestart();
    await Promise.all([...this.endpoints.values()].map((endpoint) => endpoint.close()));
    for (const bridge of [...this.bridges.values()]) bridge.ended();
    await this.link?.close();
    this.link = undefined;
    this.bound = { ports: 0, busy: 0 };
    await this.options.producer.close();
  }

  private connected(): WorkerLink {
    if (this.closing) throw new SightlineError('MEDIA_GONE', 'the media server is closed');
    if (!this.link)
      throw new SightlineError('MEDIA_UNAVAILABLE', 'The media worker is being started again', { retryAfter: 1 });

    return this.link;
  }

  private async startWorker(): Promise<void> {
    const { host, ports, log, clock } = this.options;
    const link: WorkerLink = new WorkerLink(
      { host, ports, logLevel: log.level },
      { event: (event) => this.take(event), lost: (reason) => this.lose(link, reason) },
    );
    this.startedAt = clock.now();
    await link.call('ping', {});
    if (this.closing) return link.close();
    this.link = link;
  }

  private take(event: WorkerEvent): void {
    if ('endpoint' in event) this.endpoints.get(event.endpoint)?.take(event);
    else if ('playback' in event) for (const endpoint of this.endpoints.values()) endpoint.takePlayback(event);
    else if (event.event === 'bridgeClosed') this.bridges.get(event.bridge)?.ended();
    else if (event.event === 'recordFailed') this.recordings.get(event.recording)?.fail(event.reason);
    else if (event.event === 'load') this.bound = { ports: event.ports, busy: event.busy };
    else this.relog(event.line);
  }

  private relog(line: string): void {
    const { level, time: _time, msg, ...fields } = JSON.parse(line) as { level: number; time: unknown; msg?: string };
    const { log } = this.options;
    if (level >= 50) log.error(fields, msg);
    else if (level >= 40) log.warn(fields, msg);
    else if (level >= 30) log.info(fields, msg);
    else log.debug(fields, msg);
  }

  private lose(link: WorkerLink, reason: string): void {
    const wasUp = this.link === link;
    this.link = undefined;
    this.bound = { ports: 0, busy: 0 };
    this.options.log.error({ reason }, 'the media worker was lost');
    for (const endpoint of [...this.endpoints.values()]) endpoint.lose(reason);
    for (const bridge of [...this.bridges.values()]) bridge.ended();
    for (const recording of [...this.recordings.values()]) recording.fail(reason);
    this.recordings.clear();
    if (wasUp) this.events.emit('down', reason);
    if (!this.closing) this.planRestart();
  }

  /** At once after a first failure; later ones wait longer and longer. */
  private planRestart(): void {
    const { clock, log } = this.options;
    this.failures = clock.now() - this.startedAt > HEALTHY ? 0 : this.failures + 1;
    const pause = this.failures <= 1 ? 0 : Math.min(LONGEST_PAUSE, 250 * 2 ** this.failures);
    this.cancelRestart = clock.after(pause, () => {
      this.startWorker().then(
        () => this.available && this.events.emit('up'),
        // The loss of this one has planned the next.
        (error: unknown) => log.error({ err: error }, 'the media worker did not start'),
      );
    });
  }
}
