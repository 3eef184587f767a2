import type { Medium, TicketClass } from '../acd/config';
import type { EnqueueRequest } from '../acd/types';
import type { Terminal } from '../dialplan/model';
import type { OutsideAction } from '../ivr/model';
import type { Call, QueueTarget } from './call';
import { kindsOf } from './face-choice';
import type { CallRecord } from './record';

/** What a plan may know of a terminal's calls. */
type KnownTerminal = Terminal & { class?: TicketClass; customer?: string };
type Choice = Omit<Extract<OutsideAction, { type: 'queue' }>, 'type'> & Partial<QueueTarget>;

/**
 * What a call is to be queued with: as its flow has it, in the class of its terminal where that has one. What a choice in a menu says
 * goes before both.
 */
export function targetOf(call: Call, choice?: Choice): QueueTarget {
  const flow = call.plan.flows.get(call.record.flow);
  const { id: _id, menu: _menu, ...wish } = flow ?? { id: '', queue: '', priority: 0, skills: [] };
  const ofTerminal = terminalOf(call)?.class;
  const target: QueueTarget = { ...wish, ...(ofTerminal === undefined ? {} : { class: ofTerminal }) };
  const said = Object.entries(choice ?? {}).filter(([name, value]) => name !== 'type' && value !== undefined);

  return { ...target, ...(Object.fromEntries(said) as Partial<QueueTarget>) };
}

function terminalOf({ plan, record }: Call): KnownTerminal | undefined {
  return plan.terminals.get(record.caller.user);
}

/** What the queue is asked for a call: the wish itself, and what is known of the person and the phone. */
export function requestOf(call: Call, target: QueueTarget): Omit<EnqueueRequest, 'resumeKey'> {
  const { record } = call;
  const terminal = record.caller.user;
  const designated = target.designated ?? known(record, 'agent');

  return {
    queue: target.queue,
    callId: call.id,
    terminal,
    priority: target.priority,
    skills: [...target.skills],
    medium: target.medium ?? mediumOf(record),
    customer: target.customer ?? known(record, 'customer') ?? terminalOf(call)?.customer ?? terminal,
    ...(target.class === undefined ? {} : { class: target.class }),
    ...(designated === undefined ? {} : { designated }),
  };
}

/** What a seat has to be able to take: video where the phone has any. One that has said nothing yet may turn out to have. */
function mediumOf({ terminal }: CallRecord): Medium {
  return kindsOf(terminal.media.remote).includes('video') ? 'video' : 'voice';
}

/** A text that came with the call, or with the help request that led to it. */
function known({ context }: CallRecord, name: string): string | undefined {
  const request = context.request as Record<string, unknown> | null | undefined;
  const found = [context[name], typeof request === 'object' ? request?.[name] : undefined];

  return found.find((value): value is string => typeof value === 'string' && value !== '');
}
