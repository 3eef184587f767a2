import type { Effect, Engine } from './engine';

/** What other nodes tell this one by Redis channels. */
export class Channels {
  private readonly mine: string;
  private readonly moved: string;

  constructor(
    private readonly engine: Engine,
    private readonly onEffect: (effect: Effect) => void,
    private readonly onMoved: (queue: string) => void,
  ) {
    this.mine = engine.keys.nodeChannel(engine.node);
    this.moved = engine.keys.movedChannel;
  }

  async open(): Promise<void> {
    const { subscriber } = this.engine.store;
    subscriber.on('message', this.receive);
    await subscriber.subscribe(this.mine, this.moved);
  }

  close(): void {
    const { subscriber } = this.engine.store;
    subscriber.off('message', this.receive);
    // Not waited for: on a connection that is just being lost the answer comes when Redis is back, or never.
    if (subscriber.status === 'ready') subscriber.unsubscribe(this.mine, this.moved).catch(() => undefined);
  }

  private readonly receive = (channel: string, message: string): void => {
    if (channel === this.mine) this.receiveEffect(JSON.parse(message) as Effect);
    if (channel === this.moved) this.receiveMoved(JSON.parse(message) as { node: string; queue: string });
  };

  /** Others have given this node up, but it hears that: what it holds is compared with the store instead of ended. */
  private receiveEffect(effect: Effect): void {
    if (effect.t === 'ended' && effect.how === 'lost') this.engine.doubtful = true;
    else this.onEffect(effect);
  }

  private receiveMoved({ node, queue }: { node: string; queue: string }): void {
    if (node !== this.engine.node) this.onMoved(queue);
  }
}
