import type { OverflowCondition, Ring, RingCondition, Strategy } from '../acd/config';
import { strategies } from '../acd/config';
import type { CallbackDraft, ConditionDraft, Named, OverflowDraft, QueueDraft, RingDraft } from './draft';
import type { Hours } from './hours';
import type { Queue, QueueCallback, QueueOverflow, QueueOverflowTarget, RecordingPolicy } from './model';
import { userNames } from './ranges';
import { ringsOf } from './rings';
import { defaults } from './schema-parts';

type HoursByName = ReadonlyMap<string, Hours>;

export function namesOf(list: readonly Named[]): string[] {
  return list.map(({ name }) => name);
}

/** The entry for a key whose value may be absent: absent values leave no key behind. */
export function given<K extends string, V>(key: K, value: V | undefined | ''): { [P in K]?: V } {
  return value === undefined || value === '' ? {} : ({ [key]: value } as { [P in K]?: V });
}

const recordingPolicies: readonly RecordingPolicy[] = ['by-request', 'by-agent', 'always'];

export function compileQueue(queue: QueueDraft, hours: HoursByName): Queue {
  const strategy = strategies.find((one) => one === queue.strategy.name) ?? defaults.strategy;
  const rings = ringsOf(queue).map((ring) => compileRing(ring, strategy));

  return {
    id: queue.id.name,
    label: queue.label,
    strategy,
    ...given('rings', rings.length > 0 ? rings : undefined),
    skills: namesOf(queue.skills),
    ...given('ringStep', queue.ringStep),
    ...given('weight', queue.weight),
    ...compileTimings(queue),
    ...given('autoBreak', Object.keys(queue.autoBreak).length > 0 ? queue.autoBreak : undefined),
    ...given('overflow', queue.overflow.length > 0 ? queue.overflow.map(compileRule) : undefined),
    ...given('callback', queue.callback && compileCallback(queue.callback, hours)),
    ...given('hours', hours.get(queue.hours.name)),
    ...given('closedMessage', queue.closedMessage),
    recording: recordingPolicies.find((policy) => policy === queue.recording) ?? 'never',
    retention: queue.retention,
    hold: { ...given('video', queue.hold.video.name), ...given('music', queue.hold.music.name) },
  };
}

type Timings = Pick<Queue, 'ringTimeout' | 'wrapUp' | 'grace' | 'noAnswerDelay' | 'rejectDelay' | 'busyDelay'> &
  Pick<Queue, 'wrapUpUntilDone' | 'returnWithin' | 'maxWaiting' | 'maxWait' | 'unreachableDelay'>;

function compileTimings(queue: QueueDraft): Timings {
  return {
    ringTimeout: queue.ringTimeout,
    wrapUp: queue.wrapUp,
    ...given('wrapUpUntilDone', queue.wrapUpUntilDone || undefined),
    grace: queue.grace,
    returnWithin: queue.returnWithin,
    ...given('maxWaiting', queue.maxWaiting),
    ...given('maxWait', queue.maxWait),
    noAnswerDelay: queue.noAnswerDelay,
    rejectDelay: queue.rejectDelay,
    busyDelay: queue.busyDelay,
    ...given('unreachableDelay', queue.unreachableDelay),
  };
}

function compileRing(ring: RingDraft, fallback: Strategy): Ring {
  return {
    ...given('name', ring.name),
    seats: compileSeats(ring),
    strategy: strategies.find((one) => one === ring.strategy) ?? fallback,
    after: ring.after.value,
    ...given('when', ring.when && compileCondition(ring.when)),
    ...given('skills', ring.skills && namesOf(ring.skills)),
    ...given('disregard', ring.disregard.length > 0 ? namesOf(ring.disregard) : undefined),
    ...given('maxPenalty', ring.maxPenalty),
  };
}

function compileSeats({ seats: { kind, members } }: RingDraft): Ring['seats'] {
  if (kind !== 'named') return { kind };

  return { kind, ...membersOf(members) };
}

const groupPrefix = 'group:';

/** Seats, ranges written out, and groups that a ring names. */
export function membersOf(members: readonly Named[]): { seats: string[]; groups: string[] } {
  const isGroup = ({ name }: Named): boolean => name.startsWith(groupPrefix);
  const seats = members.filter((member) => !isGroup(member)).flatMap(seatsOf);
  const groups = members.filter(isGroup).map(({ name }) => name.slice(groupPrefix.length));

  return { seats: [...new Set(seats)], groups };
}

function seatsOf({ name }: Named): string[] {
  const range = userNames(name);

  return range.ok ? range.value : [name];
}

/** What either kind of condition may say; the schema holds each to its own. */
type Condition = RingCondition & OverflowCondition;

function compileCondition(when: ConditionDraft): Condition {
  return Object.fromEntries([...when.values].map(([key, { value }]) => [key, value])) as Condition;
}

function compileRule({ when, to }: OverflowDraft): QueueOverflow {
  return { when: compileCondition(when), to: compileTarget(to) };
}

function compileTarget(to: OverflowDraft['to']): QueueOverflowTarget {
  if (!to) throw new Error('A draft with errors was compiled');
  if (to.kind === 'queue') return { kind: 'queue', queue: to.target.name };
  if (to.kind === 'number') return { kind: 'number', number: to.target.name };

  return to.kind === 'message' ? { kind: 'message', text: to.text } : { kind: 'callback' };
}

function compileCallback(
  { order, attempts, retryDelay, ringTimeout, hours }: CallbackDraft,
  all: HoursByName,
): QueueCallback {
  return {
    order: order === 'caller-first' ? 'caller-first' : 'agent-first',
    attempts,
    retryDelay,
    ringTimeout,
    ...given('hours', all.get(hours.name)),
  };
}
