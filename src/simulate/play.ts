import type { OverflowRule } from '../acd/config';
import { CallbackDesk } from './callback-desk';
import { entryOf, mayMove } from './entry';
import type { Entry } from './entry';
import type { Arrival, Day, SimulatedPlan } from './model';
import type { Person } from './person';
import { lognormal, randomOf } from './random';
import { Agents } from './agents';
import { RuleWatch } from './rule-watch';
import { SeatClock } from './seat-clock';
import type { LiveOffer } from './ticket-book';
import type { Outcome, Seen, Visit } from './visits';
import { World } from './world';

/** What is not over so long after the end of the day is left as it is, in ms. */
const OVERTIME = 12 * 3_600_000;
/** Steps between two looks at how far it is. */
const PROGRESS = 5_000;

/** Plays a day with a plan. The same day and plan give the same to the last figure. */
export function play(plan: SimulatedPlan, day: Day, progress: (done: number) => void = () => undefined): Seen {
  return new Play(plan, day).run(progress);
}

/** People and agents of a day: what they do, and what is seen of it. */
export class Play {
  readonly world: World;
  private readonly people = new Map<string, Person>();
  private readonly visits: Visit[] = [];
  private readonly clock = new SeatClock();
  private readonly callbacks: CallbackDesk;
  private readonly rules: RuleWatch;
  private readonly agents: Agents;
  private preempted = 0;

  constructor(
    readonly plan: SimulatedPlan,
    readonly day: Day,
  ) {
    this.world = new World(plan, day.from, day.seed, {
      offer: (offer) => this.offered(offer),
      withdrawn: (offer) => this.withdrawn(offer),
      ended: (ticket, how) => how === 'overflowed' && this.tooLong(ticket.id),
      preempted: (ticket) => this.talkBroken(ticket.id),
      seat: (row) => this.clock.row(row, this.world.now),
    });
    this.callbacks = new CallbackDesk(this);
    this.rules = new RuleWatch(this);
    this.agents = new Agents(this.world, day, plan);
  }

  run(progress: (done: number) => void): Seen {
    const { world, day } = this;
    this.agents.planShifts();
    this.nextArrival(0);
    for (let steps = 1; world.agenda.nextAt <= day.to + OVERTIME && world.step(); steps++) {
      this.rules.look();
      if (steps % PROGRESS === 0) progress((world.now - day.from) / (day.to - day.from));
    }
    const end = Math.max(world.now, day.to);
    for (const { visit } of this.people.values()) if (visit.outcome === 'waiting') visit.endedAt = end;

    return { visits: this.visits, seats: this.clock.end(end), end, preempted: this.preempted };
  }

  /** Those who stand in a queue, in the order in which they came; some of them talk. */
  in(queue: string): Person[] {
    return [...this.people.values()].filter(({ visit }) => visit.queue === queue);
  }

  after(key: string, ms: number, event: () => void): void {
    this.world.agenda.put(key, this.world.now + Math.round(ms), event);
  }

  /** The talk begins. */
  answered(person: Person, offer: LiveOffer): void {
    const { world } = this;
    const callback = world.store.ticket(person.ticketId)?.callback ?? false;
    if (!world.store.accept(offer)) return;
    world.agenda.cancel(`patience:${person.ticketId}`);
    person.answeredAt = world.now;
    person.visit.seat = offer.seatId;
    this.close(person, callback ? 'called-back' : 'answered');
    this.clock.day(offer.seatId).calls++;
    this.after(`talk:${person.ticketId}`, person.talkLeft, () => {
      this.people.delete(person.ticketId);
      world.store.complete(person.ticketId);
      this.agents.wrapUp(offer, person.index);
    });
  }

  /** The seat did not take the call. */
  declined(offer: LiveOffer, cause: 'no-answer' | 'rejected'): void {
    this.clock.day(offer.seatId).missed++;
    this.world.store.decline(offer, cause);
    this.agents.bringBack(offer.seatId);
  }

  giveUp(person: Person): void {
    this.close(person, 'abandoned');
    this.people.delete(person.ticketId);
    this.world.store.leave(person.ticketId, 'abandoned');
  }

  /** Rings the phone of a seat; `then` comes when its agent takes the call. */
  ring(person: Person, offer: LiveOffer, then: () => void): void {
    const { habits, seed } = this.day;
    const random = randomOf(seed, 'ring', person.index, person.rung++);
    const chance = random();
    const takes = lognormal(random, habits.answer.mean, habits.answer.cv) * 1_000;
    const limit = (this.plan.queue(offer.queue)?.ringTimeout ?? 0) * 1_000;
    const key = ringKey(offer);
    this.world.store.ring(offer);
    if (chance < habits.noAnswer || takes > limit) this.after(key, limit, () => this.declined(offer, 'no-answer'));
    else if (chance < habits.noAnswer + habits.reject) this.after(key, takes, () => this.declined(offer, 'rejected'));
    else this.after(key, takes, then);
  }

  private nextArrival(index: number): void {
    const arrival = this.day.arrivals[index];
    if (!arrival) return;
    this.world.agenda.put('arrival', arrival.at, () => {
      this.nextArrival(index + 1);
      this.arrive(index, arrival);
    });
  }

  private arrive(index: number, arrival: Arrival): void {
    const queue = arrival.queue ?? this.plan.flow(arrival.flow ?? '')?.queue ?? '';
    const visit = newVisit(index, queue, arrival.at);
    const rest = { ticketId: '', moves: 0, rung: 0, talkLeft: arrival.talk, answeredAt: 0, missed: 0 };
    this.enter({ index, arrival, visit, ...rest, tried: new Set() }, queue, arrival.flow);
  }

  /** A person comes to a queue, new or sent there by a number. */
  private enter(person: Person, queue: string, flow: string | undefined): void {
    const entry = this.entry(person, queue, 0);
    for (const { queue: from, to } of entry.passed) this.passedBy(person, from, to);
    const kind = entry.to?.kind;
    if (entry.to?.kind === 'number') return this.dial(person, entry.queue, entry.to.number);
    if (kind === 'message' || kind === 'closed') return this.passedBy(person, entry.queue, kind);
    this.stand(person, entry.queue, flow);
    if (kind === 'callback') this.callbacks.ask(person);
  }

  private entry(person: Person, queue: string, waited: number): Entry {
    const { world, plan } = this;

    return entryOf(person, queue, plan, { now: world.now, waited, facts: (id) => world.estimates.facts(id) });
  }

  private stand(person: Person, queue: string, flow: string | undefined): void {
    const { arrival } = person;
    const { store } = this.world;
    const route = flow === undefined ? undefined : this.plan.flow(flow);
    const ticketId = `${person.index}.${person.moves}`;
    const isIn = store.enqueue({
      ...{ id: ticketId, queue, customer: arrival.customer },
      class: arrival.class ?? route?.class ?? 'normal',
      priority: arrival.priority ?? route?.priority ?? 0,
      skills: [...(route?.skills ?? []), ...arrival.skills],
      medium: arrival.medium ?? route?.medium ?? 'video',
      designated: arrival.designated ?? route?.designated ?? '',
    });
    if (!isIn) return this.passedBy(person, queue, 'full');
    person.ticketId = ticketId;
    this.people.set(ticketId, person);
    this.beginVisit(person, queue);
    this.beginPatience(person, arrival.at);
  }

  private beginVisit(person: Person, queue: string): void {
    const { store, estimates, now } = this.world;
    const ticket = store.floor.tickets.get(person.ticketId);
    person.visit = newVisit(person.index, queue, person.arrival.at);
    person.tried = new Set();
    if (ticket) {
      const { estimate, forecast } = estimates.of(ticket);
      person.visit.told = { at: now, range: estimate };
      this.world.firstTold.set(ticket.id, forecast);
    }
    this.visits.push(person.visit);
  }

  private beginPatience(person: Person, since: number): void {
    const { ticketId, arrival } = person;
    if (arrival.patience === Infinity) return;
    const left = Math.max(0, since + arrival.patience - this.world.now);
    this.after(`patience:${ticketId}`, left, () => this.hangUp(person));
  }

  /** He puts the receiver down: his place is kept for the grace period, in case he calls again. He does not. */
  private hangUp(person: Person): void {
    this.close(person, 'abandoned');
    this.people.delete(person.ticketId);
    this.world.store.drop(person.ticketId);
  }

  private close({ visit }: Pick<Person, 'visit'>, outcome: Outcome, to?: string): void {
    Object.assign(visit, { outcome, endedAt: this.world.now, ...(to === undefined ? {} : { to }) });
  }

  /** A queue that a call came to and never stood in. */
  private passedBy({ index, arrival }: Person, queue: string, to: string): void {
    const visit = newVisit(index, queue, arrival.at);
    this.visits.push({ ...visit, outcome: 'overflowed', endedAt: this.world.now, entered: false, to });
  }

  private dial(person: Person, from: string, number: string): void {
    this.passedBy(person, from, 'number');
    this.goToNumber(person, number);
  }

  private goToNumber(person: Person, number: string): void {
    const flow = this.plan.flowOf(number);
    const queue = flow === undefined ? undefined : this.plan.flow(flow)?.queue;
    // Others answer there, who are not of this plan.
    if (queue === undefined) return;
    this.enter(person, queue, flow);
  }

  private offered(offer: LiveOffer): void {
    const person = this.people.get(offer.ticketId);
    this.clock.day(offer.seatId).offers++;
    if (!person) return;
    // Who is rung for at once had not to wait, whatever he would have been told.
    if (person.visit.told?.at === this.world.now) delete person.visit.told;
    if (this.world.store.ticket(offer.ticketId)?.callback) this.callbacks.offered(person, offer);
    else this.ring(person, offer, () => this.answered(person, offer));
  }

  private withdrawn(offer: LiveOffer): void {
    this.world.agenda.cancel(ringKey(offer));
    const person = this.people.get(offer.ticketId);
    if (person?.trying?.offerId === offer.offerId) this.callbacks.lost(person);
  }

  /** The longest wait of the queue is over. */
  private tooLong(ticketId: string): void {
    const person = this.people.get(ticketId);
    if (!person || person.visit.outcome !== 'waiting') return;
    this.world.agenda.cancel(`patience:${ticketId}`);
    this.people.delete(ticketId);
    this.close(person, 'overflowed', 'max-wait');
  }

  /** An alarm has taken the seat: the person waits again, and his patience begins anew. */
  private talkBroken(ticketId: string): void {
    const person = this.people.get(ticketId);
    if (!person) return;
    const { world } = this;
    this.preempted++;
    world.agenda.cancel(`talk:${ticketId}`);
    person.talkLeft -= world.now - person.answeredAt;
    const { seat, ...visit } = person.visit;
    if (seat !== undefined) this.clock.day(seat).calls--;
    Object.assign(person.visit, { ...visit, outcome: 'waiting', endedAt: 0 });
    this.beginPatience(person, world.now);
  }

  /** A rule of the queue sends somebody elsewhere who waits; `waited` in seconds. */
  sendOn(person: Person, to: OverflowRule['to'], waited: number): void {
    if (!mayMove(person)) return;
    const entry =
      to.kind === 'queue' ? this.entry(person, to.queue, waited) : { queue: person.visit.queue, passed: [], to };
    // Who waits where somebody may still come is not sent where nobody will.
    if (entry.to?.kind === 'closed') return;
    const stays = entry.to === undefined || entry.to.kind === 'callback';
    if (stays && entry.queue !== person.visit.queue && !this.transferred(person, entry)) return;
    if (entry.to?.kind === 'callback') this.callbacks.ask(person);
    else if (entry.to) this.leaveFor(person, entry.to);
  }

  private transferred(person: Person, { queue, passed }: Entry): boolean {
    if (!this.world.store.transfer(person.ticketId, queue)) return false;
    this.close(person, 'overflowed', passed[0]?.queue ?? queue);
    for (const one of passed) this.passedBy(person, one.queue, one.to);
    this.beginVisit(person, queue);

    return true;
  }

  private leaveFor(person: Person, to: NonNullable<Entry['to']>): void {
    const { ticketId } = person;
    this.world.agenda.cancel(`patience:${ticketId}`);
    this.close(person, 'overflowed', to.kind);
    this.people.delete(ticketId);
    this.world.store.leave(ticketId, 'overflowed');
    if (to.kind === 'number') this.goToNumber(person, to.number);
  }
}

function newVisit(call: number, queue: string, since: number): Visit {
  return { call, queue, since, outcome: 'waiting', endedAt: since, entered: true };
}

function ringKey({ offerId }: LiveOffer): string {
  return `ring:${offerId}`;
}
