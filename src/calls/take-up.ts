import { currentScreen } from '../ivr/session';
import type { Call } from './call';
import type { Leg } from './leg';
import { isMediaFace, recoverFace } from './stage-face';
import { menuOf } from './stage-menu';
import { refreshPlace, showPlace } from './stage-queue';

/** Asks each leg whether its far end is still there; one that is gone ends the call. */
export async function probeLegs(call: Call): Promise<void> {
  await Promise.all([call.terminal, call.seat].map(probe));
}

/** OPTIONS within the dialog; a leg that is gone says so by its `ended` event. */
async function probe(leg: Leg | undefined): Promise<void> {
  try {
    await leg?.request('OPTIONS', {});
  } catch {
    // The leg has ended by this, or the edge is away and will be heard of soon.
  }
}

/** Puts on the screen what it should show; also where the first screen of a call had not been written down yet. */
export function showAgain(call: Call): void {
  const { record, face, state, home } = call;
  // The endpoints of a former process are gone.
  if (isMediaFace(record.face) && !call.endpoints.terminal) call.run(recoverFace(call));
  if (record.menu && face) face.show(currentScreen(menuOf(call), record.menu));
  else if (state === 'menu') home.stages.menu(call);
  else if (state === 'talking') home.stages.talk(call);
  if (state === 'queued') call.run(record.menu ? refreshPlace(call) : showPlace(call));
  home.save(record);
}
