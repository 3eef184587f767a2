import { SightlineError } from '../../lib/errors';
import { TypedEmitter } from '../../lib/emitter';
import { newId } from '../../lib/ids';
import type { Logger } from '../../lib/logger';
import type { AudioSource, Endpoint, EndpointEvents, EndpointStats, MediaKind, Picture, Playback } from '../port';
import { fitted, pngSize } from './picture-size';
import { RunningPlayback } from './playback';
import type { Producer } from './produce';
import type { Commands, Described, Operation, VideoWanted, WorkerEvent } from './protocol';
import { shareAudio, shareVideo } from './shared-clip';
import type { VideoClip } from './clip';
import type { WorkerLink } from './worker-link';

/** The usual size of video files; pictures keep their own where the peer takes it. */
const VIDEO_SIZE = { width: 640, height: 480 };

export interface EndpointContext {
  link: WorkerLink;
  producer: Producer;
  log: Logger;
  onClosed(endpoint: EmbeddedEndpoint): void;
}

/** An endpoint as the main thread has it: what was said, and the way to what the worker does. */
export class EmbeddedEndpoint implements Endpoint {
  readonly server = 'embedded';
  readonly events: TypedEmitter<EndpointEvents>;
  private state: Described;
  private picture: Picture | undefined;
  private showing = 0;
  private playback: RunningPlayback | undefined;
  private gone: string | undefined;
  private closing: Promise<void> | undefined;

  constructor(
    readonly id: string,
    private readonly label: string,
    described: Described,
    private readonly context: EndpointContext,
  ) {
    this.state = described;
    this.events = new TypedEmitter((error, event) =>
      context.log.error({ err: error, event }, 'a listener of an endpoint failed'),
    );
  }

  get localDescription(): string {
    return this.state.description;
  }

  get codecs(): Readonly<Partial<Record<MediaKind, string>>> {
    return this.state.codecs;
  }

  get pictureSize(): { width: number; height: number } | undefined {
    const { video } = this.state;

    return video && { width: video.width, height: video.height };
  }

  get closed(): boolean {
    return this.gone !== undefined;
  }

  async accept(answer: string): Promise<void> {
    this.adopt(await this.call('accept', { answer }));
  }

  async answer(offer: string): Promise<string> {
    this.adopt(await this.call('answer', { offer }));

    return this.localDescription;
  }

  async offer(change: { beside?: Endpoint; media?: readonly MediaKind[] } = {}): Promise<string> {
    this.adopt(await this.call('offer', { beside: change.beside?.id, media: change.media }));

    return this.localDescription;
  }

  async show(picture: Picture | undefined): Promise<void> {
    this.checkOpen();
    this.picture = picture;
    const turn = ++this.showing;
    const { video } = this.state;
    if (!video) return;
    if (!picture) return this.call('show', {});
    const clip = await this.clipOf(picture, video);
    // Another was shown, or nothing, while this one was made.
    if (turn !== this.showing) return;
    await this.call('show', { clip: shareVideo(clip), loop: 'png' in picture || picture.loop === true });
  }

  play(source: AudioSource): Playback {
    this.playback?.stop();
    const id = newId('play');
    const playback = new RunningPlayback(id, () => this.send('stopPlay', { playback: id }));
    this.playback = playback;
    this.run(playback, source).catch((error: unknown) => {
      this.context.log.debug({ err: error, call: this.label }, 'a playback failed');
      playback.end('failed');
    });

    return playback;
  }

  async prepare({ pictures, files }: { pictures: readonly Picture[]; files: readonly string[] }): Promise<void> {
    const { video, audio } = this.state;
    if (this.closed) return;
    await Promise.allSettled([
      ...(video ? pictures.map((picture) => this.clipOf(picture, video, { ahead: true })) : []),
      ...(audio ? files.map((file) => this.context.producer.audio(file, audio, { ahead: true })) : []),
    ]);
  }

  async sendDtmf(digits: string): Promise<void> {
    await this.call('sendDtmf', { digits });
  }

  async snapshot(): Promise<Buffer> {
    const { codec, data } = await this.call('keyFrame', {});

    return this.context.producer.still(data, codec);
  }

  async mute(kind: MediaKind, direction: 'from' | 'to', on: boolean): Promise<void> {
    await this.call('mute', { kind, direction, on });
  }

  refresh(): void {
    this.send('refresh', {});
  }

  stats(): Promise<EndpointStats> {
    return this.call('stats', {});
  }

  close(): Promise<void> {
    this.closing ??= this.shut();

    return this.closing;
  }

  /** An event of the worker about this endpoint. */
  take(event: WorkerEvent): void {
    if (this.closed) return;
    if (event.event === 'dtmf') this.events.emit('dtmf', event.digit);
    if (event.event === 'media') this.events.emit('media', event.kind);
    if (event.event === 'ended') this.lose(event.reason);
  }

  /** An event about a playback; of an earlier one there is nothing to tell any more. */
  takePlayback(event: WorkerEvent & { playback: string }): void {
    if (this.playback?.id !== event.playback) return;
    if (event.event === 'playing') this.playback.begun();
    else if (event.event === 'played') this.playback.end(event.how);
  }

  /** The engine was lost, or the way to the peer. */
  lose(reason: string): void {
    if (this.closed) return;
    this.playback?.end('failed');
    this.leave(reason);
    this.events.emit('ended', reason);
  }

  private async shut(): Promise<void> {
    if (this.closed) return;
    this.leave('the endpoint is closed');
    // A worker that is lost has closed everything itself.
    await this.context.link.call('closeEndpoint', { endpoint: this.id }).catch(() => undefined);
  }

  private leave(reason: string): void {
    this.gone = reason;
    this.playback?.end('stopped');
    this.context.onClosed(this);
  }

  private adopt(described: Described): void {
    const before = this.state.video;
    this.state = described;
    const { picture } = this;
    if (!picture || !described.video || (before && sameTarget(before, described.video))) return;
    // A file that plays once has had its time.
    if (before && 'file' in picture && !picture.loop) return;
    // What was shown has to be made again for another codec, or could not be shown before.
    this.show(picture).catch((error: unknown) =>
      this.context.log.warn({ err: error, call: this.label }, 'a picture could not be shown again'),
    );
  }

  private async clipOf(picture: Picture, video: VideoWanted, when: { ahead?: boolean } = {}): Promise<VideoClip> {
    const { codec, slice } = video;
    const { producer } = this.context;
    if ('file' in picture) return producer.video(picture.file, { codec, slice, ...fitted(VIDEO_SIZE, video) }, when);
    const size = pngSize(picture.png);
    if (!size) throw new SightlineError('BAD_REQUEST', 'The picture is no PNG');

    return producer.picture(picture.png, { codec, slice, ...fitted(size, video) }, when);
  }

  private async run(playback: RunningPlayback, { files, loop = false }: AudioSource): Promise<void> {
    const { audio } = this.state;
    if (!audio) throw new SightlineError('MEDIA_MISMATCH', 'The peer takes no sound');
    await this.call('play', { playback: playback.id, loop });
    let played = 0;
    // One after another: a sound lasts longer than the making of the next, and a picture that is wanted now does not wait for them all.
    for (const file of files) {
      if (playback.isOver) return;
      try {
        const clip = await this.context.producer.audio(file, audio);
        await this.call('feed', { playback: playback.id, clip: shareAudio(clip) });
        played++;
      } catch (error) {
        playback.skip(file);
        this.context.log.warn({ err: error, call: this.label, file }, 'a file cannot be played');
      }
    }
    if (played === 0) {
      this.send('stopPlay', { playback: playback.id });
      playback.end('failed');
    } else {
      await this.call('feed', { playback: playback.id });
    }
  }

  private call<K extends Operation>(
    op: K,
    args: Omit<Commands[K]['args'], 'endpoint'>,
  ): Promise<Commands[K]['result']> {
    if (this.gone !== undefined) return Promise.reject(new SightlineError('MEDIA_GONE', this.gone));
    const all = { ...args, endpoint: this.id } as unknown as Commands[K]['args'];

    return this.context.link.call(op, all);
  }

  /** For what nobody waits for; an endpoint that is gone has nothing left to stop. */
  private send<K extends Operation>(op: K, args: Omit<Commands[K]['args'], 'endpoint'>): void {
    this.call(op, args).catch(() => undefined);
  }

  private checkOpen(): void {
    if (this.gone !== undefined) throw new SightlineError('MEDIA_GONE', this.gone);
  }
}

function sameTarget(a: VideoWanted, b: VideoWanted): boolean {
  return a.codec === b.codec && a.width === b.width && a.height === b.height && a.slice === b.slice;
}
