import { SightlineError } from '../../../lib/errors';
import type { Logger } from '../../../lib/logger';
import type { Commands, Described, Operation, WorkerEvent, WorkerSettings } from '../protocol';
import { audioOf, videoOf } from '../shared-clip';
import { checkPassable, PacketBridge } from './bridge';
import { Conferences } from './conferences';
import { KeyFrameCatcher } from './key-frame';
import { MediaEnd } from './media-end';
import { Pacer, steadyNow } from './pacer';
import { Ports } from './ports';
import { Recordings } from './recordings';

type Handlers = { [K in Operation]: (args: Commands[K]['args']) => Promise<Commands[K]['result']> };

/** How often what has no packet of its own is looked after, in milliseconds. */
const TICK = 50;

/** Everything that lives in the worker, and what each command does to it. */
export class Handler {
  private readonly ends = new Map<string, MediaEnd>();
  private readonly bridges = new Map<string, PacketBridge>();
  private readonly ports: Ports;
  private readonly pacer: Pacer;
  private readonly recordings: Recordings;
  private readonly conferences: Conferences;
  private ticker: NodeJS.Timeout | undefined;

  constructor(
    settings: WorkerSettings,
    private readonly tell: (event: WorkerEvent) => void,
    private readonly log: Logger,
  ) {
    this.ports = new Ports(settings.host, settings.ports, () => this.tellLoad());
    this.pacer = new Pacer((error) => log.error({ err: error }, 'a player of media failed'));
    this.recordings = new Recordings(log, (recording, reason) => tell({ event: 'recordFailed', recording, reason }));
    this.conferences = new Conferences(this.pacer);
  }

  handle<K extends Operation>(op: K, args: Commands[K]['args']): Promise<Commands[K]['result']> {
    return this.handlers[op](args);
  }

  private readonly handlers: Handlers = {
    create: (args) => this.create(args),
    accept: ({ endpoint, answer }) => this.end(endpoint).accept(answer),
    answer: ({ endpoint, offer }) => this.end(endpoint).answer(offer, undefined),
    offer: ({ endpoint, media, beside }) => this.end(endpoint).offer(media, this.besideOf(beside)),
    show: async ({ endpoint, clip, loop }) => this.end(endpoint).programme.show(clip && videoOf(clip), loop ?? true),
    play: async ({ endpoint, playback, loop }) => this.play(endpoint, playback, loop),
    feed: async ({ endpoint, playback, clip }) => this.end(endpoint).programme.feed(playback, clip && audioOf(clip)),
    stopPlay: async ({ endpoint, playback }) => this.end(endpoint).programme.stopPlay(playback),
    sendDtmf: async ({ endpoint, digits }) => this.end(endpoint).programme.sendKeys(digits),
    keyFrame: ({ endpoint }) => this.keyFrame(endpoint),
    mute: async ({ endpoint, kind, direction, on }) => this.end(endpoint).mute(kind, direction, on),
    refresh: async ({ endpoint }) => this.end(endpoint).refresh(),
    stats: async ({ endpoint }) => this.end(endpoint).stats(),
    closeEndpoint: ({ endpoint }) => this.closeEnd(endpoint),
    bridge: async ({ bridge, a, b }) => this.bridge(bridge, a, b),
    closeBridge: async ({ bridge }) => this.closeBridge(bridge),
    record: ({ recording, endpoints, base }) =>
      this.recordings.start(
        recording,
        endpoints.map((id) => this.end(id)),
        base,
      ),
    mask: async ({ recording, on }) => this.recordings.mask(recording, on),
    stopRecord: ({ recording }) => this.recordings.stop(recording),
    createConference: async ({ conference }) => this.conferences.create(conference),
    join: async ({ conference, endpoint }) => this.join(conference, endpoint),
    leave: async ({ conference, endpoint }) => this.conferences.get(conference).leave(this.end(endpoint)),
    floor: async ({ conference, endpoint }) => this.conferences.get(conference).give(this.end(endpoint)),
    closeConference: async ({ conference }) => this.conferences.close(conference),
    ping: async () => undefined,
    close: () => this.close(),
  };

  private async create(args: Commands['create']['args']): Promise<Described> {
    const { endpoint, label, offer, beside, security = 'none' } = args;
    const end: MediaEnd = new MediaEnd(label, { ports: this.ports, pacer: this.pacer, log: this.log }, security, {
      dtmf: (digit) => this.tell({ event: 'dtmf', endpoint, digit }),
      media: (kind) => this.tell({ event: 'media', endpoint, kind }),
      ended: (reason) => this.lose(endpoint, reason),
      changed: () => this.changed(end),
    });
    const other = this.besideOf(beside);
    this.ends.set(endpoint, end);
    this.startTicking();
    try {
      return offer === undefined ? await end.offer(args.media, other) : await end.answer(offer, other?.passable());
    } catch (error) {
      this.ends.delete(endpoint);
      await end.close();
      throw error;
    }
  }

  private besideOf(id: string | undefined): MediaEnd | undefined {
    return id === undefined ? undefined : this.end(id);
  }

  private end(id: string): MediaEnd {
    const end = this.ends.get(id);
    if (!end) throw new SightlineError('MEDIA_GONE');

    return end;
  }

  private play(endpoint: string, playback: string, loop: boolean): void {
    this.end(endpoint).programme.play(playback, loop, {
      started: () => this.tell({ event: 'playing', playback }),
      done: (how) => this.tell({ event: 'played', playback, how }),
    });
  }

  private async keyFrame(endpoint: string): Promise<Commands['keyFrame']['result']> {
    const video = this.end(endpoint).streams.get('video');
    const codec = video?.agreed.codec.name;
    if (!video || (codec !== 'vp8' && codec !== 'h264'))
      throw new SightlineError('MEDIA_GONE', 'The peer sends no video');

    return { codec, data: await new KeyFrameCatcher(video).catch() };
  }

  private bridge(id: string, a: string, b: string): void {
    const [x, y] = [this.end(a), this.end(b)];
    if (x === y) throw new SightlineError('BAD_REQUEST', 'An endpoint cannot be bridged with itself');
    checkPassable(x, y);
    for (const end of [x, y]) {
      this.closeBridgesOf(end);
      this.conferences.leaveAll(end);
    }
    this.bridges.set(id, new PacketBridge(x, y));
  }

  /** Whoever joins leaves what it was in before. */
  private join(id: string, endpoint: string): void {
    const [conference, end] = [this.conferences.get(id), this.end(endpoint)];
    conference.check(end);
    if (conference.has(end)) return;
    this.closeBridgesOf(end);
    this.conferences.leaveAll(end);
    conference.join(end);
  }

  private closeBridge(id: string): void {
    this.bridges.get(id)?.close();
    this.bridges.delete(id);
  }

  private closeBridgesOf(end: MediaEnd): void {
    for (const [id, bridge] of this.bridges) {
      if (!bridge.joins(end)) continue;
      this.closeBridge(id);
      this.tell({ event: 'bridgeClosed', bridge: id });
    }
  }

  private changed(end: MediaEnd): void {
    for (const bridge of this.bridges.values()) if (bridge.joins(end)) bridge.link();
    this.conferences.changed(end);
    this.recordings.changed(end);
  }

  private lose(endpoint: string, reason: string): void {
    if (!this.ends.has(endpoint)) return;
    this.tell({ event: 'ended', endpoint, reason });
    this.closeEnd(endpoint).catch((error: unknown) => this.log.error({ err: error }, 'an endpoint did not close'));
  }

  private async closeEnd(id: string): Promise<void> {
    const end = this.ends.get(id);
    if (!end) return;
    this.ends.delete(id);
    this.closeBridgesOf(end);
    this.conferences.leaveAll(end);
    this.recordings.forget(end);
    await end.close();
    if (this.ends.size === 0) this.stopTicking();
  }

  private async close(): Promise<void> {
    await this.recordings.close();
    await Promise.all([...this.ends.keys()].map((id) => this.closeEnd(id)));
    this.stopTicking();
    this.pacer.close();
    await this.ports.close();
  }

  private startTicking(): void {
    this.ticker ??= setInterval(() => this.tick(), TICK);
  }

  private stopTicking(): void {
    clearInterval(this.ticker);
    this.ticker = undefined;
  }

  private tick(): void {
    const now = steadyNow();
    for (const end of this.ends.values()) {
      try {
        end.tick(now);
      } catch (error) {
        // The others have their turn all the same.
        this.log.error({ err: error, call: end.label }, 'the streams of an endpoint could not be looked after');
      }
    }
  }

  private tellLoad(): void {
    this.tell({ event: 'load', ports: this.ports.bound, busy: this.ports.busy });
  }
}
