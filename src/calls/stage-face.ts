import { SightlineError, asSightlineError } from '../lib/errors';
import { currentScreen, onFace } from '../ivr/session';
import type { Endpoint } from '../media/port';
import type { Call } from './call';
import { dropEndpoint, hasEngine, keepEndpoint, makeEndpoint } from './endpoints';
import { engineBack } from './engine-back';
import { canSee, kindsOf, nextFace, securityFor } from './face-choice';
import { answerForEndpoint } from './media';
import { offerTo } from './offer-to';
import { targetOf } from './queue-wish';
import type { FaceName } from './record';
import { menuOf } from './stage-menu';
import { showPlace } from './stage-queue';

type MediaFaceName = 'video' | 'voice';

export function isMediaFace(face: FaceName): face is MediaFaceName {
  return face === 'video' || face === 'voice';
}

/** Shows and says the pages through an endpoint from now on; what they are about stays. */
export function openMediaFace(call: Call, endpoint: Endpoint, kind: MediaFaceName): void {
  const { record, home, plan } = call;
  record.face = kind;
  if (record.media?.mode !== 'anchored') call.setMedia('anchored', ['menu']);
  const about = { call: call.id, plan, endpoint, kind, state: () => record.menu, queue: () => record.queue };
  const face = home.faces?.open(about);
  call.face = face;
  if (face && record.menu) record.menu = onFace(menuOf(call), record.menu, face.paging);
  face?.on('failed', ({ cause, reason }) => {
    if (call.face === face) faceFailed(call, `${cause}: ${reason}`);
  });
  face?.on('gone', () => {
    if (call.face === face) regainFace(call);
  });
  face?.on('dropped', (message) => call.note('not-shown', message.type));
  face?.on('receipt', ({ ref, shown, reason }) =>
    call.note(shown ? 'shown' : 'push-failed', reason ? `${ref}: ${reason}` : ref),
  );
}

/**
 * A face has failed. A person who was reading goes on with the next one, on the page where he was; who waits goes on waiting. Without
 * any face left, one who was reading is put into the flow's queue, to be helped by a human.
 */
export function faceFailed(call: Call, why: string): void {
  if (call.ended) return;
  call.note(`${call.record.face}-failed`, why);
  dropFace(call);
  if (usesFace(call)) call.run(call.turns.run(() => fallBack(call)));
}

/** Nobody looks at pages while two are being joined, or talk. */
function usesFace(call: Call): boolean {
  return call.state === 'menu' || call.waiting;
}

async function fallBack(call: Call): Promise<void> {
  const sees = canSee(call.record.terminal.media.remote ?? '');
  const failed = call.record.face;
  for (let face = nextFace(failed, sees); isMediaFace(face) && usesFace(call); face = nextFace(face, sees)) {
    if (await reached(call, face)) return;
  }
  if (usesFace(call)) withoutFace(call);
}

/** Whether the call's pages have what they are shown on. */
function isShown(call: Call): boolean {
  return call.face?.isOpen === true && call.endpoints.terminal?.closed === false;
}

/**
 * A person looks at pages again whose face may have been lost while nobody did, as before the call has a page or while a seat was to be
 * joined.
 */
export function regainFace(call: Call): void {
  const { face } = call.record;
  if (isMediaFace(face)) {
    if (isShown(call)) return;
    dropFace(call);
    if (usesFace(call)) call.run(recoverFace(call));
  } else if (face === 'ring') engineUp(call);
  else if (!call.face && usesFace(call)) call.run(call.turns.run(() => fallBack(call)));
}

/** The endpoint of a face is gone: another one, with the same page. */
export async function recoverFace(call: Call): Promise<void> {
  if (!isShown(call)) dropFace(call);
  await call.turns.run(async () => {
    // The loss of an endpoint may be told more than once.
    if (isShown(call)) return;
    dropFace(call);
    await dropEndpoint(call, 'terminal');
    const { face } = call.record;
    if (!usesFace(call) || !isMediaFace(face)) return;
    await engineBack(call);
    if (!(await reached(call, face)) && usesFace(call)) withoutFace(call);
  });
}

/** Whether the person is on this face now, on the page or in the queue where he was. */
async function reached(call: Call, face: MediaFaceName): Promise<boolean> {
  try {
    const former = call.endpoints.terminal;
    const endpoint = former?.closed === false ? former : await bringEndpoint(call, face);
    if (!usesFace(call)) return false;
    openMediaFace(call, endpoint, endpoint.codecs.video ? face : 'voice');
  } catch (error) {
    const { code } = asSightlineError(error);
    if (code === 'INTERNAL') throw error;
    if (!call.ended) call.note(`${face}-failed`, code);

    return false;
  }
  call.note('face', call.record.face);
  showAgainOn(call);

  return true;
}

/** Offers the terminal the media of a new endpoint. */
async function bringEndpoint(call: Call, face: MediaFaceName): Promise<Endpoint> {
  const { remote } = call.record.terminal.media;
  const kinds = kindsOf(remote).filter((kind) => kind === 'audio' || face === 'video');
  const seat = call.rings.endpoint();
  // Beside a seat that rings, so that the two can be joined where they are.
  const beside = seat ? { beside: seat } : {};
  const endpoint = await makeEndpoint(call, { media: kinds, security: securityFor(remote), ...beside });
  try {
    const { sdp } = await offerTo(call, 'terminal', endpoint.localDescription);
    if (sdp === undefined) throw new SightlineError('MEDIA_MISMATCH', 'The phone did not take media of the server');
    await endpoint.accept(answerForEndpoint(endpoint, sdp));
    if (call.ended) throw new SightlineError('CALL_GONE');
  } catch (error) {
    await endpoint.close();
    throw error;
  }
  keepEndpoint(call, 'terminal', endpoint);

  return endpoint;
}

function withoutFace(call: Call): void {
  const { flow } = call.record;
  call.record.face = 'ring';
  if (!call.endpoints.terminal) call.setMedia('none');
  call.note('face', 'none');
  if (call.state === 'menu' && call.plan.flows.has(flow)) call.home.stages.queue(call, targetOf(call));
}

/** An engine is there: who waits without a picture or prompts, because there was none, gets them. */
export function engineUp(call: Call): void {
  const { face, terminal } = call.record;
  if (face !== 'ring' || !call.terminal || !call.waiting || !hasEngine(call)) return;
  call.run(
    call.turns.run(async () => {
      if (call.record.face !== 'ring' || !call.waiting) return;
      const face = canSee(terminal.media.remote ?? '') ? 'video' : 'voice';
      if (await reached(call, face)) await showPlace(call);
    }),
  );
}

/** Puts on the face what it should show. */
export function showAgainOn(call: Call): void {
  const { record, face } = call;
  if (!face || !record.menu) return;
  face.show(currentScreen(menuOf(call), record.menu));
  call.home.save(record);
}

/** A phone has added or taken away its video: pages are shown, or said alone. */
export function fitFace(call: Call): void {
  const endpoint = call.endpoints.terminal;
  const { face } = call.record;
  if (!endpoint || !isMediaFace(face) || !usesFace(call)) return;
  const kind = endpoint.codecs.video ? 'video' : 'voice';
  if (kind === face) return;
  dropFace(call);
  openMediaFace(call, endpoint, kind);
  call.note('face', kind);
  showAgainOn(call);
}

function dropFace(call: Call): void {
  const { face } = call;
  call.face = undefined;
  face?.close();
}

/** A talk begins: its media take the place of pages that were sent as media. A screen stays. */
export function closeMediaFace(call: Call): void {
  if (isMediaFace(call.record.face)) dropFace(call);
}
