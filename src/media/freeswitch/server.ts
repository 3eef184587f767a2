import os from 'node:os';
import path from 'node:path';
import { systemClock, type Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { SightlineError } from '../../lib/errors';
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
import { type EslAddress, nameOf, parseEslUrls } from './address';
import { FsBridge } from './bridge';
import { Channel } from './channel';
import { FsConference } from './conference';
import { limitOf, wantedKinds } from './describe';
import { type EndpointHome, FsEndpoint } from './endpoint';
import type { EslEvent } from './esl-event';
import { MediaFolder } from './folder';
import { asFsmrfTakes, type MediaSrf, type MrfEndpoint, ownerHeader, refusalStatus } from './fsmrf';
import { inTime, type StepLimits } from './in-time';
import { Line } from './line';
import { FsRecording } from './recording';
import { readLoad } from './load';
import { Signalling } from './signalling';

export interface FreeswitchOptions {
  /** `esl://:password@host:8021` of one server. */
  urls: string;
  /** The drachtio-srf application, connected to the SIP edge. */
  srf: MediaSrf;
  /** The address of this machine that FreeSWITCH can reach: it connects to us for each endpoint. */
  listenAddress: string;
  log: Logger;
  /** A folder that FreeSWITCH sees under the same path: pictures, snapshots. Default a folder of the system for temporary files. */
  folder?: string;
  /** Names what is ours on a server that several applications share. Default the name of this machine. */
  owner?: string;
  clock?: Clock;
}

/**
 * Connects to a FreeSWITCH (1.10, with the configuration in freeswitch-conf/ or one like it).
 *
 * @throws CONFIG_INVALID for a URL that cannot be used, MEDIA_UNAVAILABLE when nobody answers there or it has no profile for us.
 */
export async function connectFreeswitch(options: FreeswitchOptions): Promise<MediaServer> {
  const [address, second] = parseEslUrls(options.urls);
  if (!address || second) throw new SightlineError('CONFIG_INVALID', 'One FreeSWITCH at a time; a pool takes several');

  return FreeswitchServer.connect(address, options);
}

/** One FreeSWITCH as a media server. */
export class FreeswitchServer implements MediaServer, EndpointHome {
  readonly name: string;
  readonly events: TypedEmitter<MediaServerEvents>;
  readonly srf: MediaSrf;
  readonly log: Logger;
  private readonly endpoints = new Map<string, FsEndpoint>();
  private readonly bridges = new Set<FsBridge>();
  private readonly conferences = new Set<FsConference>();
  /** Until FreeSWITCH has ended them, which is after their endpoints: whoever waits for the end of a file hears of it. */
  private readonly channels = new Map<string, Channel>();
  private readonly recordings = new Set<FsRecording>();
  private heartbeat: EslEvent | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly options: FreeswitchOptions,
    private readonly line: Line,
    readonly folder: MediaFolder,
    readonly clock: Clock,
  ) {
    this.name = line.name;
    this.srf = options.srf;
    this.log = options.log;
    this.events = new TypedEmitter((error, event) =>
      this.log.error({ err: error, event }, 'a listener of media failed'),
    );
    line.events.on('event', (event) => this.take(event));
    line.events.on('down', (reason) => this.lose(reason));
    line.events.on('up', () => this.events.emit('up'));
  }

  /** Connects, or fails. With `patient`, it goes on trying in the background, and is not available until then. */
  static async connect(address: EslAddress, options: FreeswitchOptions, patient = false): Promise<FreeswitchServer> {
    const clock = options.clock ?? systemClock;
    const folder = await MediaFolder.open(options.folder ?? path.join(os.tmpdir(), 'sightline-media'), clock);
    const line = new Line(address, {
      srf: options.srf,
      listenAddress: options.listenAddress,
      owner: options.owner ?? os.hostname(),
      log: options.log.child({ freeswitch: nameOf(address) }),
      clock,
    });
    const server = new FreeswitchServer(options, line, folder, clock);
    try {
      await line.open(patient);
    } catch (error) {
      await server.close();
      throw error;
    }

    return server;
  }

  private get limits(): StepLimits {
    return { losses: this.line.events, clock: this.clock };
  }

  get available(): boolean {
    return this.line.isUp;
  }

  async createEndpoint(options: EndpointOptions): Promise<Endpoint> {
    const { link, mrf } = this.line.require();
    if (options.beside?.closed) throw new SightlineError('MEDIA_GONE');
    const beside = limitOf(options.beside);
    const signalling = new Signalling(this.options.listenAddress);
    let made: MrfEndpoint | undefined;
    const create = async (offer: string): Promise<string> => {
      const headers = { [ownerHeader]: this.line.owner };
      made = await inTime(mrf.createEndpoint({ remoteSdp: asFsmrfTakes(offer), headers }), {
        ...this.limits,
        undo: (late) => void late.dialog.destroy().catch(() => undefined),
      });

      return made.dialog.remote.sdp;
    };
    try {
      if (options.offer !== undefined) await signalling.answer(options.offer, beside, create);
      else await signalling.offer(wantedKinds(options), beside, create, options.security);
      if (!made) throw new SightlineError('MEDIA_UNAVAILABLE');
      if (!this.line.isUp || this.closing) throw new SightlineError('MEDIA_GONE');
    } catch (error) {
      made?.dialog.destroy().catch(() => undefined);
      throw this.explained(error);
    }
    const endpoint = new FsEndpoint(this, made, new Channel(made.uuid, link), signalling);
    this.endpoints.set(endpoint.id, endpoint);
    this.channels.set(endpoint.id, endpoint.channel);

    return endpoint;
  }

  async bridge(a: Endpoint, b: Endpoint): Promise<Bridge> {
    const [one, two] = [this.own(a), this.own(b)];
    if (one === two) throw new SightlineError('BAD_REQUEST', 'An endpoint cannot be bridged with itself');
    this.release(one);
    this.release(two);
    const bridge = await FsBridge.make(one, two, this.limits);
    this.bridges.add(bridge);

    return bridge;
  }

  createConference(options: { label: string }): Promise<Conference> {
    const { link } = this.line.require();
    const conference = new FsConference(
      options.label,
      link,
      (endpoint) => this.own(endpoint),
      (gone) => this.conferences.delete(gone),
    );
    this.conferences.add(conference);

    return Promise.resolve(conference);
  }

  async record(endpoints: readonly Endpoint[], options: RecordOptions): Promise<Recording> {
    this.line.require();
    const sides = endpoints.map((endpoint) => this.own(endpoint));
    const recording = new FsRecording(sides, options.base, this.clock);
    this.recordings.add(recording);
    try {
      await recording.start();
    } catch (error) {
      this.recordings.delete(recording);
      throw this.explained(error);
    }

    return recording;
  }

  load(): MediaLoad {
    return {
      endpoints: this.endpoints.size,
      ports: 0,
      busy: this.available ? readLoad(this.heartbeat, this.endpoints.size) : 1,
    };
  }

  close(): Promise<void> {
    this.closing ??= this.end();

    return this.closing;
  }

  forget(endpoint: FsEndpoint): void {
    this.endpoints.delete(endpoint.id);
    for (const recording of this.recordings) recording.sideEnded(endpoint);
  }

  release(endpoint: FsEndpoint): void {
    for (const bridge of this.bridges) {
      if (bridge.closed) this.bridges.delete(bridge);
      else if (bridge.has(endpoint)) {
        this.bridges.delete(bridge);
        bridge.endedBy(endpoint);
      }
    }
    for (const conference of this.conferences) conference.lost(endpoint);
  }

  async blinded(endpoint: FsEndpoint): Promise<void> {
    for (const bridge of this.bridges) if (bridge.has(endpoint)) await bridge.blind(endpoint);
    for (const conference of this.conferences) await conference.blind(endpoint);
  }

  /** A recording whose file cannot be made anew has told so by `failed`. */
  async videoChanged(endpoint: FsEndpoint): Promise<void> {
    for (const recording of this.recordings) {
      await recording.sideChanged(endpoint).catch((error: unknown) => recording.fail(String(error)));
    }
  }

  private own(endpoint: Endpoint): FsEndpoint {
    const found = this.endpoints.get(endpoint.id);
    if (!found || endpoint.closed) throw new SightlineError('MEDIA_GONE');

    return found;
  }

  private take(event: EslEvent): void {
    if (event.name === 'HEARTBEAT') this.heartbeat = event;
    if (event.name === 'CUSTOM') for (const conference of this.conferences) conference.take(event);
    if (event.uuid) this.channels.get(event.uuid)?.take(event);
    if (event.uuid && event.name === 'CHANNEL_HANGUP_COMPLETE') this.channels.delete(event.uuid);
  }

  private lose(reason: string): void {
    this.heartbeat = undefined;
    for (const recording of [...this.recordings]) recording.fail(reason);
    this.recordings.clear();
    for (const endpoint of [...this.endpoints.values()]) endpoint.lost(reason);
    this.channels.clear();
    this.events.emit('down', reason);
  }

  private async end(): Promise<void> {
    await Promise.all([...this.recordings].map((recording) => recording.stop().catch(() => undefined)));
    await Promise.all([...this.conferences].map((conference) => conference.close()));
    await Promise.all([...this.endpoints.values()].map((endpoint) => endpoint.close()));
    this.line.close();
    await this.folder.close();
  }

  private explained(error: unknown): SightlineError {
    if (error instanceof SightlineError) return error;
    const status = refusalStatus(error);
    const why = error instanceof Error ? error.message : String(error);

    return new SightlineError(
      'MEDIA_UNAVAILABLE',
      `FreeSWITCH at ${this.name} gave no endpoint: ${status ?? ''} ${why}`.trim(),
      {
        cause: error,
      },
    );
  }
}
