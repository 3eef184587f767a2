import type { CallbackDraft, ConditionDraft, OverflowDraft, QueueDraft, RingDraft } from './draft';
import { overflowKinds, ringKinds } from './draft';
import { listed } from './nearest';
import { namedIn, namesIn, numbersIn, type Reader } from './reader';
import { defaults } from './schema-parts';
import { childOf, type Entry, entriesOf, entryOf, itemsOf, type Tree } from './tree';

export function readQueues(tree: Tree, reader: Reader): QueueDraft[] {
  return entriesOf(tree).map((entry) => ({
    id: { name: entry.key, at: entry.keyAt },
    label: reader.text(entry.value, 'label') ?? {},
    skills: namesIn(entry.value, 'skills'),
    ...readSearch(entry, reader),
    ...readTimings(entry.value, reader),
    autoBreak: numbersIn(entry.value, 'autoBreak'),
    overflow: itemsOf(childOf(entry.value, 'overflow')).map((rule) => readRule(rule, reader)),
    callback: readCallback(entryOf(entry.value, 'callback'), reader),
    hours: namedIn(entry.value, 'hours', entry.keyAt),
    closedMessage: reader.text(entry.value, 'closedMessage'),
    recording: namedIn(entry.value, 'recording', entry.keyAt).name || defaults.recording,
    retention: reader.number(entry.value, 'retention', defaults.retention),
    hold: readHold(childOf(entry.value, 'hold'), entry),
  }));
}

type Search = Pick<QueueDraft, 'strategy' | 'first' | 'firstFor' | 'rings' | 'ringStep' | 'weight'>;

function readSearch({ value, keyAt }: Entry, reader: Reader): Search {
  const strategy = namedIn(value, 'strategy', keyAt);
  const rings = childOf(value, 'rings');

  return {
    strategy: { ...strategy, name: strategy.name || defaults.strategy },
    first: namesIn(value, 'first'),
    firstFor: reader.number(value, 'firstFor', defaults.firstFor),
    rings: rings && itemsOf(rings).map((ring) => readRing(ring, reader)),
    ringStep: reader.number(value, 'ringStep'),
    weight: reader.number(value, 'weight'),
  };
}

type Delay = 'ringTimeout' | 'wrapUp' | 'grace' | 'returnWithin' | 'noAnswerDelay' | 'rejectDelay' | 'busyDelay';
type Timings = Pick<QueueDraft, Delay | 'wrapUpUntilDone' | 'maxWaiting' | 'maxWait' | 'unreachableDelay'>;

function readTimings(tree: Tree, reader: Reader): Timings {
  const seconds = (key: Delay): number => reader.number(tree, key, defaults[key]);

  return {
    ringTimeout: seconds('ringTimeout'),
    wrapUp: seconds('wrapUp'),
    wrapUpUntilDone: reader.flag(tree, 'wrapUpUntilDone'),
    grace: seconds('grace'),
    returnWithin: seconds('returnWithin'),
    maxWaiting: reader.number(tree, 'maxWaiting'),
    maxWait: reader.number(tree, 'maxWait'),
    noAnswerDelay: seconds('noAnswerDelay'),
    rejectDelay: seconds('rejectDelay'),
    busyDelay: seconds('busyDelay'),
    unreachableDelay: reader.number(tree, 'unreachableDelay'),
  };
}

function readHold(tree: Tree | undefined, entry: Entry): QueueDraft['hold'] {
  return { video: namedIn(tree, 'video', entry.keyAt), music: namedIn(tree, 'music', entry.keyAt) };
}

function readRing(tree: Tree, reader: Reader): RingDraft {
  const when = childOf(tree, 'when');

  return {
    at: tree.at,
    name: reader.plainText(tree, 'name'),
    seats: readRingSeats(tree),
    strategy: namedIn(tree, 'strategy', tree.at).name,
    after: { value: reader.number(tree, 'after', 0), at: childOf(tree, 'after')?.at ?? tree.at },
    when: when && readCondition(when),
    skills: childOf(tree, 'skills') && namesIn(tree, 'skills'),
    disregard: namesIn(tree, 'disregard'),
    maxPenalty: reader.number(tree, 'maxPenalty'),
  };
}

function readRingSeats(tree: Tree): RingDraft['seats'] {
  const { name, at } = namedIn(tree, 'seats', tree.at);
  if (childOf(tree, 'seats')?.kind === 'list') return { kind: 'named', at, members: namesIn(tree, 'seats') };

  return { kind: ringKinds.find((kind) => kind === name) ?? 'all', at, members: [] };
}

function readCondition(tree: Tree): ConditionDraft {
  const values = entriesOf(tree).flatMap(({ key, value }): [string, { value: number | true; at: Tree['at'] }][] => {
    const said = value.kind === 'scalar' ? value.value : undefined;

    return typeof said === 'number' || said === true ? [[key, { value: said, at: value.at }]] : [];
  });

  return { at: tree.at, values: new Map(values) };
}

function readRule(tree: Tree, reader: Reader): OverflowDraft {
  const when = childOf(tree, 'when');

  return {
    at: tree.at,
    when: when ? readCondition(when) : { at: tree.at, values: new Map() },
    to: readTarget(tree, reader),
  };
}

function readTarget(tree: Tree, reader: Reader): OverflowDraft['to'] {
  const to = childOf(tree, 'to');
  if (to?.kind !== 'map') return undefined;
  const said = overflowKinds.filter((kind) => childOf(to, kind) !== undefined);
  const [kind] = said;
  if (kind !== undefined && said.length === 1) {
    return { kind, target: namedIn(to, kind, to.at), text: kind === 'message' ? (reader.text(to, kind) ?? {}) : {} };
  }
  // A target with unknown keys only was told of as such.
  if (said.length > 0 || entriesOf(to).length === 0) {
    const message = said.length === 0 ? 'the target says nothing' : `the target says ${listed(said)} at once`;
    reader.faults.add('BAD_OVERFLOW', to.at, message, `Say exactly one of ${listed(overflowKinds)}.`);
  }

  return undefined;
}

function readCallback(entry: Entry | undefined, reader: Reader): CallbackDraft | undefined {
  if (!entry) return undefined;

  return {
    order: namedIn(entry.value, 'order', entry.keyAt).name || defaults.callbackOrder,
    attempts: reader.number(entry.value, 'attempts', defaults.attempts),
    retryDelay: reader.number(entry.value, 'retryDelay', defaults.retryDelay),
    ringTimeout: reader.number(entry.value, 'ringTimeout', defaults.callbackRingTimeout),
    hours: namedIn(entry.value, 'hours', entry.keyAt),
  };
}
