import type { DeclineCause, LeaveReason, Offer, TicketView } from '../../../../src/acd/types';
import { SightlineError } from '../../../../src/lib/errors';
import { makeKeys } from '../../../../src/store/keys';
import { Site } from '../support';
import type { Node } from '../support';
import { checkLeases, checkNoneLeft, checkOrder, checkPicture, takePicture } from './invariants';
import type { Picture } from './invariants';

/** One thing that somebody does. Numbers choose among what there is at that moment. */
export type Step =
  | { do: 'enqueue'; node: number; queue: number; terminal: number; priority: number; skills: string[] }
  | { do: 'accept' | 'acceptOld' | 'complete' | 'drop' | 'hold' | 'unhold'; which: number }
  | { do: 'decline'; which: number; cause: DeclineCause }
  | { do: 'leave'; which: number; reason: LeaveReason }
  | { do: 'resume'; node: number; terminal: number }
  | { do: 'seatUp' | 'seatDown' | 'pause' | 'unpause'; node: number; seat: number }
  | { do: 'advance'; ms: number }
  | { do: 'crash' | 'blip'; node: number }
  | { do: 'start'; node: number; adopt: boolean };

const nodeNames = ['a', 'b'];
const queueNames = ['q1', 'q2'];
const seats = [
  ['s1', ['q1'], []],
  ['s2', ['q1'], ['x']],
  ['s3', ['q2'], ['x', 'y']],
  ['s4', ['q1', 'q2'], []],
  ['s5', ['q1', 'q2'], ['x', 'y']],
] as const;

interface Known {
  ticketId: string;
  terminal: string;
  enqueuedAt: number;
  /** The node on which the call of the ticket lives; undefined when it died. */
  owner: Node | undefined;
}

/** Two nodes on one Redis, what was done to them, and what they said; the outside's own book against which it is held. */
export class World {
  private readonly site = new Site();
  private readonly keys = makeKeys(this.site.name);
  private readonly nodes = new Map<string, Node>();
  private readonly tickets = new Map<string, Known>();
  private readonly rings = new Map<string, { offer: Offer; node: Node }>();
  private readonly offers: Offer[] = [];
  private readonly answers = new Map<string, string>();
  private entered = 0;
  private before: Picture | undefined;

  constructor(private readonly url: string) {
    this.site.config
      .addQueue('q1', { maxWait: 90, grace: 20 })
      .addQueue('q2', { maxWaiting: 4, wrapUp: 0, noAnswerDelay: 0, grace: 20 });
    for (const [id, queues, skills] of seats) this.site.config.addSeat(id, [...queues], [...skills]);
  }

  async open(): Promise<void> {
    for (const name of nodeNames) await this.start(name);
  }

  async close(): Promise<void> {
    await this.site.close();
  }

  /** Does the steps of one batch at the same time, lets everything come to rest, and looks at what became of it. */
  async batch(steps: readonly Step[]): Promise<void> {
    const broken = (step: Step): boolean => step.do === 'crash' || step.do === 'blip';
    const crashes = steps.filter(broken);
    await Promise.all(steps.filter((step) => !broken(step)).map((step) => this.step(step)));
    // In the midst of what the others have set in motion: what is left undone is for the sweep, a second later.
    for (const crash of crashes) await this.step(crash);
    for (let second = 0; second < 2 && crashes.length > 0; second++) await this.site.pass(1);
    await this.site.settled();
    await this.check();
  }

  private async step(step: Step): Promise<void> {
    try {
      await this.take(step);
    } catch (error) {
      // What may be refused: a full queue, an offer that is gone.
      if (!(error instanceof SightlineError) || !['QUEUE_FULL', 'OFFER_GONE'].includes(error.code)) throw error;
      if (error.code === 'QUEUE_FULL') this.entered++;
    }
  }

  private async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'enqueue':
        return this.enqueue(step);
      case 'accept':
        return this.accept(pick([...this.rings.values()], step.which)?.offer);
      case 'acceptOld':
        return this.accept(pick(this.offers, step.which));
      case 'decline':
        return this.decline(pick([...this.rings.values()], step.which), step.cause);
      case 'resume':
        return this.resume(step.node, step.terminal);
      case 'seatUp':
      case 'seatDown':
      case 'pause':
      case 'unpause':
        await this.alive(step.node)?.acd[step.do](seats[step.seat % seats.length]?.[0] ?? '');
        return;
      case 'advance':
        this.site.clock.advance(step.ms);
        return;
      case 'crash':
        return this.crash(pick(nodeNames, step.node) ?? '');
      case 'blip':
        return this.blip(this.alive(step.node));
      case 'start':
        return this.start(pick(nodeNames, step.node) ?? '', step.adopt);
      default:
        return this.onTicket(step);
    }
  }

  private async enqueue(step: Extract<Step, { do: 'enqueue' }>): Promise<void> {
    const node = this.alive(step.node);
    if (!node) return;
    const terminal = `t${step.terminal}`;
    const queue = pick(queueNames, step.queue) ?? '';
    const { priority, skills } = step;
    const view = await node.acd.enqueue({ queue, callId: `c${Math.random()}`, terminal, priority, skills });
    this.entered++;
    this.tickets.set(view.ticketId, { ...view, owner: node });
  }

  private async accept(offer: Offer | undefined): Promise<void> {
    const node = offer && this.tickets.get(offer.ticketId)?.owner;
    if (!offer || !node) return;
    await node.acd.accept(offer);
    this.rings.delete(offer.offerId);
    const first = this.answers.get(offer.ticketId) ?? offer.offerId;
    if (first !== offer.offerId) throw new Error(`two seats answered ${offer.ticketId}`);
    this.answers.set(offer.ticketId, offer.offerId);
  }

  private async decline(ring: { offer: Offer; node: Node } | undefined, cause: DeclineCause): Promise<void> {
    if (!ring) return;
    this.rings.delete(ring.offer.offerId);
    await ring.node.acd.decline(ring.offer, cause);
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
    if (step.do === 'leave') await acd.leave(ticket.ticketId, step.reason);
    else if (step.do === 'drop') await acd.drop(ticket.ticketId);
    else if (step.do === 'hold') await acd.hold(ticket.ticketId);
    else if (step.do === 'unhold') await acd.unhold(ticket.ticketId);
    else if (step.do === 'complete') await acd.complete(ticket.ticketId);
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
    const up = new Promise<void>((resolve) => node.store.once('up', resolve));
    node.store.redis.stream.destroy();
    node.store.subscriber.stream.destroy();
    await up;
  }

  private async start(name: string, adopt = false): Promise<void> {
    if (this.nodes.has(name)) return;
    const placeholder = this.site.node(name, {}, this.url);
    const node = await placeholder;
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
      const { offer } = view;
      if (view.state === 'offered' && offer && !this.isDead(offer)) this.rings.set(offer.offerId, { offer, node });
    }
  }

  private readonly deadOffers = new Set<string>();

  private isDead(offer: Offer): boolean {
    return this.deadOffers.has(offer.offerId);
  }

  private listen(node: Node): void {
    node.acd.on('offer', (offer) => {
      // A node that is dying hears no more.
      if (![...this.nodes.values()].includes(node)) return;
      this.offers.push(offer);
      this.rings.set(offer.offerId, { offer, node });
    });
    node.acd.on('withdrawn', (offer) => {
      this.deadOffers.add(offer.offerId);
      this.rings.delete(offer.offerId);
    });
    node.acd.on('replaced', (ticketId) => {
      const ticket = this.tickets.get(ticketId);
      if (ticket?.owner === node) ticket.owner = undefined;
    });
  }

  private own(view: TicketView, owner: Node | undefined): void {
    const known = this.tickets.get(view.ticketId);
    if (known) known.owner = owner;
    else this.tickets.set(view.ticketId, { ...view, owner });
  }

  private alive(index: number): Node | undefined {
    return pick([...this.nodes.values()], index);
  }

  private async check(): Promise<void> {
    const node = this.alive(0);
    if (!node) return;
    const picture = await takePicture(node.store.redis, this.keys);
    const configs = this.site.config.seatMap;
    checkPicture(picture);
    checkNoneLeft(picture, configs);
    checkLeases(picture, this.site.clock.now());
    if (this.before) checkOrder(this.before, picture, configs);
    this.checkBook(picture);
    this.before = picture;
  }

  /** What the store says is what the outside saw. */
  private checkBook(picture: Picture): void {
    const offered = [...picture.queues.values()].reduce((sum, queue) => sum + Number(queue.offered ?? 0), 0);
    if (offered !== this.entered) throw new Error(`${this.entered} tickets entered, ${offered} counted`);
    const living = new Set([...this.nodes.values()].map((node) => node.acd.node));
    const ringing = [...picture.tickets.values()].filter((t) => t.state === 'offered' && living.has(t.node ?? ''));
    const rings = [...this.rings.keys()].sort().join();
    const should = ringing
      .map((ticket) => ticket.offerId)
      .sort()
      .join();
    if (rings !== should) throw new Error(`seats that ring: ${rings}; offers of living nodes: ${should}`);
    for (const known of this.tickets.values()) {
      const ticket = picture.tickets.get(known.ticketId);
      if (!ticket) {
        // Redis forgets what has ended after a minute of real time, which a stalled machine can let pass.
        if (this.before?.tickets.get(known.ticketId)?.state !== 'ended') throw new Error(`${known.ticketId} is lost`);
        this.tickets.delete(known.ticketId);
        continue;
      }
      if (Number(ticket.enqueuedAt) !== known.enqueuedAt) throw new Error(`${known.ticketId} has lost its time`);
      const answer = this.answers.get(known.ticketId);
      if (ticket.state === 'talking' && ticket.offerId !== answer) throw new Error(`${known.ticketId} talks unasked`);
    }
  }
}

function pick<T>(from: readonly T[], index: number): T | undefined {
  return from[index % Math.max(1, from.length)];
}
