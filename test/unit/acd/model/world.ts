import type { Redis } from 'ioredis';
import { program, verbs } from '../../../../src/acd/scripts';
import type { Verb } from '../../../../src/acd/scripts';
import type { Medium, TicketClass } from '../../../../src/acd/config';
import type { DeclineCause, LeaveReason, Offer, TicketView } from '../../../../src/acd/types';
import { SightlineError } from '../../../../src/lib/errors';
import { makeKeys } from '../../../../src/store/keys';
import type { Command } from '../../../../src/store/program';
import { Site } from '../support';
import type { Node } from '../support';
import { checkFloor } from './floors';
import { checkLeases, checkNoneLeft, checkOrder, checkPicture } from './invariants';
import { assert, offersOf, takePicture, wipe } from './picture';
import type { Hash, Picture } from './picture';
import { fillPlan, nodeNames, queueNames, seatNames } from './plan';

/** One thing that somebody does. Numbers choose among what there is at that moment. */
export type Step =
  | {
      do: 'enqueue';
      node: number;
      queue: number;
      terminal: number;
      priority: number;
      skills: string[];
      class: TicketClass;
      medium: Medium;
    }
  | { do: 'ring' | 'accept' | 'acceptOld' | 'declineOld'; which: number }
  | { do: 'complete' | 'breakOff' | 'drop' | 'hold' | 'unhold' | 'callback'; which: number }
  | { do: 'decline'; which: number; cause: DeclineCause }
  | { do: 'leave'; which: number; reason: LeaveReason }
  | { do: 'postpone'; which: number; ms: number }
  | { do: 'transfer'; which: number; queue: number }
  | { do: 'rank'; which: number; class: TicketClass; priority: number }
  | { do: 'resume'; node: number; terminal: number }
  | { do: 'seatUp' | 'seatDown' | 'pause' | 'unpause' | 'login' | 'logout'; node: number; seat: number }
  | { do: 'engage'; node: number; seat: number; call: number; on: boolean }
  | { do: 'wrapUp'; node: number; seat: number; more: number }
  | { do: 'again'; which: number }
  | { do: 'advance' | 'leap'; ms: number }
  | { do: 'crash' | 'blip'; node: number }
  | { do: 'start'; node: number; adopt: boolean };

interface Known {
  ticketId: string;
  terminal: string;
  enqueuedAt: number;
  /** The node on which the call of the ticket lives; undefined when it died. */
  owner: Node | undefined;
}

/** What is refused by right: a full queue, an offer that is gone, a ticket that is not where it would have to be. */
const refusals = ['QUEUE_FULL', 'OFFER_GONE', 'TICKET_GONE', 'WRONG_STATE', 'SEAT_UNKNOWN'];
/** The verbs that may come twice and late: a message that is repeated, or was long under way. */
const repeatable = [
  'acceptOffer',
  'declineOffer',
  'leaveTicket',
  'ringSeat',
  'enqueueTicket',
  'sweepDue',
  'releaseNode',
];
const REPEATED = 40;
/** What breaks off in the midst of everything else. */
const breaks = ['crash', 'blip', 'leap'];

/** Three nodes on one Redis, what was done to them, and what they said; the outside's own book against which it is held. */
export class World {
  private readonly site = new Site();
  private readonly keys = makeKeys(this.site.name);
  private readonly nodes = new Map<string, Node>();
  private readonly tickets = new Map<string, Known>();
  private readonly rings = new Map<string, { offer: Offer; node: Node }>();
  private readonly offers: Offer[] = [];
  private readonly deadOffers = new Set<string>();
  private readonly answers = new Map<string, string>();
  private readonly commands: Command[] = [];
  private entered = 0;
  private transfers = 0;
  private before: Picture | undefined;
  /** Whose connections broke in this batch. */
  private readonly deaf = new Set<string>();

  constructor(
    private readonly url: string,
    private readonly redis: Redis,
  ) {
    fillPlan(this.site.config);
  }

  async open(): Promise<void> {
    for (const name of nodeNames) await this.start(name);
  }

  async close(): Promise<void> {
    await this.site.close();
    await wipe(this.redis, this.keys);
  }

  /** Does the steps of one batch at the same time, lets everything come to rest, and looks at what became of it. */
  async batch(steps: readonly Step[]): Promise<void> {
    const broken = steps.filter((step) => breaks.includes(step.do));
    await Promise.all(steps.filter((step) => !broken.includes(step)).map((step) => this.step(step)));
    // In the midst of what the others have set in motion: what is left undone is for the sweeps that follow.
    this.deaf.clear();
    for (const step of broken) await this.step(step);
    for (let second = 0; second < 4 && broken.length > 0; second++) await this.site.pass(1);
    await this.rest();
    await this.check();
  }

  /** When the story is told: what dead nodes held is let go when their leases are over, with the mercy after a start or a break. */
  async end(): Promise<void> {
    const living = this.living();
    const isDead = ({ node = '' }: Hash): boolean => !living.has(node);
    if (living.size === 0 || ![...(this.before?.tickets.values() ?? [])].some(isDead)) return;
    for (let seconds = 0; seconds < 25; seconds += 5) await this.site.pass(5);
    await this.rest();
    await this.check();
    for (const ticket of this.before?.tickets.values() ?? [])
      assert(!isDead(ticket) || ['dropped', 'ended'].includes(ticket.state ?? ''), 'a dead node holds nobody', ticket);
  }

  private living(): Set<string> {
    return new Set([...this.nodes.values()].map((node) => node.acd.node));
  }

  /** Until nothing changes any more. */
  private async rest(): Promise<void> {
    for (let before = ''; ;) {
      await this.site.settled();
      const now = (await this.redis.get(this.keys.revision)) ?? '';
      if (now === before) return;
      before = now;
    }
  }

  private async step(step: Step): Promise<void> {
    try {
      await this.take(step);
    } catch (error) {
      if (!(error instanceof SightlineError) || !refusals.includes(error.code)) throw error;
      if (step.do === 'enqueue') this.entered++;
    }
  }

  private async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'enqueue':
        return this.enqueue(step);
      case 'ring':
      case 'accept':
      case 'decline':
        return this.onRing(step, pick([...this.rings.values()], step.which));
      case 'acceptOld':
      case 'declineOld':
        return this.late(step.do, pick(this.offers, step.which));
      case 'resume':
        return this.resume(step.node, step.terminal);
      case 'advance':
      case 'leap':
        this.site.clock.advance(step.ms);
        return;
      case 'again':
        return this.again(pick(this.commands, step.which));
      case 'crash':
        return this.crash(pick(nodeNames, step.node) ?? '');
      case 'blip':
        return this.blip(this.alive(step.node));
      case 'start':
        return this.start(pick(nodeNames, step.node) ?? '', step.adopt);
      default:
        return 'seat' in step ? this.onSeat(step) : this.onTicket(step);
    }
  }

  private async onSeat(step: Extract<Step, { seat: number }>): Promise<void> {
    const acd = this.alive(step.node)?.acd;
    const seat = pick(seatNames, step.seat) ?? '';
    if (!acd) return;
    if (step.do === 'engage') await acd.engaged(seat, `own-${step.call}`, step.on);
    else if (step.do !== 'wrapUp') await acd[step.do](seat);
    else if (step.more === 0) await acd.endWrapUp(seat);
    else await acd.extendWrapUp(seat, step.more);
  }

  private async enqueue(step: Extract<Step, { do: 'enqueue' }>): Promise<void> {
    const node = this.alive(step.node);
    if (!node) {
      this.entered--;
      throw new SightlineError('QUEUE_FULL');
    }
    const queue = pick(queueNames, step.queue) ?? '';
    const { priority, skills, medium, class: name } = step;
    const who = { callId: `c${Math.random()}`, terminal: `t${step.terminal}` };
    const view = await node.acd.enqueue({ queue, ...who, priority, skills, medium, class: name });
    this.entered++;
    this.own(view, node);
  }

  private async onRing(
    step: Extract<Step, { do: 'ring' | 'accept' | 'acceptOld' | 'declineOld' | 'decline' }>,
    ring: { offer: Offer; node: Node } | undefined,
  ): Promise<void> {
    if (!ring) return;
    const { offer, node } = ring;
    if (step.do === 'ring') return node.acd.ringing(offer);
    if (step.do !== 'decline') return this.accept(node, offer);
    this.rings.delete(offer.offerId);
    await node.acd.decline(offer, step.cause);
  }

  private async late(what: 'acceptOld' | 'declineOld', offer: Offer | undefined): Promise<void> {
    const node = offer && this.tickets.get(offer.ticketId)?.owner;
    if (!offer || !node) return;
    if (what === 'acceptOld') return this.accept(node, offer);
    this.rings.delete(offer.offerId);
    await node.acd.decline(offer, 'no-answer');
  }

  private async accept(node: Node, offer: Offer): Promise<void> {
    await node.acd.accept(offer);
    this.rings.delete(offer.offerId);
    const first = this.answers.get(offer.ticketId) ?? offer.offerId;
    if (first !== offer.offerId) throw new Error(`two seats answered ${offer.ticketId}`);
    this.answers.set(offer.ticketId, offer.offerId);
  }

  private async resume(index: number, terminal: number): Promise<void> {
    const node = this.alive(index);
    const view = await node?.acd.resume({ terminal: `t${terminal}`, callId: `c${Math.random()}` });
    if (view) this.own(view, node);
  }

  private async onTicket(step: Extract<Step, { which: number }>): Promise<void> {
    const ticket = pick([...this.tickets.values()], step.which);
    const acd = ticket?.owner?.acd;
    if (!ticket || !acd) return;
    const id = ticket.ticketId;
    switch (step.do) {
      case 'leave':
        await acd.leave(id, step.reason);
        return;
      case 'postpone':
        return acd.postpone(id, step.ms);
      case 'transfer':
        this.transfers++;
        return acd.transfer(id, pick(queueNames, step.queue) ?? '');
      case 'rank':
        return acd.reprioritise(id, { class: step.class, priority: step.priority });
      case 'callback':
        return acd.askCallback(id);
      case 'drop':
      case 'hold':
      case 'unhold':
      case 'complete':
      case 'breakOff':
        await acd[step.do](id);
        return;
      default:
        throw new Error(`not a step on a ticket: ${step.do}`);
    }
  }

  /** A command comes once more, however late. */
  private async again(command: Command | undefined): Promise<void> {
    const engine = this.alive(0)?.acd['parts'].engine;
    if (!command || !engine) return;
    const args = Object.fromEntries(
      (verbs[command.verb as Verb] as readonly string[]).map((name, index) => [name, command.args[index]]),
    );
    // Not as the node's own: what it tells is for the node that owns the ticket.
    await engine.run(command.verb as never, args as never);
  }

  private async crash(name: string): Promise<void> {
    const node = this.nodes.get(name);
    if (!node) return;
    this.nodes.delete(name);
    for (const [id, ring] of this.rings) if (ring.node === node) this.rings.delete(id);
    for (const ticket of this.tickets.values()) if (ticket.owner === node) ticket.owner = undefined;
    await node.close();
    this.site.forget(node);
  }

  /** The connections break in the midst of work: answers and news are lost, and they come back. */
  private async blip(node: Node | undefined): Promise<void> {
    if (!node) return;
    this.deaf.add(node.acd.node);
    const up = new Promise<void>((resolve) => node.store.once('up', resolve));
    node.store.redis.stream.destroy();
    node.store.subscriber.stream.destroy();
    await up;
  }

  private async start(name: string, adopt = false): Promise<void> {
    if (this.nodes.has(name)) return;
    const node = await this.site.node(name, {}, this.url);
    if (this.nodes.has(name)) {
      await node.close();
      this.site.forget(node);
      return;
    }
    this.nodes.set(name, node);
    this.listen(node);
    if (!adopt) return;
    for (const view of await node.acd.adopt(name)) {
      this.own(view, node);
      for (const offer of view.state === 'offered' ? (view.offers ?? []) : []) {
        if (!this.deadOffers.has(offer.offerId)) this.rings.set(offer.offerId, { offer, node });
      }
    }
  }

  private listen(node: Node): void {
    // A node that is dying hears no more.
    const lives = (): boolean => [...this.nodes.values()].includes(node);
    node.acd.on('offer', (offer) => {
      if (!lives()) return;
      this.offers.push(offer);
      this.rings.set(offer.offerId, { offer, node });
      // A ticket to be called back may have come from a node that died.
      const ticket = this.tickets.get(offer.ticketId);
      if (ticket) ticket.owner = node;
    });
    node.acd.on('withdrawn', (offer) => {
      this.deadOffers.add(offer.offerId);
      this.rings.delete(offer.offerId);
    });
    node.acd.on('replaced', (ticketId) => {
      const ticket = this.tickets.get(ticketId);
      if (ticket?.owner === node) ticket.owner = undefined;
    });
    node.acd.on('preempted', (ticketId) => this.answers.delete(ticketId));
    this.record(node);
  }

  private record(node: Node): void {
    const engine = node.acd['parts'].engine;
    const run = engine.run.bind(engine);
    engine.run = async (verb, args) => {
      const reply = run(verb, args);
      // Who was told that the queue is full has no ticket, and nobody asks for one again in his name.
      if (verb === 'enqueueTicket') await reply;
      if (repeatable.includes(verb)) this.commands.push(program.command(verb, args));
      if (this.commands.length > REPEATED) this.commands.shift();

      return reply;
    };
  }

  private own(view: TicketView, owner: Node | undefined): void {
    const known = this.tickets.get(view.ticketId);
    // News that its talk was broken for an alarm may have gone to a node that had died.
    if (view.state !== 'talking') this.answers.delete(view.ticketId);
    if (known) known.owner = owner;
    else this.tickets.set(view.ticketId, { ...view, owner });
  }

  private alive(index: number): Node | undefined {
    return pick([...this.nodes.values()], index);
  }

  private async check(): Promise<void> {
    if (this.nodes.size === 0) return;
    const picture = await takePicture(this.redis, this.keys);
    const now = this.site.clock.now();
    checkPicture(picture);
    const living = this.living();
    checkNoneLeft(picture, living, this.site.config.seatMap, now);
    checkLeases(picture, now);
    const heard = new Set([...living].filter((node) => !this.deaf.has(node)));
    if (this.before) checkOrder(this.before, picture, heard);
    for (const node of this.nodes.values()) checkFloor(node.acd, picture, living, now);
    this.checkBook(picture);
    this.before = picture;
  }

  /** What the store says is what the outside saw. */
  private checkBook(picture: Picture): void {
    const offered = [...picture.queues.values()].reduce((sum, queue) => sum + Number(queue.offered ?? 0), 0);
    if (offered < this.entered || offered > this.entered + this.transfers)
      throw new Error(`${this.entered} tickets entered, ${offered} counted`);
    const living = this.living();
    const ringing = [...picture.tickets.values()].filter((t) => t.state === 'offered' && living.has(t.node ?? ''));
    const should = ringing.flatMap((ticket) => offersOf(ticket).map(({ offerId }) => offerId));
    const [rings, offers] = [[...this.rings.keys()].sort().join(), should.sort().join()];
    if (rings !== offers) throw new Error(`seats that ring: ${rings}; offers of living nodes: ${offers}`);
    for (const known of this.tickets.values()) this.checkKnown(known, picture);
  }

  private checkKnown(known: Known, picture: Picture): void {
    const { ticketId } = known;
    const ticket = picture.tickets.get(ticketId);
    if (!ticket) {
      // Redis forgets what has ended after a minute of real time, which a stalled machine can let pass.
      if (this.before?.tickets.get(ticketId)?.state !== 'ended') throw new Error(`${ticketId} is lost`);
      this.tickets.delete(ticketId);
      return;
    }
    if (Number(ticket.enqueuedAt) !== known.enqueuedAt) throw new Error(`${ticketId} has lost its time`);
    if (ticket.state !== 'talking') {
      this.answers.delete(ticketId);
      return;
    }
    if (ticket.offerId !== this.answers.get(ticketId)) throw new Error(`${ticketId} talks unasked`);
  }
}

function pick<T>(from: readonly T[], index: number): T | undefined {
  return from[index % Math.max(1, from.length)];
}
