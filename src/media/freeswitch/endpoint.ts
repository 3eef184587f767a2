import type { Clock } from '../../lib/clock';
import { SightlineError } from '../../lib/errors';
import type { Logger } from '../../lib/logger';
import type { AudioSource, Endpoint, EndpointStats, MediaKind, Picture, Playback } from '../port';
import { AudioGate } from './audio-gate';
import type { Channel } from './channel';
import type { EslEvent } from './esl-event';
import { limitOf, takesKeys, wantedKinds } from './describe';
import type { MediaFolder } from './folder';
import { WatchedEvents } from './media-watch';
import { type MediaSrf, type MrfEndpoint, reinvite } from './fsmrf';
import { FsPlayback } from './playback';
import type { Exchange, Signalling } from './signalling';
import { type Scene, Stage } from './stage';
import { Rates, readStats, ReportBook } from './stats';

/** What an endpoint needs of the server that it lives on. */
export interface EndpointHome {
  readonly name: string;
  readonly srf: MediaSrf;
  readonly folder: MediaFolder;
  readonly log: Logger;
  readonly clock: Clock;
  /** The endpoint is over, by whichever side. */
  forget(endpoint: FsEndpoint): void;
  /** Takes it out of the bridge or conference that it is in. */
  release(endpoint: FsEndpoint): void;
  /** Its pictures are shown to nobody any more, or again. */
  blinded(endpoint: FsEndpoint): Promise<void>;
  /** It sends pictures now, or does not any more. */
  videoChanged(endpoint: FsEndpoint): Promise<void>;
}

/** One channel of FreeSWITCH. */
export class FsEndpoint implements Endpoint {
  readonly id: string;
  readonly server: string;
  readonly events: WatchedEvents;
  readonly stage: Stage;
  private readonly gate: AudioGate;
  private blind = false;
  private over = false;
  private closing: Promise<void> | undefined;
  private playback: FsPlayback | undefined;
  private readonly rates = new Rates();
  private readonly book = new ReportBook();
  private readonly exchange: Exchange;

  constructor(
    private readonly home: EndpointHome,
    private readonly mrf: MrfEndpoint,
    readonly channel: Channel,
    private readonly signalling: Signalling,
  ) {
    this.id = mrf.uuid;
    this.server = home.name;
    this.events = new WatchedEvents(
      home.clock,
      () => this.received(),
      (error, event) => home.log.error({ err: error, event }, 'a listener of media failed'),
    );
    this.gate = new AudioGate(channel);
    this.stage = new Stage(channel);
    this.exchange = (offer) => reinvite(home.srf, mrf.dialog, offer);
    mrf.on('dtmf', (key: unknown) => this.takeKey(key));
    mrf.dialog.on('destroy', () => this.lost('FreeSWITCH ended it'));
    channel.on((event) => this.take(event));
  }

  get localDescription(): string {
    return this.signalling.localDescription;
  }

  get codecs(): Readonly<Partial<Record<MediaKind, string>>> {
    return this.signalling.codecs;
  }

  get closed(): boolean {
    return this.over;
  }

  async accept(answer: string): Promise<void> {
    this.open();
    await this.agree(() => this.signalling.accept(answer, this.exchange));
  }

  async answer(offer: string): Promise<string> {
    this.open();

    return this.agree(() => this.signalling.answer(offer, undefined, this.exchange));
  }

  async offer(change: { beside?: Endpoint; media?: readonly MediaKind[] } = {}): Promise<string> {
    this.open();

    return this.guarded(this.signalling.offer(wantedKinds(change), limitOf(change.beside), this.exchange));
  }

  async show(picture: Picture | undefined): Promise<void> {
    this.open();
    if (!this.codecs.video && picture) return;
    const scene = picture && (await this.sceneOf(picture));
    await this.guarded(this.stage.show(scene));
  }

  play(source: AudioSource): Playback {
    const before = this.playback;
    before?.stop();
    const ready = this.over ? Promise.reject(this.gone()) : Promise.resolve(before?.done);
    this.playback = new FsPlayback(this.channel, this.stage, this.gate, source, ready);

    return this.playback;
  }

  async sendDtmf(digits: string): Promise<void> {
    this.open();
    if (!/^[0-9*#A-D]*$/i.test(digits)) throw new SightlineError('BAD_REQUEST', 'Keys are 0-9, *, # and A-D');
    if (digits === '') return;
    const peer = this.signalling.peerDescription;
    if (peer === undefined || !takesKeys(peer)) {
      throw new SightlineError('MEDIA_MISMATCH', 'The peer takes no keys as RTP events');
    }
    await this.guarded(this.channel.run('uuid_send_dtmf', digits.toUpperCase()));
  }

  async snapshot(): Promise<Buffer> {
    this.open();
    if (!this.sendsVideo) throw new SightlineError('MEDIA_GONE', 'The peer sends no video');

    return this.guarded(this.home.folder.snapshot(this.channel));
  }

  async mute(kind: MediaKind, direction: 'from' | 'to', on: boolean): Promise<void> {
    this.open();
    if (kind === 'audio') return this.guarded(this.gate.set(direction, on));
    if (direction === 'to') return this.guarded(this.signalling.blind('own', on, this.exchange));
    if (this.blind === on) return;
    this.blind = on;
    await this.guarded(this.home.blinded(this));
    await this.guarded(this.home.videoChanged(this));
  }

  /** Whether pictures of it are to be seen by anybody. */
  get sendsVideo(): boolean {
    return this.codecs.video !== undefined && !this.blind;
  }

  /** Whether what it sends is shown to nobody. */
  get isBlind(): boolean {
    return this.blind;
  }

  /** The other side of its bridge is blind, or is not any more. */
  async withoutOther(on: boolean): Promise<void> {
    if (!this.over) await this.guarded(this.signalling.blind('other', on, this.exchange));
  }

  refresh(): void {
    if (this.over || !this.codecs.video) return;
    this.channel.run('uuid_video_refresh').catch((error: unknown) => {
      this.home.log.debug({ err: error, endpoint: this.id }, 'no key frame could be asked for');
    });
  }

  async stats(): Promise<EndpointStats> {
    this.open();
    const { stats, sample } = await this.guarded(
      readStats(this.channel, this.codecs, this.book.reports, () => this.home.clock.now()),
    );

    return this.rates.add(stats, sample);
  }

  /** Takes it out of the bridge or conference that it is in, for another. */
  leaveOthers(): void {
    this.home.release(this);
  }

  /** On its own again, with what it showed before. */
  async comeBack(): Promise<void> {
    if (!this.over) await this.stage.comeBack();
  }

  close(): Promise<void> {
    this.closing ??= this.end();

    return this.closing;
  }

  /** The server is lost, or has ended the channel. */
  lost(reason: string): void {
    if (this.over) return;
    this.playback?.fail();
    this.finish();
    // Where FreeSWITCH has not said so itself, the SIP edge is not to keep the dialog.
    if (this.mrf.dialog.connected) this.mrf.dialog.destroy().catch(() => undefined);
    this.events.emit('ended', reason);
  }

  private async end(): Promise<void> {
    if (this.over) return;
    this.finish();
    try {
      await this.mrf.dialog.destroy();
    } catch (error) {
      // Without a SIP edge the channel still goes away.
      this.home.log.debug(
        { err: error, endpoint: this.id },
        'no BYE to FreeSWITCH; its channel is ended by the event socket',
      );
      await this.channel.run('uuid_kill').catch(() => undefined);
    }
  }

  private finish(): void {
    this.over = true;
    this.events.close();
    this.playback?.stop();
    this.home.release(this);
    this.home.forget(this);
  }

  private take(event: EslEvent): void {
    if (event.name === 'CHANNEL_HANGUP_COMPLETE') return this.lost('FreeSWITCH ended it');
    this.book.take(event);
  }

  private takeKey(key: unknown): void {
    const { dtmf, duration } = (key ?? {}) as { dtmf?: unknown; duration?: unknown };
    if (typeof dtmf !== 'string' || !/^[0-9*#A-D]$/i.test(dtmf) || this.over) return;
    // FreeSWITCH tells the length in samples of 8 kHz.
    const durationMs = Math.round(Number(duration) / 8) || 0;
    this.events.emit('dtmf', { digit: dtmf.toUpperCase(), durationMs });
  }

  private async sceneOf(picture: Picture): Promise<Scene> {
    if ('png' in picture) return { kind: 'picture', file: await this.home.folder.picture(picture.png) };

    return { kind: 'video', file: await this.home.folder.video(picture.file), loop: picture.loop ?? false };
  }

  private async agree<T>(exchange: () => Promise<T>): Promise<T> {
    const before = this.sendsVideo;
    const result = await this.guarded(exchange());
    this.events.watch();
    if (this.sendsVideo !== before) await this.home.videoChanged(this);

    return result;
  }

  private async received(): Promise<Partial<Record<MediaKind, number>>> {
    if (this.over || this.signalling.peerDescription === undefined) return { audio: 0 };
    const { stats } = await readStats(this.channel, this.codecs, {}, () => 0);
    const counts: Partial<Record<MediaKind, number>> = {};
    if (stats.audio) counts.audio = stats.audio.received.packets;
    if (stats.video) counts.video = stats.video.received.packets;

    return counts;
  }

  private open(): void {
    if (this.over) throw this.gone();
  }

  /** What fails because the channel has ended meanwhile is told as that. */
  private async guarded<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.over) throw this.gone(error);
      if (error instanceof SightlineError) throw error;
      throw new SightlineError('MEDIA_UNAVAILABLE', error instanceof Error ? error.message : undefined, {
        cause: error,
      });
    }
  }

  private gone(cause?: unknown): SightlineError {
    return new SightlineError('MEDIA_GONE', undefined, { cause });
  }
}
