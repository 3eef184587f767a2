import { newId } from '../../lib/ids';
import { SightlineError } from '../../lib/errors';
import type { Bridge } from '../port';
import type { FsEndpoint } from './endpoint';
import { inTime, type StepLimits } from './in-time';

/** Two channels that hear and see each other. */
export class FsBridge implements Bridge {
  readonly id = newId('bridge');
  private over = false;

  private constructor(
    readonly a: FsEndpoint,
    readonly b: FsEndpoint,
  ) {}

  /** @throws MEDIA_GONE when one of them has ended, MEDIA_UNAVAILABLE when FreeSWITCH does not do it in time. */
  static async make(a: FsEndpoint, b: FsEndpoint, limits: StepLimits): Promise<FsBridge> {
    const bridge = new FsBridge(a, b);
    const joined = bridge.untilJoined();
    a.stage.leave(b.channel);
    b.stage.leave(a.channel);
    try {
      await a.channel.run('uuid_bridge', b.id);
      await inTime(joined.done, limits);
      for (const endpoint of [a, b]) {
        await endpoint.stage.arrived();
        if (endpoint.isBlind) await bridge.blind(endpoint);
      }
    } catch (error) {
      await bridge.close();
      throw error;
    } finally {
      joined.cancel();
    }

    return bridge;
  }

  get closed(): boolean {
    return this.over;
  }

  has(endpoint: FsEndpoint): boolean {
    return endpoint === this.a || endpoint === this.b;
  }

  async close(): Promise<void> {
    if (this.over) return;
    this.over = true;
    // Each goes back to what it showed before. One that is gone has taken the other out of the bridge already.
    await Promise.all([this.a, this.b].map((endpoint) => this.alone(endpoint)));
  }

  /** One of the two has ended: the other is on its own. */
  endedBy(endpoint: FsEndpoint): void {
    if (this.over) return;
    this.over = true;
    this.alone(this.otherThan(endpoint)).catch(() => undefined);
  }

  /** The pictures of one are not shown to the other, or are again. */
  async blind(endpoint: FsEndpoint): Promise<void> {
    const other = this.otherThan(endpoint);
    await other.withoutOther(endpoint.isBlind);
    if (!endpoint.isBlind) endpoint.refresh();
  }

  private otherThan(endpoint: FsEndpoint): FsEndpoint {
    return endpoint === this.a ? this.b : this.a;
  }

  private async alone(endpoint: FsEndpoint): Promise<void> {
    await endpoint.comeBack().catch(() => undefined);
    if (this.otherThan(endpoint).isBlind) await endpoint.withoutOther(false).catch(() => undefined);
  }

  private untilJoined(): { done: Promise<void>; cancel: () => void } {
    let cancel = (): void => undefined;
    const done = new Promise<void>((resolve, reject) => {
      const offs = [this.a, this.b].map((endpoint) =>
        endpoint.channel.on((event) => {
          if (event.name === 'CHANNEL_BRIDGE') resolve();
          if (event.name === 'CHANNEL_HANGUP_COMPLETE') reject(new SightlineError('MEDIA_GONE'));
        }),
      );
      cancel = () => offs.forEach((off) => off());
    });
    done.catch(() => undefined);

    return { done, cancel: () => cancel() };
  }
}
