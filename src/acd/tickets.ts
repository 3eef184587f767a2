import { SightlineError } from '../lib/errors';
import { newId } from '../lib/ids';
import { HANDLING_GUESS } from './board';
import { isUnavailable } from './engine';
import type { Engine } from './engine';
import { nodeName } from './keeper';
import type { Outbox } from './outbox';
import type { OwnTicket, Registry } from './registry';
import { scripts } from './scripts';
import { PRIORITY_LIMIT } from './types';
import type { EnqueueRequest, LeaveReason, Offer, QueueConfig, ResumeRequest, TicketEvent, TicketView } from './types';
import { historyView, joined, ticketView } from './views';

const nameOfThing = /^[^\s,:|{}]{1,64}$/;
const ADOPT_BATCH = 100;
const handlingGuess = HANDLING_GUESS * 1_000;

/** The tickets of this node: what their callers do. What each method promises is told at `Acd`. */
export class Tickets {
  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly outbox: Outbox,
  ) {}

  async enqueue(request: EnqueueRequest): Promise<TicketView> {
    const config = this.engine.queueConfig(request.queue);
    if (!config) throw new SightlineError('QUEUE_UNKNOWN', `There is no queue '${request.queue}'`);
    const ticket = this.newTicket(request, config);
    await this.outbox.ready();
    try {
      await this.enter(ticket);
    } catch (error) {
      // It may have been entered all the same: whoever gets an error has no ticket.
      if (isUnavailable(error)) this.outbox.keep('leave', () => this.leaveNow(ticket.ticketId, 'abandoned'));
      throw error;
    }
    this.register(ticket);

    return viewOf(ticket, this.engine.node);
  }

  async drop(ticketId: string): Promise<Offer | undefined> {
    const mine = this.registry.get(ticketId);
    if (mine?.state === 'talking') return undefined;
    const offer = this.withdrawHere(mine, 'caller-dropped');
    if (mine) mine.state = 'dropped';
    const reply = await this.outbox.do('drop', () => this.change('dropTicket', ticketId));

    return offer ?? parseOffer(reply);
  }

  async resume(request: ResumeRequest): Promise<TicketView | undefined> {
    const { engine } = this;
    await this.outbox.ready();
    const { terminal, resumeKey = '', callId } = request;
    const id = await engine.change(
      scripts.resumeTicket,
      { resumes: engine.keys.resumes },
      { terminal, resumeKey, callId },
    );
    if (typeof id !== 'string' || id === '') return undefined;

    return this.take(id, 'offers-as-events');
  }

  async hold(ticketId: string): Promise<void> {
    const mine = this.registry.get(ticketId);
    if (mine?.state === 'talking') return;
    this.withdrawHere(mine, 'caller-left');
    if (mine) mine.state = 'held';
    await this.outbox.do('hold', () => this.change('holdTicket', ticketId));
  }

  async unhold(ticketId: string): Promise<void> {
    const mine = this.registry.get(ticketId);
    if (mine?.state === 'held') mine.state = 'waiting';
    await this.outbox.do('unhold', () => this.change('unholdTicket', ticketId));
  }

  async leave(ticketId: string, reason: LeaveReason): Promise<Offer | undefined> {
    const mine = this.registry.get(ticketId);
    const offer = mine?.state === 'talking' ? undefined : this.withdrawHere(mine, 'caller-left');
    this.registry.remove(ticketId);
    const reply = await this.outbox.do('leave', () => this.leaveNow(ticketId, reason));

    return offer ?? parseOffer(reply);
  }

  async complete(ticketId: string): Promise<void> {
    const { engine } = this;
    await this.outbox.do('complete', () =>
      engine.change(scripts.completeTicket, { ticket: engine.keys.ticket(ticketId) }, { handlingGuess }),
    );
  }

  async adopt(node: string): Promise<TicketView[]> {
    const { engine } = this;
    const { keys, store } = engine;
    await this.outbox.ready();
    const leases = await store.redis.zrange(keys.nodes, 0, -1, 'WITHSCORES');
    const ids: string[] = [];
    for (let index = 0; index < leases.length; index += 2) {
      const [dead = '', until] = [leases[index], leases[index + 1]];
      if (nodeName(dead) !== node || dead === engine.node) continue;
      if (node !== engine.name && Number(until) > engine.now()) continue;
      ids.push(...(await this.adoptFrom(keys.nodeTickets(dead), dead)));
    }
    ids.push(...(await this.adoptFrom(keys.orphans(node), node)));
    const views = await Promise.all(ids.map((id) => this.take(id, 'offers-in-view')));

    return views.filter((view) => view !== undefined);
  }

  async view(ticketId: string): Promise<TicketView | undefined> {
    return ticketView(await this.engine.store.redis.hgetall(this.engine.keys.ticket(ticketId)));
  }

  async history(ticketId: string): Promise<TicketEvent[]> {
    return historyView(await this.engine.store.redis.lrange(this.engine.keys.ticketHistory(ticketId), 0, -1));
  }

  /** Puts a ticket into the line, with the time that it has. @throws SightlineError QUEUE_FULL */
  async enter(ticket: OwnTicket, limited = true): Promise<void> {
    const { engine } = this;
    const { keys } = engine;
    const config = engine.queueConfig(ticket.queue);
    await engine.change(
      scripts.enqueueTicket,
      { ticket: keys.ticket(ticket.ticketId), queue: keys.queue(ticket.queue), line: keys.line(ticket.queue) },
      {
        ticketId: ticket.ticketId,
        queueId: ticket.queue,
        callId: ticket.callId,
        terminal: ticket.terminal,
        resumeKey: ticket.resumeKey,
        priority: ticket.priority,
        skills: joined(ticket.skills),
        since: ticket.enqueuedAt,
        grace: (config?.grace ?? 60) * 1_000,
        maxWait: (config?.maxWait ?? 0) * 1_000,
        maxWaiting: limited ? (config?.maxWaiting ?? -1) : -1,
      },
    );
  }

  change(name: 'dropTicket' | 'holdTicket' | 'unholdTicket', ticketId: string): Promise<unknown> {
    const { engine } = this;

    return engine.change(scripts[name], { ticket: engine.keys.ticket(ticketId) }, {});
  }

  /** Brings a ticket back into the line that others dropped although its call lives here. */
  reclaim(ticket: OwnTicket): Promise<unknown> {
    const { engine } = this;
    const { ticketId, callId } = ticket;

    return engine.change(scripts.reclaimTicket, { ticket: engine.keys.ticket(ticketId) }, { callId });
  }

  leaveNow(ticketId: string, how: LeaveReason): Promise<unknown> {
    const { engine } = this;
    const ticket = engine.keys.ticket(ticketId);

    return engine.change(scripts.leaveTicket, { ticket }, { how, handlingGuess });
  }

  private newTicket(request: EnqueueRequest, config: QueueConfig): OwnTicket {
    const { queue, callId, terminal, priority = 0, resumeKey = '' } = request;
    if (!Number.isInteger(priority) || Math.abs(priority) > PRIORITY_LIMIT) {
      throw new SightlineError(
        'BAD_REQUEST',
        `A priority is a whole number from -${PRIORITY_LIMIT} to ${PRIORITY_LIMIT}`,
      );
    }
    const skills = [...config.skills, ...(request.skills ?? [])];
    for (const skill of skills) checkName('skill', skill);
    checkName('queue', queue);

    return {
      ticketId: newId('ticket'),
      queue,
      callId,
      terminal,
      resumeKey,
      priority,
      skills: [...new Set(skills)].sort(),
      enqueuedAt: this.engine.now(),
      state: 'waiting',
    };
  }

  /** Makes a ticket of the store one of this node. A seat that rings for it by now is told in the view or as an event. */
  private async take(id: string, how: 'offers-in-view' | 'offers-as-events'): Promise<TicketView | undefined> {
    const view = await this.view(id);
    if (!view || view.state === 'ended') return undefined;
    const { offer } = view;
    if (offer && view.state === 'offered' && (how === 'offers-as-events' || this.registry.isDead(offer))) {
      view.state = 'waiting';
      view.offer = undefined;
      this.offerLater(offer);
    }
    const { node: _node, state, ...rest } = view;
    const ticket: OwnTicket = { ...rest, state };
    if (state === 'talking') {
      ticket.wrapUp = (this.engine.queueConfig(view.queue)?.wrapUp ?? 0) * 1_000;
    }
    this.register(ticket);

    return view;
  }

  private register(ticket: OwnTicket): void {
    const early = this.registry.add(ticket);
    if (early) this.offerLater(early);
  }

  /** After the caller of `enqueue` or `resume` has learnt the ticket's id. */
  private offerLater(offer: Offer): void {
    setImmediate(() => this.engine.apply([{ t: 'offer', offer }]));
  }

  private withdrawHere(mine: OwnTicket | undefined, cause: 'caller-left' | 'caller-dropped'): Offer | undefined {
    const offer = mine?.offer;
    if (!offer) return undefined;
    // Not after the store has answered: a seat must not ring on because the store is slow.
    this.engine.apply([{ t: 'withdrawn', offer, cause }]);

    return offer;
  }

  private async adoptFrom(source: string, dead: string): Promise<string[]> {
    const { engine } = this;
    const ids: string[] = [];
    for (let left = 1; left > 0;) {
      const keys = { nodes: engine.keys.nodes, source };
      const reply = await engine.change(scripts.adoptTickets, keys, { dead, limit: ADOPT_BATCH });
      const [more, adopted] = reply as [number, string[]];
      ids.push(...adopted);
      left = more;
    }

    return ids;
  }
}

function parseOffer(reply: unknown): Offer | undefined {
  return typeof reply === 'string' && reply !== '' ? (JSON.parse(reply) as Offer) : undefined;
}

function viewOf(ticket: OwnTicket, node: string): TicketView {
  const { wrapUp: _wrapUp, told: _told, ...view } = ticket;

  return { ...view, node };
}

/** Names become parts of keys and lists; what would break those is refused. */
export function checkName(what: string, name: string): void {
  if (!nameOfThing.test(name)) throw new SightlineError('BAD_REQUEST', `Not a name for a ${what}: '${name}'`);
}
