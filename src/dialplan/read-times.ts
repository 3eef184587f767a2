import { defaultCurves } from '../acd/classes';
import type { ClassCurve, ClassCurves } from '../acd/config';
import type { Named, TimesDraft } from './draft';
import type { Place } from './faults';
import { days, type Hours, isDate, isZone, parseSpan, type Span } from './hours';
import { type FeatureCodeName, featureCodeNames } from './model';
import { namedIn, type Reader } from './reader';
import { defaults } from './schema-parts';
import { childOf, type Entry, entriesOf, entryOf, itemsOf, type Tree } from './tree';

/** Reads from site.yaml what the site says of time, and what it says to everybody. */
export function readTimes(tree: Tree, reader: Reader): TimesDraft {
  const timezone = readZone(tree, reader);
  const classes = entryOf(tree, 'classes');
  const curves = readCurves(classes?.value, reader);

  return {
    timezone,
    hours: entriesOf(childOf(tree, 'hours')).map((entry) => ({
      id: { name: entry.key, at: entry.keyAt },
      hours: readHours(entry.value, timezone, reader),
    })),
    classes: curves ?? defaultCurves,
    classesAt: classes?.keyAt ?? childOf(tree, 'overtakeLimit')?.at ?? tree.at,
    classesFaulty: !curves,
    overtakeLimit: reader.number(tree, 'overtakeLimit', defaults.overtakeLimit),
    emergency: readEmergency(childOf(tree, 'emergency'), reader),
    codes: readCodes(childOf(tree, 'codes'), tree.at),
  };
}

function readZone(tree: Tree, reader: Reader): string {
  const { name, at } = namedIn(tree, 'timezone', tree.at);
  if (name === '') return defaults.timezone;
  if (isZone(name)) return name;
  const message = `'timezone' is '${name}', which is no time zone`;
  reader.faults.add('BAD_ZONE', at, message, 'Write its name in the tz database, such as Europe/Vienna.');

  return defaults.timezone;
}

function readHours(tree: Tree, zone: string, reader: Reader): Hours {
  const week = days.map((day) => [day, readSpans(childOf(tree, day), reader)] as const);
  const holidays = entriesOf(childOf(tree, 'holidays')).map((entry) => readHoliday(entry, reader));

  return {
    zone,
    week: Object.fromEntries(week.filter(([, spans]) => spans.length > 0)),
    holidays: Object.fromEntries(holidays),
  };
}

function readHoliday({ key, keyAt, value }: Entry, reader: Reader): [string, Span[]] {
  if (!isDate(key)) {
    reader.faults.add('BAD_SPAN', keyAt, `'${key}' is no date`, 'Write it like 2026-12-25.');
  }

  return [key, readSpans(value, reader)];
}

function readSpans(tree: Tree | undefined, reader: Reader): Span[] {
  const spans: Span[] = [];
  for (const item of itemsOf(tree)) {
    if (item.kind !== 'scalar' || typeof item.value !== 'string') continue;
    const span = parseSpan(item.value);
    if (!span) tellSpan(item.value, item.at, reader);
    else if (spans.some((other) => overlaps(span, other))) {
      const message = `the span '${item.value}' begins or ends within another of the same day`;
      reader.faults.add('BAD_SPAN', item.at, message, 'Make one of the two, or move one.');
    } else spans.push(span);
  }

  return spans;
}

function tellSpan(text: string, at: Place, reader: Reader): void {
  const remedy = 'Write it like 08:00-12:00, over midnight like 22:00-06:00, and a whole day as 00:00-24:00.';
  reader.faults.add('BAD_SPAN', at, `'${text}' is not a span of a day`, remedy);
}

function overlaps(one: Span, other: Span): boolean {
  const end = ({ from, to }: Span): number => (to > from ? to : to + 1_440);

  return one.from < end(other) && other.from < end(one);
}

/** The curves, those that are not written by default; undefined when one of them cannot be used. */
function readCurves(tree: Tree | undefined, reader: Reader): ClassCurves | undefined {
  const read = (name: keyof ClassCurves): ClassCurve | undefined => {
    const value = childOf(tree, name);

    return value ? readCurve(name, value, reader) : defaultCurves[name];
  };
  const [vip, normal, low] = [read('vip'), read('normal'), read('low')];

  return vip && normal && low ? { vip, normal, low } : undefined;
}

function readCurve(name: string, tree: Tree, reader: Reader): ClassCurve | undefined {
  const items = itemsOf(childOf(tree, 'points'));
  const points = items.map((item) => itemsOf(item).map(numberOf));
  const whole = points.every((point) => point.length === 2 && point.every((one) => one !== undefined));
  if (!whole || points.length === 0) return undefined;
  const pairs = points.map(([waited, worth]) => [waited!, worth!] as const);
  const falls = pairs.findIndex((pair, index) => {
    const before = pairs[index - 1];

    return before !== undefined && (pair[0] <= before[0] || pair[1] <= before[1]);
  });
  if (falls < 0) return { points: pairs, after: reader.number(tree, 'after', 1) };
  const message = `the curve of '${name}' does not rise from [${pairs[falls - 1]!.join(', ')}] to [${pairs[falls]!.join(', ')}]`;
  reader.faults.add('CURVE_NOT_RISING', items[falls]!.at, message);

  return undefined;
}

function numberOf(tree: Tree): number | undefined {
  return tree.kind === 'scalar' && typeof tree.value === 'number' ? tree.value : undefined;
}

function readEmergency(tree: Tree | undefined, reader: Reader): TimesDraft['emergency'] {
  const text = reader.text(tree, 'text');

  return text && { text, refuse: reader.flag(tree, 'refuse') };
}

function readCodes(tree: Tree | undefined, holder: Place): Record<FeatureCodeName, Named> {
  const read = (name: FeatureCodeName): Named => {
    const { name: digits, at } = namedIn(tree, name, tree?.at ?? holder);

    return { name: digits || defaults.codes[name], at };
  };
  const codes = featureCodeNames.map((name) => [name, read(name)] as const);

  return Object.fromEntries(codes) as Record<FeatureCodeName, Named>;
}
