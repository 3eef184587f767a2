import type { Day, SimulatedPlan } from './model';
import type { Person } from './person';
import { exponential, randomOf } from './random';
import type { LiveOffer } from './ticket-book';
import type { World } from './world';

/** What is left of a lease when whoever is called has to have answered, in ms. */
const LEASE_LEFT = 4_500;

/** What calling back needs of those around it. */
export interface CallbackContext {
  readonly plan: SimulatedPlan;
  readonly day: Day;
  readonly world: World;
  after(key: string, ms: number, event: () => void): void;
  /** Rings a seat; `then` comes when its agent takes the call. */
  ring(person: Person, offer: LiveOffer, then: () => void): void;
  answered(person: Person, offer: LiveOffer): void;
  giveUp(person: Person): void;
}

/** Calls people back in their turn, with one seat at a time: others that are promised meanwhile are held. */
export class CallbackDesk {
  constructor(private readonly context: CallbackContext) {}

  /** A rule sends the person here. Where the queue calls nobody back he waits on. */
  ask(person: Person): void {
    const { plan, world } = this.context;
    if (!plan.queue(person.visit.queue)?.callback || person.ticketId === '') return;
    world.agenda.cancel(`patience:${person.ticketId}`);
    world.store.askCallback(person.ticketId);
  }

  offered(person: Person, offer: LiveOffer): void {
    if (person.trying) return;
    person.trying = offer;
    // Not in the midst of the change that brought the offer, or lost the one before.
    this.context.after(callKey(offer), 0, () => this.begin(person, offer));
  }

  private begin(person: Person, offer: LiveOffer): void {
    const order = this.context.plan.queue(offer.queue)?.callback?.order ?? 'agent-first';
    if (order === 'agent-first') {
      this.context.ring(person, offer, () => this.call(person, offer, () => this.context.answered(person, offer)));
    } else {
      this.call(person, offer, () => this.context.ring(person, offer, () => this.context.answered(person, offer)));
    }
  }

  /** The seat that was held for the person is gone; another one may be held still. */
  lost(person: Person): void {
    const { world } = this.context;
    const { trying } = person;
    delete person.trying;
    if (trying) world.agenda.cancel(callKey(trying));
    const next = world.store.ticket(person.ticketId)?.offers.find(({ offerId }) => offerId !== trying?.offerId);
    if (next) this.offered(person, next);
  }

  private call(person: Person, offer: LiveOffer, then: () => void): void {
    const { day, plan } = this.context;
    const config = plan.queue(offer.queue);
    const random = randomOf(day.seed, 'callback', person.index, person.missed);
    const isReached = random() < day.callback.reached;
    const takes = exponential(random, day.callback.answer) * 1_000;
    const lease = (config?.ringTimeout ?? 0) * 1_000 + LEASE_LEFT - (this.context.world.now - offer.at);
    const limit = Math.max(0, Math.min((config?.callback?.ringTimeout ?? 30) * 1_000, lease));
    if (isReached && takes <= limit) this.context.after(callKey(offer), takes, then);
    else this.context.after(callKey(offer), limit, () => this.missed(person));
  }

  /** He has not taken the call: another one after a while, or he is given up. */
  private missed(person: Person): void {
    const { attempts = 1, retryDelay = 0 } = this.context.plan.queue(person.visit.queue)?.callback ?? {};
    delete person.trying;
    if (++person.missed >= attempts) this.context.giveUp(person);
    else this.context.world.store.postpone(person.ticketId, retryDelay * 1_000);
  }
}

function callKey({ offerId }: LiveOffer): string {
  return `call:${offerId}`;
}
