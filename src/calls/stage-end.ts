import { endMessage } from '../ivr/views';
import { pause } from '../lib/clock';
import type { Call } from './call';
import { dropEndpoint, dropEndpoints } from './endpoints';
import { errorOf, isCutOff } from './end-cause';
import { reasonCallerLeft, reasonNormal, type Leg } from './leg';
import { isBeingTold } from './notice';
import type { CallEnd } from './record';
import { isMediaFace } from './stage-face';
import type { CallState } from './state';

/** How long the terminal gets to take the last message before its leg is ended, in ms. */
const farewellMs = 1000;
/** How long what is left of a talk stays while its seat is given to the next, in ms. */
const seatFirstMs = 5;

/** The caller hung up, gave up or is gone. Whoever rings for it stops at once; its place in a queue is kept for a while. */
export function callerLeft(call: Call, cause: string, reason?: string): void {
  call.home.stages.end(call, { by: 'caller', cause }, reason);
}

/**
 * Last stage: ends what the call still has, each part once. docs/closing.md tells who closes whom.
 * `reason` is the value of the Reason header that the other side gets.
 */
export function endCall(call: Call, end: CallEnd, reason?: string): void {
  if (call.ended) return;
  const from = call.state;
  const { home, record } = call;
  record.end = end;
  record.endedAt = home.clock.now();
  call.apply('end', `${end.by}: ${end.cause}`);
  home.recorder?.ended(call);
  call.calling?.cancel(reason ?? reasonNormal);
  call.rings.stopAll(reason ?? (end.by === 'caller' ? reasonCallerLeft : reasonNormal));
  const settled = settleTicket(call, from, end);
  // The seat's phone knows that this call is over before it is rung by the next.
  const over: (Promise<unknown> | undefined)[] = [settled, call.seat?.bye(reason ?? reasonNormal)];
  const part = (): Promise<unknown> => Promise.allSettled([farewell(call, end, reason), leaveEngine(call)]);
  over.push(from === 'talking' ? seatFirst(call, settled).then(part) : part());
  home.ended(call, from, Promise.allSettled(over));
}

/** Whoever waits for the seat is rung before the rest of this call is cleared away, unless the store is slow. */
async function seatFirst(call: Call, settled: Promise<void>): Promise<void> {
  await Promise.race([settled, pause(call.home.clock, seatFirstMs)]);
}

/** The screen says why it is over before the leg goes; one whose leg has gone is only closed. */
async function farewell(call: Call, end: CallEnd, reason: string | undefined): Promise<void> {
  const { face, terminal } = call;
  if (!terminal) return call.incoming?.reject(errorOf(end.cause, end.detail));
  // Who was told by media why the call ends is not told something else in its last second.
  if (face && terminal.alive && !(isBeingTold(call) && isMediaFace(call.record.face))) {
    face.show(endMessage(end.cause));
    await Promise.race([face.idle(), pause(call.home.clock, farewellMs), hungUp(terminal)]);
  }
  face?.close();
  const told = terminal.bye(reason ?? reasonNormal);
  // A phone that is gone does not answer its BYE for half a minute; what the engine holds for it is not kept that long.
  await dropEndpoints(call);
  await told;
}

/** Nobody is left to hear the last message. */
function hungUp(terminal: Leg): Promise<unknown> {
  return new Promise((resolve) => terminal.events.once('ended', resolve));
}

/** The talk is over for the engine at once. A face that says goodbye has its endpoint until then. */
async function leaveEngine(call: Call): Promise<void> {
  await (call.face && call.terminal?.alive ? dropEndpoint(call, 'seat') : dropEndpoints(call));
}

/** The person has given up, or ended the call by an item of the menu: no place is kept for a redial. */
function isMeant(call: Call, end: CallEnd): boolean {
  return end.cause === 'left' || call.record.menu?.pending?.type === 'end';
}

/** Causes of an end that follows that of the ticket. */
const endedByQueue: ReadonlySet<string> = new Set(['overflowed', 'removed']);

/** What becomes of the ticket: kept for a redial, given up, or served. */
async function settleTicket(call: Call, from: CallState, end: CallEnd): Promise<void> {
  const { ticketId, callback, answeredAt } = call.record;
  if (!ticketId) return;
  const { acd, log, callbacks } = call.home;
  // A person who is not on the line yet is called again: src/calls/callback.ts knows what is to become of his ticket.
  if (callback && answeredAt === undefined) return;
  if (end.cause === 'callback' || callbacks?.isAsking(ticketId)) return;
  try {
    if (from === 'talking' && isCutOff(end.cause)) await acd.breakOff(ticketId);
    else if (from === 'joining' || from === 'talking') await acd.complete(ticketId);
    else if (from === 'queued' || from === 'offered') {
      if (end.by === 'server' && endedByQueue.has(end.cause)) return;
      if (isMeant(call, end)) await acd.leave(ticketId, 'abandoned');
      else if (callback && (await callbacks?.lost(call))) return;
      else await acd.drop(ticketId);
    }
  } catch (error) {
    log.warn({ err: error, call: call.id, ticket: ticketId }, 'the ticket could not be settled; the sweep will');
  }
}
