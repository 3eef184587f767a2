import { SightlineError } from '../lib/errors';
import { newId } from '../lib/ids';
import { isUnavailable } from './engine';
import type { Engine } from './engine';
import type { Foresight } from './foresight';
import { nodeName } from './keeper';
import type { Outbox } from './outbox';
import type { OwnTicket, Registry } from './registry';
import { needsOf } from './skills';
import { ticketClasses } from './config';
import { PRIORITY_LIMIT } from './types';
import type { QueueConfig, TicketClass } from './config';
import type { EnqueueRequest, LeaveReason, Offer, ResumeRequest, TicketEvent, TicketView } from './types';
import { historyView, skillText, ticketView } from './views';

const nameOfThing = /^[^\s,:;|{}"\\\x00-\x1f]{1,64}$/;
const ADOPT_BATCH = 100;

/** The tickets of this node: what their callers do. What each method promises is told at `Acd`. */
export class Tickets {
  constructor(
    private readonly engine: Engine,
    private readonly registry: Registry,
    private readonly outbox: Outbox,
    private readonly foresight: Pick<Foresight, 'entering' | 'completing'>,
  ) {}

  async enqueue(request: EnqueueRequest): Promise<TicketView> {
    const config = this.engine.queueConfig(request.queue);
    if (!config) throw new SightlineError('QUEUE_UNKNOWN', `There is no queue '${request.queue}'`);
    const ticket = this.newTicket(request);
    if (!this.outbox.isClear) await this.outbox.ready();
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
    if (mine?.state === 'talking' || mine?.callback) return undefined;
    const offer = this.withdrawHere(mine, 'caller-dropped');
    if (mine) mine.state = 'dropped';
    const reply = await this.outbox.do('drop', () => this.change('dropTicket', ticketId));

    return offer ?? parseOffer(reply);
  }

  async resume(request: ResumeRequest): Promise<TicketView | undefined> {
    await this.outbox.ready();
    const { terminal, resumeKey = '', callId } = request;
    const id = await this.engine.run('resumeTicket', { terminal, resumeKey, callId });
    if (typeof id !== 'string' || id === '') return undefined;
    // What this node had before is not told of offers to a call that does not know yet that the ticket is its own.
    const former = this.registry.remove(id);
    try {
      return await this.take(id, 'offers-as-events');
    } catch (error) {
      if (former) this.register(former);
      throw error;
    }
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

  async postpone(ticketId: string, ms: number): Promise<void> {
    this.withdrawHere(this.registry.get(ticketId), 'caller-left');
    await this.outbox.do('postpone', () => this.engine.run('postponeTicket', { ticketId, ms }));
  }

  async askCallback(ticketId: string): Promise<void> {
    await this.outbox.ready();
    await this.engine.run('callbackTicket', { ticketId });
  }

  async transfer(ticketId: string, queue: string): Promise<void> {
    const config = this.engine.queueConfig(queue);
    if (!config) throw new SightlineError('QUEUE_UNKNOWN', `There is no queue '${queue}'`);
    await this.outbox.ready();
    await this.engine.run('transferTicket', {
      ...{ ticketId, queueId: queue, regular: asksRegulars(config) ? 1 : 0 },
      ...limitsOf(config),
    });
    const mine = this.registry.get(ticketId);
    if (!mine) return;
    mine.queue = queue;
    delete mine.told;
    delete mine.first;
    delete mine.overflowed;
  }

  async rank(ticketId: string, name: TicketClass, priority: number): Promise<void> {
    checkRank(name, priority);
    await this.outbox.ready();
    await this.engine.run('rankTicket', { ticketId, class: name, priority });
    const mine = this.registry.get(ticketId);
    if (mine) Object.assign(mine, { class: name, priority });
  }

  async leave(ticketId: string, reason: LeaveReason): Promise<Offer | undefined> {
    const mine = this.registry.get(ticketId);
    const offer = mine?.state === 'talking' ? undefined : this.withdrawHere(mine, 'caller-left');
    this.registry.remove(ticketId);
    const reply = await this.outbox.do('leave', () => this.leaveNow(ticketId, reason));

    return offer ?? parseOffer(reply);
  }

  async endWait(ticketId: string): Promise<void> {
    await this.outbox.ready();
    await this.engine.run('leaveTicket', { ticketId, how: 'abandoned', ifWaits: 1 });
  }

  async complete(ticketId: string, broke: boolean): Promise<void> {
    const mine = this.registry.get(ticketId);
    const keptFor = (this.engine.queueConfig(mine?.queue ?? '')?.returnWithin ?? 0) * 1_000;
    await this.outbox.do('complete', () => {
      const done = this.engine.run('completeTicket', { ticketId, broke: broke ? 1 : 0, keptFor });
      this.foresight.completing(ticketId);

      return done;
    });
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
      ids.push(...(await this.adoptFrom('node-tickets', dead)));
    }
    ids.push(...(await this.adoptFrom('orphans', node)));
    const views = await Promise.all(ids.map((id) => this.take(id, 'offers-in-view')));

    return views.filter((view) => view !== undefined);
  }

  /** A ticket that waits for its callback has come from a node that died. */
  async adopted(ticketId: string): Promise<void> {
    await this.take(ticketId, 'offers-as-events');
  }

  async view(ticketId: string): Promise<TicketView | undefined> {
    return ticketView(await this.engine.readRecord('ticket', ticketId));
  }

  async history(ticketId: string): Promise<TicketEvent[]> {
    return historyView(await this.historyLines(ticketId));
  }

  historyLines(ticketId: string): Promise<string[]> {
    return this.engine.store.redis.lrange(this.engine.keys.ticketHistory(ticketId), 0, -1);
  }

  /** Puts a ticket into the line, with the time that it has. @throws SightlineError QUEUE_FULL */
  async enter(ticket: OwnTicket, limited = true): Promise<void> {
    const config = this.engine.queueConfig(ticket.queue);
    const limits = limitsOf(config);
    const regular = asksRegulars(config);
    const returnWithin = (config?.returnWithin ?? 0) * 1_000;
    // Who is looked for by what only the store remembers of him has to wait for its answer.
    const isForeseen = limited && (ticket.customer === '' || (!regular && returnWithin === 0));
    const entered = this.engine.run('enqueueTicket', {
      ticketId: ticket.ticketId,
      queueId: ticket.queue,
      callId: ticket.callId,
      terminal: ticket.terminal,
      resumeKey: ticket.resumeKey,
      customer: ticket.customer ?? '',
      class: ticket.class ?? 'normal',
      priority: ticket.priority,
      skills: skillText(ticket.skills),
      medium: ticket.medium ?? 'video',
      designated: ticket.designated ?? '',
      since: ticket.enqueuedAt,
      grace: limits.grace,
      maxWait: limits.maxWait,
      maxWaiting: limited ? limits.maxWaiting : -1,
      regular: regular ? 1 : 0,
      returnWithin,
      foreseen: isForeseen ? 1 : 0,
    });
    if (isForeseen) this.foresight.entering(ticket, entered);
    await entered;
  }

  change(name: 'dropTicket' | 'holdTicket' | 'unholdTicket', ticketId: string): Promise<unknown> {
    return this.engine.run(name, { ticketId });
  }

  /** Brings a ticket back into the line that others dropped although its call lives here. */
  reclaim({ ticketId, callId }: OwnTicket): Promise<unknown> {
    return this.engine.run('reclaimTicket', { ticketId, callId });
  }

  leaveNow(ticketId: string, how: LeaveReason): Promise<unknown> {
    return this.engine.run('leaveTicket', { ticketId, how, ifWaits: 0 });
  }

  private newTicket(request: EnqueueRequest): OwnTicket {
    const { queue, callId, terminal, priority = 0, resumeKey = '', class: name = 'normal' } = request;
    const { medium = 'video', customer = terminal, designated, skills = [] } = request;
    checkRank(name, priority);
    checkName('queue', queue);
    if (designated) checkName('seat', designated);
    needsOf(skills);

    return {
      ticketId: newId('ticket'),
      ...{ queue, callId, terminal, resumeKey, customer, class: name, priority, medium },
      skills: skills.length === 0 ? [] : [...new Set(skills)].sort(),
      ...(designated ? { designated } : {}),
      enqueuedAt: this.engine.now(),
      state: 'waiting',
      offers: new Map(),
    };
  }

  /** Makes a ticket of the store one of this node. A seat that rings for it by now is told in the view or as an event. */
  private async take(id: string, how: 'offers-in-view' | 'offers-as-events'): Promise<TicketView | undefined> {
    const view = await this.view(id);
    if (!view || view.state === 'ended') return undefined;
    const live = view.state === 'talking' ? [] : (view.offers ?? []);
    // Those that were told while the view was read are not told again.
    const told = (offer: Offer): boolean => this.registry.get(id)?.offers.has(offer.offerId) ?? false;
    const isLater = (offer: Offer): boolean => how === 'offers-as-events' || this.registry.isDead(offer);
    const later = live.filter((offer) => isLater(offer) && !told(offer));
    const now = live.filter((offer) => !later.includes(offer));
    if (view.state === 'offered' && now.length === 0) view.state = 'waiting';
    if (view.state !== 'talking') Object.assign(view, { offers: now, offer: now[0] });
    const own = this.ownTicket(view);
    this.register(own);
    if (how === 'offers-as-events') this.keepQuiet(own);
    for (const offer of later) this.offerLater(offer);

    return view;
  }

  private ownTicket({ node: _node, state, offer, offers, ...rest }: TicketView): OwnTicket {
    const live = state === 'talking' ? (offer ? [offer] : []) : (offers ?? []);
    const ticket: OwnTicket = {
      ...rest,
      state: state === 'ended' ? 'waiting' : state,
      offers: new Map(live.map((one) => [one.offerId, one])),
    };
    if (state === 'talking') ticket.wrapUp = wrapUpOf(this.engine.queueConfig(rest.queue));

    return ticket;
  }

  private register(ticket: OwnTicket): void {
    for (const early of this.registry.add(ticket)) this.offerLater(early);
  }

  /** An offer may come together with the answer to `resume`, and must not be told before that. */
  private keepQuiet(ticket: OwnTicket): void {
    ticket.quiet = true;
    setImmediate(() => {
      delete ticket.quiet;
      if (this.registry.get(ticket.ticketId) === ticket) this.register(ticket);
    });
  }

  /** After the caller of `enqueue` or `resume` has learnt the ticket's id. */
  private offerLater(offer: Offer): void {
    setImmediate(() => this.engine.apply([{ t: 'offer', offer }]));
  }

  private withdrawHere(mine: OwnTicket | undefined, cause: 'caller-left' | 'caller-dropped'): Offer | undefined {
    if (!mine || mine.state === 'talking') return undefined;
    const [first] = mine.offers.values();
    // Not after the store has answered: a seat must not ring on because the store is slow.
    this.engine.apply([...mine.offers.values()].map((offer) => ({ t: 'withdrawn', offer, cause })));

    return first;
  }

  private async adoptFrom(kind: 'node-tickets' | 'orphans', dead: string): Promise<string[]> {
    const ids: string[] = [];
    for (let left = 1; left > 0;) {
      const [more, adopted] = (await this.engine.run('adoptTickets', { dead, kind, limit: ADOPT_BATCH })) as [
        number,
        string[],
      ];
      ids.push(...adopted);
      left = more;
    }

    return ids;
  }
}

/** ms of after-call work, -1 until the agent says that it is done. */
export function wrapUpOf(config: QueueConfig | undefined): number {
  const { wrapUp = 0, wrapUpUntilDone = false } = config ?? {};

  return wrapUpUntilDone && wrapUp === 0 ? -1 : wrapUp * 1_000;
}

function limitsOf(config: QueueConfig | undefined): { grace: number; maxWait: number; maxWaiting: number } {
  const { grace = 60, maxWait = 0, maxWaiting = -1 } = config ?? {};

  return { grace: grace * 1_000, maxWait: maxWait * 1_000, maxWaiting };
}

function asksRegulars(config: QueueConfig | undefined): boolean {
  return (config?.rings ?? []).some(({ seats: { kind } }) => kind === 'last-agent' || kind === 'frequent-agent');
}

function parseOffer(reply: unknown): Offer | undefined {
  return typeof reply === 'string' && reply !== '' ? (JSON.parse(reply) as Offer) : undefined;
}

/** A ticket that has just come in, as its caller sees it. */
function viewOf(ticket: OwnTicket, node: string): TicketView {
  const view: TicketView = {
    ticketId: ticket.ticketId,
    queue: ticket.queue,
    callId: ticket.callId,
    terminal: ticket.terminal,
    resumeKey: ticket.resumeKey,
    customer: ticket.customer,
    class: ticket.class,
    priority: ticket.priority,
    skills: ticket.skills,
    medium: ticket.medium,
    node,
    state: ticket.state,
    enqueuedAt: ticket.enqueuedAt,
  };
  if (ticket.designated !== undefined) view.designated = ticket.designated;
  const live = [...ticket.offers.values()];
  if (live[0]) Object.assign(view, { offer: live[0], offers: live });

  return view;
}

function checkRank(name: TicketClass, priority: number): void {
  if (!ticketClasses.includes(name)) {
    throw new SightlineError('BAD_REQUEST', `A class is one of ${ticketClasses.join(', ')}, not '${String(name)}'`);
  }
  if (Number.isInteger(priority) && Math.abs(priority) <= PRIORITY_LIMIT) return;
  throw new SightlineError('BAD_REQUEST', `A priority is a whole number from -${PRIORITY_LIMIT} to ${PRIORITY_LIMIT}`);
}

/** Names become parts of keys and lists; what would break those is refused. */
export function checkName(what: string, name: string): void {
  if (!nameOfThing.test(name)) throw new SightlineError('BAD_REQUEST', `Not a name for a ${what}: '${name}'`);
}
