import { SightlineError } from '../../../lib/errors';
import type { MediaKind } from '../../port';
import type { AudioClip, VideoClip } from '../clip';
import { areKeys } from '../rtp';
import type { Pacer } from './pacer';
import { AudioPlayer, KeySender, VideoPlayer } from './players';
import type { MediaStream } from './stream';

interface Shown {
  player: VideoPlayer;
  /** Whoever waits for the first frame. */
  begun(): void;
}

interface Playing {
  id: string;
  player: AudioPlayer;
  /** It ends before its time, and not because it was asked to. */
  cut(): void;
}

/** What we show, play and press ourselves towards the peer of one endpoint. */
export class Programme {
  private shown: Shown | undefined;
  private playing: Playing | undefined;
  private keySender: KeySender | undefined;

  constructor(
    private readonly streams: ReadonlyMap<MediaKind, MediaStream>,
    private readonly pacer: Pacer,
  ) {}

  /** Resolves when the first frame is on its way, or when there is no video to show it in. */
  show(clip: VideoClip | undefined, loop: boolean): Promise<void> {
    this.stopShowing();
    const video = this.streams.get('video');
    if (!clip || !video || clip.codec !== video.agreed.codec.name) return Promise.resolve();

    return new Promise((resolve) => {
      const player = new VideoPlayer(video, this.pacer, clip, {
        loop,
        onStarted: resolve,
        onDone: () => (this.shown = undefined),
      });
      this.shown = { player, begun: resolve };
      player.start();
    });
  }

  /** @throws SightlineError MEDIA_MISMATCH where there is no sound to play to. */
  play(id: string, loop: boolean, on: { started(): void; done(how: 'finished' | 'stopped'): void }): void {
    this.stopPlaying();
    const audio = this.streams.get('audio');
    if (!audio) throw new SightlineError('MEDIA_MISMATCH', 'The peer takes no sound');
    const player = new AudioPlayer(audio, this.pacer, {
      loop,
      onStarted: on.started,
      onDone: () => {
        this.playing = undefined;
        on.done('finished');
      },
    });
    this.playing = { id, player, cut: () => on.done('stopped') };
    player.start();
  }

  /** A clip for a playback that goes on; `undefined` says that no more will come. */
  feed(id: string, clip: AudioClip | undefined): void {
    if (this.playing?.id === id) this.playing.player.add(clip);
  }

  stopPlay(id: string): void {
    if (this.playing?.id === id) this.stopPlaying();
  }

  /** Resolves when the last key has been sent. @throws SightlineError MEDIA_MISMATCH, BAD_REQUEST. */
  sendKeys(digits: string): Promise<void> {
    const audio = this.streams.get('audio');
    const events = audio?.agreed.events;
    if (!audio || !events) throw new SightlineError('MEDIA_MISMATCH', 'The peer takes no keys as RTP events');
    if (!areKeys(digits)) throw new SightlineError('BAD_REQUEST', `Keys are 0-9, *, # and A-D, not '${digits}'`);
    this.keySender?.stop();

    return new Promise((resolve) => {
      this.keySender = new KeySender(audio, this.pacer, digits, events.send, events.clock, resolve);
      this.keySender.start();
    });
  }

  /** The stream is gone, or has another codec: nothing that was made for it can go on. */
  stopOn(kind: MediaKind): void {
    if (kind === 'video') return this.stopShowing();
    this.playing?.cut();
    this.stopPlaying();
    this.keySender?.stop();
  }

  close(): void {
    this.stopShowing();
    this.stopPlaying();
    this.keySender?.stop();
  }

  private stopShowing(): void {
    const { shown } = this;
    this.shown = undefined;
    shown?.player.stop();
    shown?.begun();
  }

  private stopPlaying(): void {
    this.playing?.player.stop();
    this.playing = undefined;
  }
}
