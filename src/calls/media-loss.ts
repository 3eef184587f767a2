import { asSightlineError } from '../lib/errors';
import { anchor, connectAnchored, connectDirect, isPlain, talkLost } from './anchor';
import type { Call } from './call';
import { anchorReasons } from './anchor-reasons';
import { engineBack } from './engine-back';
import { dropEndpoints, hasEngine } from './endpoints';
import type { Side } from './sides';
import { isMediaFace, recoverFace } from './stage-face';

/**
 * The engine that an endpoint of this call lived on is lost. Who reads or waits gets another endpoint, with the same page; two who talk
 * go on end to end where their phones understand each other.
 */
export function mediaLost(call: Call, side: Side, reason: string): void {
  if (call.ended) return;
  call.note('media-lost', `${side}: ${reason}`);
  if (call.state === 'joining') return void lostWhileJoining(call, side, reason);
  if (call.state === 'talking') return call.run(talkOn(call));
  // A seat that rings stays with its lost endpoint: by that the join knows what the seat has answered.
  if (side === 'seat') return;
  if (isMediaFace(call.record.face)) call.run(recoverFace(call));
}

/** The join finds out by itself; what it has finished before is looked after then. */
async function lostWhileJoining(call: Call, side: Side, reason: string): Promise<void> {
  const lost = call.endpoints[side];
  await call.joinOver();
  if (lost && call.endpoints[side] === lost) mediaLost(call, side, reason);
}

/** Two who talk through an engine that is gone. */
async function talkOn(call: Call): Promise<void> {
  await dropEndpoints(call);
  await call.turns.run(async () => {
    if (call.state !== 'talking') return;
    try {
      if (isPlain(call)) await connectDirect(call);
      else await connectAgain(call);
    } catch (error) {
      talkLost(call, error);
    }
  });
  if (call.state === 'talking' && call.record.media?.mode === 'direct') anchorWhenUp(call);
}

/** A talk that has lost so many engines is better off without one; it may be what they fail of. */
const lossLimit = 3;

/** A talk that goes through the server by its nature, and came along without it, goes there again when there is an engine. */
function anchorWhenUp(call: Call): void {
  const { media } = call.home;
  const why = anchorReasons(call);
  const losses = call.record.history.filter(({ event }) => event === 'media-lost').length;
  if (!media || why.length === 0 || losses > lossLimit) return;
  const again = async (): Promise<void> => {
    for (const reason of why) if (call.state === 'talking') await anchor(call, reason);
  };
  const begin = (): void => {
    again().catch((error: unknown) => {
      if (!call.ended) call.note('not-anchored', asSightlineError(error).code);
    });
  };
  if (media.available) return begin();
  const off = media.events.on('up', () => {
    off();
    begin();
  });
}

async function connectAgain(call: Call): Promise<void> {
  const why = call.record.media?.why ?? [];
  await engineBack(call);
  await connectAnchored(call, why);
}

/**
 * A talk was taken up after a restart. The endpoints of the former process are gone, and so is what it did with them: the talk goes
 * through the server again where it has to by its nature, else end to end.
 */
export async function takeUpTalk(call: Call): Promise<void> {
  const { mode, moving } = call.record.media ?? {};
  // In the middle of a move, one of the two may have been at the engine.
  if (mode === 'anchored' || moving) await anchorAgain(call, anchorReasons(call));
  if (call.state === 'talking') call.home.recorder?.joined(call);
}

async function anchorAgain(call: Call, why: readonly string[]): Promise<void> {
  if (!hasEngine(call) || why.length === 0) return talkOn(call);
  try {
    await call.turns.run(() => connectAnchored(call, why));
  } catch (error) {
    if (call.ended) return;
    call.note('not-anchored', asSightlineError(error).code);
    await talkOn(call);
  }
}
