import { SightlineError } from '../../lib/errors';
import type { Channel } from './channel';
import { Overlay } from './overlay';

/** What the peer is shown while it is with nobody. */
export type Scene = { kind: 'picture'; file: string } | { kind: 'video'; file: string; loop: boolean };

/** Silence without end: prompts are laid over the sound of what runs, so something has to run. */
const silence = 'playback:silence_stream://-1,1400';

/**
 * What a channel does while it is not in a bridge or a conference: nothing, or it shows a scene, or it sends silence to lay prompts
 * over. A change takes the channel out of what it does.
 */
export class Stage {
  private scene: Scene | undefined;
  private needsSound = false;
  /** In a bridge or conference: nothing is begun, and what is wanted begins after it. */
  private away = false;
  private performing = 'park';
  /** Whom it is bridged with. */
  private other: Channel | undefined;
  private readonly overlay: Overlay;

  constructor(private readonly channel: Channel) {
    this.overlay = new Overlay(channel);
  }

  get current(): Scene | undefined {
    return this.scene;
  }

  get isAway(): boolean {
    return this.away;
  }

  /** Resolves when the first frame is on its way. */
  async show(scene: Scene | undefined): Promise<void> {
    if (this.away && scene?.kind === 'video') {
      throw new SightlineError('MEDIA_UNAVAILABLE', 'FreeSWITCH shows pictures in a bridge, but no video files');
    }
    this.scene = scene;
    if (this.away) await this.cover();
    else await this.settle(scene !== undefined);
  }

  /** Whether something has to be sent that prompts can be laid over. */
  async sound(needed: boolean): Promise<void> {
    this.needsSound = needed;
    // Silence that goes on after a prompt does no harm, and the next prompt begins without a change of application.
    if (needed) await this.settle(false);
  }

  /** The channel is going to be taken by a bridge with another, or by a conference. */
  leave(other?: Channel): void {
    this.away = true;
    this.other = other;
    this.performing = 'elsewhere';
  }

  /** It has been taken: a picture that is shown stays, in place of the other's. */
  async arrived(): Promise<void> {
    if (this.away && this.scene?.kind === 'picture') await this.cover();
  }

  /** The channel is to be on its own again. */
  async comeBack(): Promise<void> {
    this.away = false;
    await this.settle(false);
    await this.overlay.show(undefined, undefined);
    this.other = undefined;
  }

  private cover(): Promise<void> {
    return this.overlay.show(this.scene?.kind === 'picture' ? this.scene.file : undefined, this.other);
  }

  private async settle(again: boolean): Promise<void> {
    if (this.away) return;
    const wanted = this.wanted();
    if (wanted === this.performing && !again) return;
    this.performing = wanted;
    if (wanted === 'park') return this.channel.perform('park');
    const begun = this.begun();
    try {
      await this.channel.perform(wanted, 'park');
    } catch (error) {
      begun.cancel();
      throw error;
    }
    await begun.done;
  }

  private wanted(): string {
    const { scene } = this;
    if (scene?.kind === 'picture') return `playback:${scene.file}`;
    if (scene?.kind === 'video') return `${scene.loop ? 'endless_playback' : 'playback'}:${scene.file}`;

    return this.needsSound ? silence : 'park';
  }

  /** The next file that is begun on the channel, or that could not be. */
  private begun(): { done: Promise<void>; cancel: () => void } {
    let cancel = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      const off = this.channel.on((event) => {
        const ended = event.name === 'CHANNEL_EXECUTE_COMPLETE' && /playback/.test(event.get('Application') ?? '');
        const gone = event.name === 'CHANNEL_HANGUP_COMPLETE';
        if (
          event.name === 'PLAYBACK_START' ||
          (ended && event.get('Application-Response') === 'FILE NOT FOUND') ||
          gone
        ) {
          cancel();
        }
      });
      cancel = () => {
        off();
        resolve();
      };
    });

    return { done, cancel: () => cancel() };
  }
}
