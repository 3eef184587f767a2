import type { LocalText } from '../ivr/model';
import { localized } from '../ivr/model';
import { showNotice } from '../ivr/session';
import type { Plan } from '../dialplan/model';
import { pause } from '../lib/clock';
import type { Call, CallHome } from './call';
import { present, screenState } from './stage-menu';

/** What a site says to everybody who calls, before anything else. */
export interface Emergency {
  text: LocalText;
  /** The call ends when it was said. */
  refuse: boolean;
}

/** The message that was set at run time goes before that of the plan. */
export function emergencyOf(plan: Plan, home: Pick<CallHome, 'emergency'>): Emergency | undefined {
  return home.emergency?.() ?? plan.emergency;
}

/** Reading, and being read to, take about this long: a start, and ms for each character; nobody is kept longer than the last. */
const [startMs, characterMs, longestMs] = [3000, 70, 30_000];

/** How long a text stays before its reader or listener, in ms. */
export function noticeMs(text: string): number {
  return Math.min(longestMs, startMs + characterMs * [...text].length);
}

/**
 * Puts a text before the person, whichever face he has, for as long as it takes to read or hear it. A phone without a face only rings.
 *
 * @returns false when the call went another way meanwhile: it has ended, or the person did something else.
 */
export async function giveNotice(call: Call, title: LocalText, text: LocalText): Promise<boolean> {
  const { visit } = call;
  if (!call.face) {
    call.note('not-shown', 'notice');

    return !call.ended;
  }
  call.note('notice');
  present(call, showNotice(screenState(call), { title, text }));
  await pause(call.home.clock, noticeMs(localized(text, call.record.locale)));

  return !call.ended && call.visit === visit && isBeingTold(call);
}

/** What the person sees or hears is a notice. */
export function isBeingTold(call: Call): boolean {
  return call.record.menu?.phase === 'notice';
}

/**
 * Says what the site has to say to everybody.
 *
 * @returns false when the call is not to go on.
 */
export async function giveEmergency(call: Call): Promise<boolean> {
  const emergency = emergencyOf(call.plan, call.home);
  if (!emergency) return true;
  const queue = call.plan.flows.get(call.record.flow)?.queue ?? '';
  const goesOn = await giveNotice(call, call.plan.queues.get(queue)?.label ?? {}, emergency.text);
  if (!goesOn || !emergency.refuse) return goesOn;
  refuseForEmergency(call, emergency);

  return false;
}

function refuseForEmergency(call: Call, { text }: Emergency): void {
  const detail = localized(text, call.record.locale);
  call.home.stages.end(call, { by: 'server', cause: 'emergency', detail });
}
