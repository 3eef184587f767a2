import { defineProgram } from '../store/program';
import { kept } from './kept';
import { recordFields } from './rows';
import { arrowText, seatArrows, ticketArrows } from './states';

/** Every change of state of the ACD, one verb each; what they do is told at the head of each file. */
export const verbs = {
  enqueueTicket: [
    ...(['ticketId', 'queueId', 'callId', 'terminal', 'resumeKey', 'customer', 'class', 'priority'] as const),
    ...(['skills', 'medium', 'designated', 'since', 'grace', 'maxWait', 'maxWaiting'] as const),
    ...(['regular', 'returnWithin', 'foreseen'] as const),
  ],
  offerTicket: [
    ...(['ticketId', 'seatId', 'offerId', 'token', 'expiresAt', 'missDelay', 'missBreak'] as const),
    ...(['more', 'seen', 'why', 'takes'] as const),
  ],
  ringSeat: ['ticketId', 'seatId', 'offerId'],
  acceptOffer: ['ticketId', 'seatId', 'offerId', 'token', 'wrapUp'],
  declineOffer: ['ticketId', 'offerId', 'token', 'cause', 'delay', 'missBreak'],
  dropTicket: ['ticketId'],
  resumeTicket: ['terminal', 'resumeKey', 'callId'],
  reclaimTicket: ['ticketId', 'callId'],
  holdTicket: ['ticketId'],
  unholdTicket: ['ticketId'],
  postponeTicket: ['ticketId', 'ms'],
  callbackTicket: ['ticketId'],
  transferTicket: ['ticketId', 'queueId', 'grace', 'maxWait', 'maxWaiting', 'regular'],
  rankTicket: ['ticketId', 'class', 'priority'],
  leaveTicket: ['ticketId', 'how', 'ifWaits'],
  completeTicket: ['ticketId', 'broke', 'keptFor'],
  restoreTalk: ['ticketId', 'seatId', 'offerId', 'token', 'answeredAt', 'wrapUp'],
  seatUp: ['seatId', 'login'],
  seatDown: ['seatId'],
  loginSeat: ['seatId', 'on'],
  pauseSeat: ['seatId', 'reason'],
  unpauseSeat: ['seatId'],
  engageSeat: ['seatId', 'callId', 'on'],
  wrapUpSeat: ['seatId', 'more'],
  sweepDue: ['limit'],
  releaseNode: ['dead', 'name', 'limit'],
  adoptTickets: ['dead', 'kind', 'limit'],
  renewNode: ['expiresAt', 'begin'],
  readRows: ['kind', 'ids'],
  readRecord: ['kind', 'id'],
  readStats: ['queueId'],
} as const;

export type Verb = keyof typeof verbs;
export type VerbArgs<V extends Verb> = Record<(typeof verbs)[V][number], string | number>;

function placesOf(names: readonly string[]): Record<string, number> {
  return Object.fromEntries(names.map((name, index) => [name, index + 1]));
}

/** For each verb which of its arguments has this name, from 1. */
function placeIn(argument: string): Record<string, number> {
  return Object.fromEntries(
    Object.entries<readonly string[]>(verbs)
      .map(([verb, names]): [string, number] => [verb, names.indexOf(argument) + 1])
      .filter(([, place]) => place > 0),
  );
}

export const program = defineProgram({
  folder: 'acd/lua',
  verbs,
  main: 'main',
  constants: {
    TICKET: arrowText(ticketArrows),
    SEAT: arrowText(seatArrows),
    RECORD: { ticket: placesOf(recordFields.ticket), seat: placesOf(recordFields.seat) },
    LENGTH: { ticket: recordFields.ticket.length, seat: recordFields.seat.length },
    ENDED_KEPT: kept.ended,
    HISTORY_KEPT: kept.history,
    REGULARS_KEPT: kept.regulars,
    TICKET_AT: placeIn('ticketId'),
    SEAT_AT: placeIn('seatId'),
  },
});
