import type { OverflowRule } from '../acd/config';
import { localized, type LocalText } from '../ivr/model';
import { asSightlineError } from '../lib/errors';
import type { Call, Entry } from './call';
import { giveNotice } from './notice';
import { entryOf, mayMove } from './overflow';
import { goToFlow } from './stage-menu';
import { leaveAs, refreshPlace } from './stage-queue';

/** The condition of a rule has come to hold for a ticket that waits. */
export async function overflowed(call: Call, ticketId: string, rule: OverflowRule): Promise<void> {
  if (!stands(call, ticketId) || !mayMove(call, rule.to)) return;
  if (rule.to.kind !== 'queue') return carryOut(call, { queue: call.record.queue ?? '', to: rule.to, rule });
  const entry = await entryOf(call, rule.to.queue);
  if (!stands(call, ticketId)) return;
  // Who waits where somebody may still come is not sent where nobody will.
  if (entry.cause === 'closed') return call.note('overflow-failed', `queue ${entry.queue}: closed`);
  const stays = entry.to === undefined || entry.to.kind === 'callback';
  if (stays && entry.queue !== call.record.queue && !(await moved(call, ticketId, entry.queue))) return;
  await carryOut(call, entry);
}

function stands(call: Call, ticketId: string): boolean {
  return call.waiting && call.record.ticketId === ticketId;
}

/** Puts the ticket into another queue. One that does not take it leaves it where it is. */
async function moved(call: Call, ticketId: string, queue: string): Promise<boolean> {
  const { acd, log } = call.home;
  try {
    await acd.transfer(ticketId, queue);
  } catch (error) {
    const { code } = asSightlineError(error);
    log.warn({ err: error, call: call.id, queue }, 'a call could not be sent to another queue');
    if (!call.ended) call.note('overflow-failed', `${queue}: ${code}`);

    return false;
  }
  if (!stands(call, ticketId)) return false;
  call.record.queue = queue;
  // Another queue may call people back where the former one does not.
  call.mayBeCalledBack = undefined;
  call.note('queue', queue);
  await refreshPlace(call);

  return true;
}

/** A call that stands, or was to stand, in a queue goes elsewhere. */
export async function carryOut(call: Call, entry: Entry): Promise<void> {
  const { to } = entry;
  switch (to?.kind) {
    case 'number':
      return toNumber(call, to.number);
    case 'message':
      return tellAndEnd(call, entry);
    case 'callback':
      return call.home.stages.callback(call);
  }
}

async function toNumber(call: Call, number: string): Promise<void> {
  const flow = call.plan.numbers.get(number)?.flow;
  if (flow === undefined) return call.note('overflow-failed', `number ${number}: NUMBER_UNKNOWN`);
  if (await leaveAs(call, 'overflowed')) goToFlow(call, flow);
}

/** The ticket is given up first: nobody is rung for a person who is being told that nobody will come. */
async function tellAndEnd(call: Call, entry: Entry): Promise<void> {
  const { queue, cause = 'overflowed' } = entry;
  const text = entry.text ?? textOf(call, entry);
  if (!(await leaveAs(call, 'overflowed'))) return;
  call.record.queue = queue;
  const title = call.plan.queues.get(queue)?.label ?? {};
  if (text && !(await giveNotice(call, title, text))) return;
  const detail = text && localized(text, call.record.locale);
  call.home.stages.end(call, { by: 'server', cause, ...(detail === undefined ? {} : { detail }) });
}

/** A rule with its text as the plan has it: the queue passes rules on as it got them. */
interface Worded {
  to: { text?: LocalText };
}

/** The message of a rule. One that came by way of another process may have lost its text: the plan has it. */
function textOf(call: Call, { queue, rule }: Entry): LocalText | undefined {
  const condition = JSON.stringify(rule?.when);
  const planned = call.plan.queues
    .get(queue)
    ?.overflow?.find(({ when, to }) => to.kind === 'message' && JSON.stringify(when) === condition);

  return (rule as Worded | undefined)?.to.text ?? (planned as Worded | undefined)?.to.text;
}
