import type { Channel } from './channel';

type Reason = 'from' | 'to' | 'prompt';

/**
 * Silence on the way from or to a peer. FreeSWITCH has one switch for it per channel, which stands where it was put among the other
 * taps of the channel's sound: what is mixed in behind it is heard.
 */
export class AudioGate {
  private readonly shut = new Set<Reason>();
  private work: Promise<unknown> = Promise.resolve();

  constructor(private readonly channel: Channel) {}

  isShut(reason: Reason): boolean {
    return this.shut.has(reason);
  }

  /** `prompt`: nothing goes to the peer but what is mixed in behind. */
  set(reason: Reason, on: boolean): Promise<void> {
    const result = this.work.then(() => this.change(reason, on));
    this.work = result.catch(() => undefined);

    return result;
  }

  private async change(reason: Reason, on: boolean): Promise<void> {
    if (this.shut.has(reason) === on) return;
    if (on) this.shut.add(reason);
    else this.shut.delete(reason);
    // Put anew, it stands behind a prompt that plays already.
    if (this.shut.size === 0 || (on && reason === 'to')) await this.channel.run('uuid_audio', 'stop');
    if (this.shut.size === 0) return;
    await this.channel.run('uuid_audio', `start read mute ${this.shut.has('from') ? 1 : 0}`);
    await this.channel.run('uuid_audio', `start write mute ${this.shut.has('to') || this.shut.has('prompt') ? 1 : 0}`);
  }
}
