import type { Dispatcher } from './dispatcher';
import { isUnavailable } from './engine';
import type { Engine } from './engine';
import type { Keeper } from './keeper';
import type { Mirror } from './mirror';
import type { Outbox } from './outbox';
import type { Overflows } from './overflow';
import type { Reconciler } from './reconcile';
import type { Seats } from './seats';

/** A Redis that dies may have lost the last second of what it had confirmed; this is looked at with a margin, in ms. */
const FORGETS = 5_000;

/** What has to be stopped, and set going again in the right order. */
export interface ComebackParts {
  readonly engine: Engine;
  readonly mirror: Mirror;
  readonly outbox: Outbox;
  readonly dispatcher: Dispatcher;
  readonly overflows: Overflows;
  readonly keeper: Keeper;
  readonly seats: Seats;
  readonly reconciler: Reconciler;
}

/** What is done when the store is lost and back, when the lease of this node was lost, and once in a while for safety. */
export class Comeback {
  private lostAt = 0;
  private running: Promise<void> | undefined;

  constructor(
    private readonly parts: ComebackParts,
    /** The lease of this node was lost. */
    private readonly fenced: () => void,
  ) {}

  /** Ends when all is as before the loss, or it was lost again. */
  idle(): Promise<void> {
    return this.running ?? Promise.resolve();
  }

  storeIsLost(): void {
    const { engine, keeper, dispatcher } = this.parts;
    this.lostAt = engine.now();
    keeper.storeIsLost();
    dispatcher.suspend();
  }

  storeIsBack(): void {
    const { engine, keeper, dispatcher } = this.parts;
    this.running = this.comeBack().catch((error: unknown) => {
      engine.doubtful = true;
      // Lost again: the next `up` begins anew.
      if (isUnavailable(error)) return;
      engine.log.error({ err: error }, 'coming back to the store failed');
      keeper.resume();
      dispatcher.resume();
    });
  }

  /** First what must not be lost, then what may have gone astray, and only then what has fallen due meanwhile. */
  private async comeBack(): Promise<void> {
    const { mirror, keeper, outbox, reconciler, seats, dispatcher } = this.parts;
    mirror.reset();
    await keeper.storeIsBack();
    await outbox.idle();
    // Talks before seats: one that is told to be there while its talk is not known would be offered somebody else.
    await reconciler.run();
    await seats.assert(this.lostAt - FORGETS);
    await mirror.load();
    keeper.resume();
    dispatcher.resume();
    this.lookAround();
  }

  async leaseLost(): Promise<void> {
    const { engine, reconciler, mirror } = this.parts;
    engine.log.warn({ node: engine.node }, 'the lease of this node was lost');
    await reconciler.run();
    // While it had no lease nobody told it news.
    await mirror.load();
    this.fenced();
  }

  /**
   * The connection for channels leads to another Redis than the one for commands, as after a failover that only one of them has
   * noticed: others would take this node for gone.
   */
  unheard(): void {
    const { engine } = this.parts;
    engine.log.warn({ node: engine.node }, 'what this node is told does not reach it; its channels are opened anew');
    engine.store.listenAnew();
  }

  /** The safety net: whatever an event should have done and has not. */
  lookAround(): void {
    const { mirror, dispatcher, overflows } = this.parts;
    mirror.usePlan();
    if (mirror.hasGap) this.inBackground(mirror.load(), 'the floor could not be learnt anew');
    dispatcher.wake('all');
    overflows.checkAll();
    this.inBackground(mirror.keepLearnt(), 'what the queues have learnt could not be kept');
  }

  private inBackground(work: Promise<unknown>, what: string): void {
    work.catch((error: unknown) => this.parts.engine.log.warn({ err: error }, what));
  }
}
