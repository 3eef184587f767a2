import type { TypedEmitter } from '../lib/emitter';
import type { Effect } from './effect';
import type { Registry } from './registry';
import type { AcdEvents, Offer } from './types';

/** What is done for the tickets of this node when a script, here or on another node, has changed something of them. */
export class Effects {
  constructor(
    private readonly registry: Registry,
    private readonly events: Pick<TypedEmitter<AcdEvents>, 'emit'>,
    /** A ticket that is to be called back is one of this node now. */
    private readonly adopted: (ticketId: string) => void,
  ) {}

  take(effect: Effect): void {
    switch (effect.t) {
      case 'offer':
        return this.onOffer(effect.offer);
      case 'withdrawn':
        if (this.registry.withdrawn(effect.offer)) this.events.emit('withdrawn', effect.offer, effect.cause);
        return;
      case 'ended':
        this.registry.remove(effect.id);
        this.events.emit('ended', effect.id, effect.how);
        return;
      case 'replaced':
        if (this.registry.get(effect.id)?.callId === effect.call) this.registry.remove(effect.id);
        this.events.emit('replaced', effect.id, effect.call);
        return;
      case 'preempted':
        return this.onPreempted(effect.id, effect.seat);
      case 'callback':
        return this.onCallback(effect.id);
      case 'adopted':
        return this.adopted(effect.id);
    }
  }

  private onOffer(offer: Offer): void {
    if (!this.registry.offered(offer)) return;
    this.events.emit('offer', offer);
  }

  private onPreempted(ticketId: string, seatId: string): void {
    const mine = this.registry.get(ticketId);
    if (mine) Object.assign(mine, { state: 'waiting', offers: new Map() });
    this.events.emit('preempted', ticketId, seatId);
  }

  private onCallback(ticketId: string): void {
    const mine = this.registry.get(ticketId);
    if (!mine) return;
    mine.callback = true;
    if (mine.state !== 'offered') mine.state = 'waiting';
    this.events.emit('callback', ticketId);
  }
}
