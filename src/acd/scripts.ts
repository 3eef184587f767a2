import { defineScript } from '../store/scripts';
import { seatArrows, ticketArrows } from './states';

const tables = { TICKET: ticketArrows, SEAT: seatArrows };
const base = ['root', 'now', 'node'] as const;

/** Every change of state of the ACD, one script each; what they do is told at the head of each file. */
export const scripts = {
  enqueueTicket: defineScript({
    file: 'acd/lua/enqueueTicket.lua',
    keys: ['ticket', 'queue', 'line'],
    args: [
      ...base,
      'ticketId',
      'queueId',
      'callId',
      'terminal',
      'resumeKey',
      'priority',
      'skills',
      'since',
      'grace',
      'maxWait',
      'maxWaiting',
    ],
    tables,
  }),
  offerTicket: defineScript({
    file: 'acd/lua/offerTicket.lua',
    keys: ['ticket', 'seat'],
    args: [...base, 'offerId', 'token', 'expiresAt', 'missDelay', 'wrapUp'],
    tables,
  }),
  acceptOffer: defineScript({
    file: 'acd/lua/acceptOffer.lua',
    keys: ['ticket', 'seat'],
    args: [...base, 'offerId', 'token'],
    tables,
  }),
  declineOffer: defineScript({
    file: 'acd/lua/declineOffer.lua',
    keys: ['ticket'],
    args: [...base, 'offerId', 'token', 'cause', 'delay'],
    tables,
  }),
  dropTicket: defineScript({ file: 'acd/lua/dropTicket.lua', keys: ['ticket'], args: base, tables }),
  resumeTicket: defineScript({
    file: 'acd/lua/resumeTicket.lua',
    keys: ['resumes'],
    args: [...base, 'terminal', 'resumeKey', 'callId'],
    tables,
  }),
  reclaimTicket: defineScript({
    file: 'acd/lua/reclaimTicket.lua',
    keys: ['ticket'],
    args: [...base, 'callId'],
    tables,
  }),
  holdTicket: defineScript({ file: 'acd/lua/holdTicket.lua', keys: ['ticket'], args: base, tables }),
  unholdTicket: defineScript({ file: 'acd/lua/unholdTicket.lua', keys: ['ticket'], args: base, tables }),
  leaveTicket: defineScript({
    file: 'acd/lua/leaveTicket.lua',
    keys: ['ticket'],
    args: [...base, 'how', 'handlingGuess'],
    tables,
  }),
  completeTicket: defineScript({
    file: 'acd/lua/completeTicket.lua',
    keys: ['ticket'],
    args: [...base, 'handlingGuess'],
    tables,
  }),
  restoreTalk: defineScript({
    file: 'acd/lua/restoreTalk.lua',
    keys: ['ticket', 'seat'],
    args: [...base, 'seatId', 'offerId', 'token', 'answeredAt', 'wrapUp'],
    tables,
  }),
  seatUp: defineScript({
    file: 'acd/lua/seatUp.lua',
    keys: ['seat'],
    args: [...base, 'seatId', 'queues', 'skills'],
    tables,
  }),
  seatDown: defineScript({ file: 'acd/lua/seatDown.lua', keys: ['seat'], args: base, tables }),
  pauseSeat: defineScript({ file: 'acd/lua/pauseSeat.lua', keys: ['seat'], args: [...base, 'seatId'], tables }),
  unpauseSeat: defineScript({ file: 'acd/lua/unpauseSeat.lua', keys: ['seat'], args: [...base, 'seatId'], tables }),
  sweepDue: defineScript({ file: 'acd/lua/sweepDue.lua', keys: ['due'], args: [...base, 'limit'], tables }),
  releaseNode: defineScript({
    file: 'acd/lua/releaseNode.lua',
    keys: ['nodes', 'nodeTickets', 'orphans'],
    args: [...base, 'dead', 'limit', 'handlingGuess'],
    tables,
  }),
  adoptTickets: defineScript({
    file: 'acd/lua/adoptTickets.lua',
    keys: ['nodes', 'source'],
    args: [...base, 'dead', 'limit'],
    tables,
  }),
  renewNode: defineScript({
    file: 'acd/lua/renewNode.lua',
    keys: ['nodes'],
    args: ['node', 'expiresAt', 'begin'],
  }),
  readMatches: defineScript({
    file: 'acd/lua/readMatches.lua',
    keys: ['queues'],
    args: ['root', 'names', 'page'],
  }),
  readBoard: defineScript({ file: 'acd/lua/readBoard.lua', keys: ['line', 'staff', 'queue'], args: [] }),
  readStats: defineScript({ file: 'acd/lua/readStats.lua', keys: ['queue', 'line', 'staff', 'idle'], args: [] }),
};
