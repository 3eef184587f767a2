import { readMember } from './dispatcher';
import type { Engine } from './engine';
import { makeEstimator, steady } from './estimate';
import type { Estimate, QueueFacts } from './estimate';
import type { OwnTicket, Registry } from './registry';
import { scripts } from './scripts';
import type { Position } from './types';

/** Mean talk and wrap-up that is assumed until a queue has had talks of its own, in seconds. */
export const HANDLING_GUESS = 180;
/** People who gave up before patience is reckoned with. */
const ENOUGH_LEFT = 3;

interface Board {
  /** Ticket -> place, beginning with 1. */
  places: Map<string, number>;
  facts: QueueFacts;
  estimate: (position: number) => Estimate;
}

interface QueueBoard {
  board?: Board;
  stale: boolean;
  reading?: Promise<Board>;
  /** When places were told last, and what ends the wait for the next time. */
  toldAt: number;
  cancel?: () => void;
}

/**
 * The places in the queues. One read serves everybody who asks until something moves, so that 1,200 callers who ask at
 * once cost one round trip. Changes are told at once, and then at most every `interval` ms a queue.
 */
export class Boards {
  private readonly queues = new Map<string, QueueBoard>();
  private readonly busy = new Set<Promise<void>>();
  /** Queues whose changes the other nodes have not been told yet. */
  private readonly others = new Set<string>();
  private closed = false;

  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly interval: number,
    private readonly onMoved: (ticketIds: string[]) => void,
  ) {}

  /** Something in the line has changed. `here`: on this node, so that the others have to be told. */
  moved(queue: string, here: boolean): void {
    if (this.closed) return;
    const state = this.of(queue);
    state.stale = true;
    if (here) this.others.add(queue);
    if (state.cancel) return;
    const wait = Math.max(0, state.toldAt + this.interval - this.engine.now());
    if (wait === 0) return this.tell(queue, state);
    state.cancel = this.engine.clock.after(wait, () => {
      state.cancel = undefined;
      this.tell(queue, state);
    });
  }

  /** The place of a ticket, or undefined when it does not stand in this queue's line. */
  async position(queue: string, ticketId: string): Promise<Position | undefined> {
    let board = await this.read(queue);
    // A ticket that is newer than the board: read once more.
    if (!board.places.has(ticketId)) board = await this.read(queue, true);
    const position = board.places.get(ticketId);
    if (position === undefined) return undefined;
    const own = this.registry.get(ticketId);
    const told = { position, staffed: board.facts.staffed, estimate: board.estimate(position) };
    const estimate = steady(told, own?.told);
    if (own) own.told = { ...told, estimate };

    return { queue, position, waiting: board.places.size, estimate };
  }

  async idle(): Promise<void> {
    while (this.busy.size > 0) await Promise.all(this.busy);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const state of this.queues.values()) state.cancel?.();
    await this.idle();
  }

  private tell(queue: string, state: QueueBoard): void {
    state.toldAt = this.engine.now();
    const told = this.tellMoved(queue)
      .catch((error: unknown) => this.engine.log.debug({ err: error, queue }, 'places could not be read'))
      .finally(() => this.busy.delete(told));
    this.busy.add(told);
  }

  private async tellMoved(queue: string): Promise<void> {
    const { engine } = this;
    if (this.others.delete(queue)) {
      await engine.store.redis.publish(engine.keys.movedChannel, JSON.stringify({ node: engine.node, queue }));
    }
    const mine = [...this.registry.all()].filter((ticket) => ticket.queue === queue && ticket.told);
    if (mine.length === 0) return;
    const board = await this.read(queue);
    const moved = mine.filter((ticket) => differs(ticket, board)).map((ticket) => ticket.ticketId);
    if (moved.length > 0) this.onMoved(moved);
  }

  private read(queue: string, anew = false): Promise<Board> {
    const state = this.of(queue);
    if (state.board && !state.stale && !anew) return Promise.resolve(state.board);
    // A read under way may be shared unless something has moved since it was sent.
    if (state.reading && !state.stale) return state.reading;
    const reading = this.readNow(queue, state).finally(() => {
      if (state.reading === reading) state.reading = undefined;
    });
    state.reading = reading;

    return reading;
  }

  private async readNow(queue: string, state: QueueBoard): Promise<Board> {
    const { keys } = this.engine;
    // What changes from here on makes the board stale again, also while the answer is under way.
    state.stale = false;
    try {
      const reply = await this.engine.read(
        scripts.readBoard,
        { line: keys.line(queue), staff: keys.staff(queue), queue: keys.queue(queue) },
        {},
      );
      state.board = makeBoard(reply as BoardReply);
    } catch (error) {
      state.stale = true;
      throw error;
    }

    return state.board;
  }

  private of(queue: string): QueueBoard {
    let state = this.queues.get(queue);
    if (!state) {
      state = { stale: true, toldAt: 0 };
      this.queues.set(queue, state);
    }

    return state;
  }
}

type BoardReply = [
  line: string[],
  staffed: number,
  handling: string | null,
  patienceWait: string | null,
  patienceLeft: string | null,
];

function makeBoard([line, staffed, handling, patienceWait, patienceLeft]: BoardReply): Board {
  const places = new Map<string, number>();
  for (const member of line) places.set(readMember(member).ticketId, places.size + 1);
  const waited = Number(patienceWait ?? 0) / 1_000;
  const left = Number(patienceLeft ?? 0);
  const facts = {
    staffed,
    handling: handling === null ? HANDLING_GUESS : Number(handling) / 1_000,
    impatience: left >= ENOUGH_LEFT && waited > 0 ? left / waited : 0,
  };

  return { places, facts, estimate: makeEstimator(facts) };
}

/** True when what the ticket's caller was told last is not what he would be told now. */
function differs(ticket: OwnTicket, board: Board): boolean {
  const position = board.places.get(ticket.ticketId);
  const { told } = ticket;
  if (position === undefined || !told) return false;
  if (position !== told.position) return true;
  const next = { position, staffed: board.facts.staffed, estimate: board.estimate(position) };
  const high = steady(next, told)[1];

  // A wait that has changed much is news too, for instance when seats came or went.
  return Math.abs(high - told.estimate[1]) > Math.max(15, told.estimate[1] / 4);
}
