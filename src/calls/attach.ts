import { Screen, type ScreenFailure } from '../ivr/screen';
import { resumedSeq } from '../ivr/state';
import { asSightlineError } from '../lib/errors';
import type { Call } from './call';
import type { Leg } from './leg';
import { onOffer } from './renegotiate';
import { faceFailed } from './stage-face';
import { onSeatRequest } from './seat-requests';
import { callerLeft } from './stage-end';
import { onTerminalRequest } from './terminal-requests';

/** Listens to the terminal's leg for the rest of the call; also used when a call is adopted. `isNew`: this process has dialled it. */
export function attachTerminal(call: Call, leg: Leg, isNew = false): void {
  call.terminal = leg;
  call.record.terminal.leg = leg.record;
  leg.events.on('ended', (end) => {
    if (end.by !== 'us') callerLeft(call, end.cause, end.reason);
  });
  leg.events.on('request', (request) => onTerminalRequest(call, request));
  leg.events.on('offer', (offer) => onOffer(call, 'terminal', offer));
  if (call.record.face === 'screen') attachScreen(call, leg, isNew);
  leg.start();
}

function attachScreen(call: Call, leg: Leg, isNew: boolean): void {
  const screen = new Screen({
    clock: call.home.clock,
    sender: { send: (contentType, headers, body) => sendInfo(leg, { contentType, headers, body }) },
    // A call without its INVITE was taken over: its terminal has seen numbers that may not have been written down.
    ...(call.incoming || isNew ? {} : { lastSeq: resumedSeq(call.record.menu ?? { seqOut: 0 }) }),
  });
  call.face = screen;
  screen.on('taken', (_message, seq) => {
    if (call.record.menu) call.record.menu = { ...call.record.menu, seqOut: seq };
  });
  screen.on('failed', (failure) => faceFailed(call, describe(failure)));
  // The leg may be there all the same: a 408 says only that this INFO came to nothing.
  screen.on('gone', (status) => faceFailed(call, `answered ${status}`));
  screen.on('dropped', (message) => call.note('not-shown', message.type));
  screen.on('receipt', ({ ref, shown, reason }) =>
    call.note(shown ? 'shown' : 'push-failed', reason ? `${ref}: ${reason}` : ref),
  );
}

/** When the edge is lost on the way the INFO is sent again: a terminal that has had it knows that by its seq. */
async function sendInfo(leg: Leg, info: Parameters<Leg['request']>[1]): Promise<{ status: number }> {
  try {
    return await leg.request('INFO', info);
  } catch (error) {
    if (!leg.alive || asSightlineError(error).code !== 'EDGE_UNAVAILABLE') throw error;

    return leg.request('INFO', info);
  }
}

function describe(failure: ScreenFailure): string {
  return failure.cause === 'refused' ? `refused with ${failure.status}` : failure.cause;
}

/** Listens to the seat's leg for the rest of the call; also used when a call is adopted. */
export function attachSeat(call: Call, leg: Leg): void {
  call.seat = leg;
  if (call.record.seat) call.record.seat.leg = leg.record;
  leg.events.on('ended', (end) => {
    if (end.by !== 'us' && call.seat === leg) {
      call.home.stages.end(call, { by: 'seat', cause: end.cause }, end.reason);
    }
  });
  leg.events.on('request', (request) => onSeatRequest(call, request));
  leg.events.on('offer', (offer) => onOffer(call, 'seat', offer));
  leg.start();
}
