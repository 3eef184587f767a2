import type { Channel } from './channel';

/**
 * A picture laid over the video that another channel, or a conference, sends to this one. It covers what has its own proportions, and
 * it comes with the frames of that video: where none come, it does not either.
 */
export class Overlay {
  private shown: { file: string; decoding: readonly Channel[] } | undefined;
  private work: Promise<unknown> = Promise.resolve();

  constructor(private readonly channel: Channel) {}

  /** `other`: whose video it is, when it is that of one channel. */
  show(file: string | undefined, other: Channel | undefined): Promise<void> {
    const result = this.work.then(() => this.change(file, other));
    this.work = result.catch(() => undefined);

    return result;
  }

  private async change(file: string | undefined, other: Channel | undefined): Promise<void> {
    const { shown } = this;
    this.shown = undefined;
    if (shown) await this.channel.execute('stop_video_write_overlay');
    const decoding = file === undefined ? [] : [this.channel, ...(other ? [other] : [])];
    // On before off, so that a change of pictures does not end the decoding between.
    for (const one of decoding) await one.execute('video_decode', 'on');
    if (file !== undefined) {
      this.shown = { file, decoding };
      await this.channel.execute('video_write_overlay', `${file} center 100`);
    }
    for (const one of shown?.decoding ?? []) await one.execute('video_decode', 'off').catch(() => undefined);
    // What is passed on from here begins with a key frame, whoever encodes it.
    await other?.run('uuid_video_refresh').catch(() => undefined);
  }
}
