import type { Named, SiteDraft, TextDraft, WishDraft } from './draft';
import type { Faults, Place } from './faults';
import { didYouMean, listed } from './nearest';
import { patterns } from './schema-parts';
import { childOf, entriesOf, entryOf, itemsOf, type Tree } from './tree';

/** What the schema allows for a whole URL. */
const longestUrl = 500;

const isVariable = new RegExp(patterns.env.pattern);

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the reading of other files needs to know. */
export interface Surroundings {
  readonly site: SiteDraft;
  /** Whether site.yaml could be read at all. */
  readonly siteKnown: boolean;
  /** Files in the site's folder `assets`, if it has one. */
  readonly assets: ReadonlySet<string> | undefined;
  readonly env: Environment;
}

/** Takes values out of trees. What has the wrong type reads as empty; the schema check has told of it. */
export class Reader {
  /** The languages of the site; none when they could not be read. */
  private readonly locales: readonly string[];

  constructor(
    readonly faults: Faults,
    private readonly around: Surroundings,
  ) {
    this.locales = around.site.locales.map(({ name }) => name);
  }

  number(tree: Tree | undefined, key: string): number | undefined;
  number(tree: Tree | undefined, key: string, fallback: number): number;
  number(tree: Tree | undefined, key: string, fallback?: number): number | undefined {
    const value = childOf(tree, key);

    return value?.kind === 'scalar' && typeof value.value === 'number' ? value.value : fallback;
  }

  flag(tree: Tree | undefined, key: string): boolean {
    const value = childOf(tree, key);

    return value?.kind === 'scalar' && value.value === true;
  }

  plainText(tree: Tree | undefined, key: string): string | undefined {
    const value = childOf(tree, key);

    return value?.kind === 'scalar' && typeof value.value === 'string' && value.value !== '' ? value.value : undefined;
  }

  /** A text in the languages of the site. Languages that lack or that the site has not are faults. */
  text(tree: Tree | undefined, key: string): TextDraft | undefined {
    const entry = entryOf(tree, key);
    if (!entry) return undefined;
    const { value } = entry;
    if (value.kind === 'map') return this.textsByLanguage(key, value, entry.keyAt);
    if (value.kind !== 'scalar' || typeof value.value !== 'string') return {};
    const text = value.value;
    const [only, second] = this.locales;
    if (second !== undefined) {
      const sample = this.locales.map((locale) => `${locale}: …`).join(', ');
      const message = `'${key}' is given in one language; the site has ${listed(this.locales)}`;
      this.faults.add('MISSING_LANGUAGE', value.at, message, `Write it as ${key}: {${sample}}.`);
    }

    return only === undefined ? {} : { [only]: text };
  }

  private textsByLanguage(key: string, value: Tree, at: Place): TextDraft {
    const texts: TextDraft = {};
    for (const { key: locale, keyAt, value: text } of entriesOf(value)) {
      if (text.kind === 'scalar' && typeof text.value === 'string') texts[locale] = text.value;
      this.judgeLocale({ name: locale, at: keyAt });
    }
    const missing = this.locales.filter((locale) => entryOf(value, locale) === undefined);
    if (missing.length > 0 && entriesOf(value).length > 0) {
      this.faults.add(
        'MISSING_LANGUAGE',
        at,
        `'${key}' has no text in ${listed(missing)}`,
        `Add ${missing.map((one) => `${one}: …`).join(', ')}`,
      );
    }

    return texts;
  }

  /** A locale that has to be one of the site's. */
  judgeLocale(locale: Named): void {
    if (locale.name === '' || this.locales.length === 0 || this.locales.includes(locale.name)) return;
    const message = `'${locale.name}' is not a language of the site${didYouMean(locale.name, this.locales)}`;
    const remedy = `Languages of the site: ${listed(this.locales)}; others are added in locales of site.yaml.`;
    this.faults.add('UNKNOWN_LANGUAGE', locale.at, message, remedy);
  }

  /** The address of a picture, made whole with assetBase. With `names`, a plain word is left as it is. */
  picture(tree: Tree | undefined, key: string, names = false): string | undefined {
    const text = this.plainText(tree, key);
    const at = childOf(tree, key)?.at;
    if (text === undefined || at === undefined) return undefined;
    if (names && /^[a-z0-9][a-z0-9-]*$/.test(text)) return text;
    if (/^[A-Za-z][A-Za-z0-9+.-]*:/.test(text)) return this.absolute(key, text, at);
    const { site, siteKnown } = this.around;
    if (site.assetBase !== undefined) return this.below(site.assetBase, key, text, at);
    if (siteKnown && !site.assetBaseFaulty) {
      const message = `'${key}' is the path '${text}', but site.yaml has no assetBase`;
      this.faults.add('BAD_URL', at, message, 'Write a full http(s) URL, or set assetBase in site.yaml.');
    }

    return undefined;
  }

  private absolute(key: string, text: string, at: Place): string | undefined {
    const problem = urlProblem(text);
    if (problem === undefined) return new URL(text).href;
    this.faults.add('BAD_URL', at, `'${key}' is '${text}', which ${problem}`);

    return undefined;
  }

  private below(base: string, key: string, text: string, at: Place): string | undefined {
    const url = new URL(text, base);
    if (!url.href.startsWith(base) || url.href === base) {
      const message = `'${key}' is the path '${text}', which is not below assetBase (${base})`;
      this.faults.add('BAD_URL', at, message, 'Write a path such as map.png, with neither / before it nor .. in it.');

      return undefined;
    }
    if (url.href.length > longestUrl) {
      const message = `'${key}' becomes an address of ${url.href.length} characters with assetBase`;
      this.faults.add('BAD_URL', at, message, `Shorten it; ${longestUrl} are the most that are sent to a screen.`);
    }
    const file = decoded(url.pathname.slice(new URL(base).pathname.length));
    if (this.around.assets?.has(file) === false) {
      const meant = didYouMean(file, this.around.assets);
      this.faults.add('ASSET_MISSING', at, `there is no file '${file}' in the folder assets${meant}`);
    }

    return url.href;
  }

  /** A password or PIN, from the environment where the file says so. */
  secret(tree: Tree | undefined, key: string, holder: Place): string {
    const value = childOf(tree, key);
    if (value?.kind === 'scalar' && typeof value.value === 'string') return value.value;
    const name = namedIn(value, 'env', holder);
    if (!isVariable.test(name.name)) return '';
    if (name.name.startsWith('SIGHTLINE_')) {
      const message = `'${name.name}' begins with SIGHTLINE_, which is kept for the settings of the server`;
      this.faults.add('RESERVED_NAME', name.at, message, 'Choose another name for the variable.');

      return '';
    }
    const secret = this.around.env[name.name];
    if (secret) return secret;
    this.faults.add('ENV_MISSING', name.at, `the environment variable ${name.name} is not set`);

    return '';
  }
}

/** A name, or an empty one placed at the mapping that should hold it. */
export function namedIn(tree: Tree | undefined, key: string, holder: Place): Named {
  const value = childOf(tree, key);
  const text = value?.kind === 'scalar' && typeof value.value === 'string' ? value.value : '';

  return { name: text, at: value?.at ?? holder };
}

export function namesIn(tree: Tree | undefined, key: string): Named[] {
  return itemsOf(childOf(tree, key)).flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [{ name: item.value, at: item.at }] : [],
  );
}

/** The entries of a list of names, or the keys of a mapping. */
export function keysIn(tree: Tree | undefined, key: string): Named[] {
  const value = childOf(tree, key);
  if (value?.kind !== 'map') return namesIn(tree, key);

  return entriesOf(value).map((entry) => ({ name: entry.key, at: entry.keyAt }));
}

/** The numbers of a mapping by their keys. */
export function numbersIn(tree: Tree | undefined, key: string): Record<string, number> {
  const numbers = entriesOf(childOf(tree, key)).flatMap(({ key: name, value }): [string, number][] =>
    value.kind === 'scalar' && typeof value.value === 'number' ? [[name, value.value]] : [],
  );

  return Object.fromEntries(numbers);
}

/** What a flow, or an item of a menu, says of its tickets. */
export function readWish(tree: Tree | undefined, holder: Place): WishDraft {
  return {
    class: namedIn(tree, 'class', holder),
    medium: namedIn(tree, 'medium', holder),
    designated: namedIn(tree, 'designated', holder),
  };
}

/** What is wrong with an address that has to be an http(s) URL; undefined when nothing is. */
export function urlProblem(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return 'is not a URL';
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `begins with ${url.protocol}; only http: and https: are taken`;
  if (url.username !== '' || url.password !== '') return 'holds a password, which every terminal would see';

  return undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
