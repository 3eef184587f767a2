import { WORD_END } from '../store/separators';
import { changer } from './draft/drafts';
import type { Effect } from './effect';
import type { Engine } from './engine';
import { readRows } from './rows';
import type { Row } from './rows';

/** What other nodes tell this one by Redis channels. */
export class Channels {
  private readonly mine: string;
  private readonly changes: string;

  constructor(
    private readonly engine: Engine,
    private readonly onEffect: (effect: Effect) => void,
    private readonly onRows: (revision: number, by: string, rows: readonly Row[]) => void,
    /** A node that lives listens. */
    private readonly onLife: (node: string) => void,
  ) {
    this.mine = engine.keys.nodeChannel(engine.node);
    this.changes = engine.keys.changesChannel;
  }

  async open(): Promise<void> {
    const { subscriber } = this.engine.store;
    subscriber.on('message', this.receive);
    await subscriber.subscribe(this.mine, this.changes);
  }

  close(): void {
    const { subscriber } = this.engine.store;
    subscriber.off('message', this.receive);
    // Not waited for: on a connection that is just being lost the answer comes when Redis is back, or never.
    if (subscriber.status === 'ready') subscriber.unsubscribe(this.mine, this.changes).catch(() => undefined);
  }

  private readonly receive = (channel: string, message: string): void => {
    if (channel === this.mine) this.receiveEffect(JSON.parse(message) as Effect);
    if (channel === this.changes) this.receiveChange(message);
  };

  /** Others have given this node up, but it hears that: what it holds is compared with the store instead of ended. */
  private receiveEffect(effect: Effect): void {
    if (effect.t === 'ended' && effect.how === 'lost') this.engine.doubtful = true;
    else this.onEffect(effect);
  }

  /** The revision, the node that made the change, and the rows; see lua/includes/main.lua. Without a revision it is a sign of life. */
  private receiveChange(message: string): void {
    const [revision = '', by = '', rows = ''] = message.split(WORD_END);
    if (changer(by) === this.engine.node) return;
    if (revision === '') this.onLife(by);
    else this.onRows(Number(revision), by, readRows(rows));
  }
}
