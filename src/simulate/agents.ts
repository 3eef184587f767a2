import type { Day, SimulatedPlan } from './model';
import { lognormal, randomOf } from './random';
import type { LiveOffer } from './ticket-book';
import type { World } from './world';

/** Brings agents to work and home, by the shifts of the day. */
export class Agents {
  constructor(
    private readonly world: World,
    private readonly day: Day,
    private readonly plan: SimulatedPlan,
  ) {}

  planShifts(): void {
    const { agenda, store } = this.world;
    for (const [index, { seat, from, to, breaks }] of this.day.shifts.entries()) {
      const put = (what: string, at: number, event: () => void): void => {
        if (at < Infinity) agenda.put(`shift:${index}:${what}`, at, event);
      };
      put('up', from, () => {
        store.unpause(seat);
        store.seatUp(seat);
      });
      put('down', to, () => store.seatDown(seat));
      for (const one of breaks) {
        put(`pause${one.from}`, one.from, () => store.pause(seat, 'break'));
        put(`unpause${one.to}`, one.to, () => store.unpause(seat));
      }
    }
  }

  /** Where a wrap-up lasts until the agent is done, he is done some time. */
  wrapUp({ seatId, queue, offerId }: LiveOffer, call: number): void {
    const { agenda, store, now } = this.world;
    const { habits, seed } = this.day;
    if (!this.plan.queue(queue)?.wrapUpUntilDone) return;
    const takes = lognormal(randomOf(seed, 'done', call), habits.done.mean, habits.done.cv);
    const { since } = store.floor.seats.get(seatId) ?? {};
    agenda.put(`done:${offerId}`, now + Math.round(takes * 1_000), () => {
      if (store.floor.seats.get(seatId)?.since === since) store.endWrapUp(seatId);
    });
  }

  /** An agent whom too many misses sent on a break comes back after a while. */
  bringBack(seat: string): void {
    const { agenda, store, now } = this.world;
    const { backAfter } = this.day.habits;
    const isSent = (): boolean => {
      const row = store.floor.seats.get(seat);

      return row?.state === 'break' && row.reason !== 'break';
    };
    if (backAfter <= 0 || !isSent()) return;
    agenda.put(`back:${seat}`, now + backAfter * 1_000, () => isSent() && store.unpause(seat));
  }
}
