import type {
  FlowDraft,
  Named,
  NumberDraft,
  PoolDraft,
  SeatDraft,
  ServiceDraft,
  SiteDraft,
  TerminalDraft,
} from './draft';
import type { FaultCode, Faults } from './faults';
import { didYouMean, listed } from './nearest';
import { parseNetwork } from './networks';
import { poolNumbers, type Read, userNames } from './ranges';
import { keysIn, namedIn, namesIn, numbersIn, readWish, type Reader, urlProblem } from './reader';
import { defaults, patterns } from './schema-parts';
import { childOf, type Entry, entriesOf, type Tree } from './tree';

/** Reads site.yaml. It comes before all others, which need its languages. */
export function readSite(tree: Tree, faults: Faults): SiteDraft {
  const locales = uniqueLocales(namesIn(tree, 'locales'));
  const defaultLocale = namedIn(tree, 'defaultLocale', tree.at);
  const names = locales.map((locale) => locale.name);
  if (defaultLocale.name !== '' && names.length > 0 && !names.includes(defaultLocale.name)) {
    const message = `'${defaultLocale.name}' is not one of locales${didYouMean(defaultLocale.name, names)}`;
    faults.add('UNKNOWN_LANGUAGE', defaultLocale.at, message, `Choose one of ${listed(names)}.`);
  }

  const assetBase = readAssetBase(tree, faults);

  return {
    domain: namedIn(tree, 'domain', tree.at).name.toLowerCase(),
    realm: namedIn(tree, 'realm', tree.at).name || defaults.realm,
    locales,
    defaultLocale,
    defaultService: namedIn(tree, 'defaultService', tree.at),
    trusted: readNetworks(tree, faults),
    assetBase,
    assetBaseFaulty: assetBase === undefined && childOf(tree, 'assetBase') !== undefined,
    look: readLook(tree),
  };
}

function readLook(tree: Tree): SiteDraft['look'] {
  const look = childOf(tree, 'look');
  const at = look?.at ?? tree.at;
  const colour = (key: 'background' | 'text' | 'accent'): string => namedIn(look, key, at).name || defaults[key];

  return {
    background: colour('background'),
    text: colour('text'),
    accent: colour('accent'),
    logo: namedIn(look, 'logo', at),
  };
}

/** Entries that are no languages, or stand twice, were told of; other texts are not judged by them. */
function uniqueLocales(entries: readonly Named[]): Named[] {
  const locale = new RegExp(patterns.locale.pattern);
  const first = new Map([...entries].reverse().map((entry) => [entry.name, entry]));

  return entries.filter((entry) => locale.test(entry.name) && first.get(entry.name) === entry);
}

function readNetworks(tree: Tree, faults: Faults): SiteDraft['trusted'] {
  return namesIn(tree, 'trustedNetworks').flatMap(({ name: text, at }) => {
    const network = taken(parseNetwork(text), 'BAD_NETWORK', { name: text, at }, faults);
    if (!network) return [];
    if (network.bits === 0) faults.add('TRUSTS_EVERYONE', at, `'${text}' lets everybody call without credentials`);

    return [{ text, network, at }];
  });
}

function readAssetBase(tree: Tree, faults: Faults): string | undefined {
  const { name: text, at } = namedIn(tree, 'assetBase', tree.at);
  if (text === '') return undefined;
  const problem = urlProblem(text) ?? (/^[^?#]*\/$/.test(text) ? undefined : 'does not end in /');
  if (problem === undefined) return new URL(text).href;
  faults.add(
    'BAD_URL',
    at,
    `'assetBase' is '${text}', which ${problem}`,
    'Write it like https://help.example.org/assets/.',
  );

  return undefined;
}

/** The value that was read, or undefined after the fault was added. */
function taken<T>(read: Read<T>, code: FaultCode, what: Named, faults: Faults): T | undefined {
  if (read.ok) return read.value;
  faults.add(code, what.at, read.message, read.remedy);

  return undefined;
}

function idOf(entry: Entry): Named {
  return { name: entry.key, at: entry.keyAt };
}

export function readNumbers(tree: Tree, reader: Reader): NumberDraft[] {
  return entriesOf(tree).map((entry) => {
    const locale = namedIn(entry.value, 'locale', entry.keyAt);
    reader.judgeLocale(locale);

    return { number: idOf(entry), flow: namedIn(entry.value, 'flow', entry.keyAt), locale };
  });
}

export function readPools(tree: Tree, reader: Reader): PoolDraft[] {
  return entriesOf(tree).map((entry) => {
    const numbers = childOf(entry.value, 'numbers');
    const text = numbers?.kind === 'scalar' ? numbers.source.trim() : '';
    const what = { name: text, at: numbers?.at ?? entry.keyAt };
    const range = text === '' ? undefined : taken(poolNumbers(text), 'BAD_RANGE', what, reader.faults);

    return {
      id: idOf(entry),
      from: range?.from ?? 0,
      to: range?.to ?? 0,
      lease: reader.number(entry.value, 'lease', defaults.lease),
      quarantine: reader.number(entry.value, 'quarantine', defaults.quarantine),
    };
  });
}

export function readServices(tree: Tree, reader: Reader): ServiceDraft[] {
  return entriesOf(tree).map((entry) => ({
    id: idOf(entry),
    label: reader.text(entry.value, 'label') ?? {},
    flow: namedIn(entry.value, 'flow', entry.keyAt),
    pool: namedIn(entry.value, 'pool', entry.keyAt),
    whenExhausted: reader.plainText(entry.value, 'whenExhausted') ?? defaults.whenExhausted,
  }));
}

export function readFlows(tree: Tree, reader: Reader): FlowDraft[] {
  return entriesOf(tree).map((entry) => ({
    id: idOf(entry),
    menu: namedIn(entry.value, 'menu', entry.keyAt),
    queue: namedIn(entry.value, 'queue', entry.keyAt),
    priority: reader.number(entry.value, 'priority', defaults.priority),
    skills: namesIn(entry.value, 'skills'),
    wish: readWish(entry.value, entry.keyAt),
  }));
}

export function readTerminals(tree: Tree, reader: Reader): TerminalDraft[] {
  return entriesOf(childOf(tree, 'terminals')).map((entry) => {
    const locale = namedIn(entry.value, 'locale', entry.keyAt);
    reader.judgeLocale(locale);

    return {
      ...readUser(entry, reader),
      place: reader.plainText(entry.value, 'place'),
      locale,
      class: namedIn(entry.value, 'class', entry.keyAt).name,
      customer: reader.plainText(entry.value, 'customer'),
    };
  });
}

export function readSeats(tree: Tree, reader: Reader): SeatDraft[] {
  return entriesOf(childOf(tree, 'seats')).map((entry) => ({
    ...readUser(entry, reader),
    name: reader.plainText(entry.value, 'name'),
    photo: reader.picture(entry.value, 'photo'),
    queues: keysIn(entry.value, 'queues'),
    queuesFaulty:
      !['list', 'map'].includes(childOf(entry.value, 'queues')?.kind ?? 'list') || entry.value.kind !== 'map',
    penalties: numbersIn(entry.value, 'queues'),
    skills: keysIn(entry.value, 'skills'),
    levels: numbersIn(entry.value, 'skills'),
    groups: namesIn(entry.value, 'groups'),
    media: childOf(entry.value, 'media') && namesIn(entry.value, 'media'),
    login: namedIn(entry.value, 'login', entry.keyAt),
    pin: readPin(entry, reader),
  }));
}

function readPin(entry: Entry, reader: Reader): string | undefined {
  const pin = childOf(entry.value, 'pin');
  if (!pin) return undefined;
  const digits = reader.secret(entry.value, 'pin', entry.keyAt);
  // What stands in the file was held to the pattern already.
  if (pin.kind === 'map' && digits !== '' && !new RegExp(patterns.pin.pattern).test(digits)) {
    const message = 'the environment variable that holds the PIN holds something else';
    reader.faults.add('BAD_VALUE', pin.at, message, 'Set it to 4 to 12 digits.');
  }

  return digits;
}

function readUser(entry: Entry, reader: Reader): { key: Named; ids: string[]; password: string } {
  const key = idOf(entry);
  const ids = taken(userNames(entry.key), 'BAD_RANGE', key, reader.faults) ?? [];

  return { key, ids, password: reader.secret(entry.value, 'password', entry.keyAt) };
}
