import { StateMachine, type StateTable } from '../lib/state-table';

/**
 * The life of a call. docs/lifecycle.md draws it with the same arrows.
 *
 * arriving  the INVITE is here, nothing was answered yet
 * menu      pages are shown or said
 * queued    a ticket waits for a seat
 * offered   at least one seat rings for it
 * joining   a seat has answered; the two are being joined
 * talking   terminal and seat are joined
 * ended     over; only the record is left
 */
export type CallState = 'arriving' | 'menu' | 'queued' | 'offered' | 'joining' | 'talking' | 'ended';
export type CallInput =
  | 'open-menu'
  | 'enqueue'
  | 'offer'
  // The last seat that rang, or the one that has answered, is lost.
  | 'offer-lost'
  // The one that has answered is lost, others ring.
  | 'ring-on'
  | 'seat-answered'
  | 'joined'
  | 'preempted'
  | 'end';

export const callTable: StateTable<CallState, CallInput> = {
  arriving: { 'open-menu': 'menu', enqueue: 'queued', end: 'ended' },
  menu: { 'open-menu': 'menu', enqueue: 'queued', end: 'ended' },
  queued: { 'open-menu': 'menu', enqueue: 'queued', offer: 'offered', end: 'ended' },
  offered: {
    'open-menu': 'menu',
    offer: 'offered',
    'offer-lost': 'queued',
    'seat-answered': 'joining',
    end: 'ended',
  },
  joining: { 'offer-lost': 'queued', 'ring-on': 'offered', joined: 'talking', end: 'ended' },
  talking: { preempted: 'queued', end: 'ended' },
  ended: {},
};

export type CallMachine = StateMachine<CallState, CallInput>;

export function callMachine(state: CallState = 'arriving'): CallMachine {
  return new StateMachine('call', callTable, state);
}
