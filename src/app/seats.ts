import type { Acd } from '../acd/acd';
import { systemClock } from '../lib/clock';
import type { Contact } from '../sip/dialer';
import type { Edge } from '../sip/edge';
import { Bindings } from '../sip/registrar/bindings';
import { SeatProbe } from '../sip/seat-probe';
import { reportTo, type Base } from './base';
import type { SitePlans } from './plans';
import type { State } from './state';

/** Keeps seats of the queue and registered phones together: a seat works as long as a phone of it is there. */
export class SeatWatch {
  readonly bindings: Bindings;
  private readonly probe: SeatProbe;

  constructor(
    private readonly base: Base,
    private readonly plans: SitePlans,
    { store, keys }: State,
    private readonly acd: Acd,
    edge: Edge,
  ) {
    const { log, closer } = base;
    this.bindings = new Bindings({ redis: store.redis, keys, clock: systemClock, log });
    closer.add('registrar', () => this.bindings.close());
    this.bindings.on('registered', (user) => {
      if (!this.isSeat(user)) return;
      this.probe.registered(user);
      this.up(user);
    });
    this.bindings.on('unregistered', (user) => {
      this.probe.unregistered(user);
      if (this.isSeat(user)) this.down(user);
    });
    this.probe = new SeatProbe({
      edge,
      lookup: (user) => this.bindings.lookup(user),
      onSilent: (seat) => this.down(seat),
      onBack: (seat) => this.up(seat),
      clock: systemClock,
      log,
    });
    closer.add('probe of seats', () => this.probe.close());
  }

  /** Begins to let registrations end, and to ask seats whether they are there. */
  start(): void {
    this.bindings.start();
    this.probe.start();
  }

  /** Every seat whose phone is registered works, in the queues that the dialplan in force gives it; no other seat does. */
  async assert(): Promise<void> {
    // Looked at before the registrations: a seat that comes meanwhile is not taken out again.
    const { seats } = await this.acd.snapshot();
    const works = (user: string): boolean => this.isSeat(user) && !this.probe.isSilent(user);
    const registered = new Set((await this.bindings.users()).filter(works));
    const strays = seats.filter(({ seatId, state }) => state !== 'offline' && !registered.has(seatId));
    await Promise.all([
      ...[...registered].map((seat) => this.acd.seatUp(seat)),
      ...strays.map(({ seatId }) => this.acd.seatDown(seatId)),
    ]);
  }

  /** Where a user can be rung. */
  async contacts(user: string): Promise<Contact[]> {
    const bindings = await this.bindings.lookup(user);

    return bindings.map((binding) => ({
      uri: binding.contact,
      source: binding.route,
      forget: () => void this.bindings.forget(binding).catch(this.report('a dead contact could not be forgotten')),
    }));
  }

  private isSeat(user: string): boolean {
    return this.plans.plan.seats.has(user);
  }

  private up(seat: string): void {
    this.acd.seatUp(seat).catch(this.report('a seat could not be made available'));
  }

  private down(seat: string): void {
    this.acd.seatDown(seat).catch(this.report('a seat could not be taken out'));
  }

  private report(what: string): (error: unknown) => void {
    return reportTo(this.base.log, what);
  }
}
