import type { Draft, MenuDraft, Named, PageDraft } from '../draft';
import type { Faults, Place } from '../faults';
import { didYouMean } from '../nearest';

/** Contrast below which text is hard to read (WCAG 2.2, criterion 1.4.3). */
const leastContrast = 4.5;
/** Names that one message lists. */
const mostListed = 8;

/** Prompts that belong to no page. */
export const commonPrompts = ['queue', 'next', 'connected', 'ended', 'callback'] as const;

/** What phones without a screen program see and hear: files that are not there, and colours that cannot be told apart. */
export function checkFiles(draft: Draft, assets: ReadonlySet<string>, faults: Faults): void {
  const { look } = draft.site;
  if (contrast(look.background, look.text) < leastContrast) {
    const message = `the text ${look.text} is hard to read on the background ${look.background}`;
    faults.add('LOW_CONTRAST', lookPlace(draft), message);
  }
  const named = [look.logo, ...draft.queues.flatMap(({ hold }) => [hold.video, hold.music])];
  for (const file of named) checkAsset(file, assets, faults);
  checkPrompts(draft, faults);
}

function lookPlace({ site }: Draft): Place {
  return { ...site.look.logo.at };
}

function checkAsset({ name, at }: Named, assets: ReadonlySet<string>, faults: Faults): void {
  if (name === '' || assets.has(name)) return;
  faults.add('ASSET_MISSING', at, `there is no file '${name}' in the folder assets${didYouMean(name, assets)}`);
}

/** A language with one recorded prompt should have all of them: a voice that changes in the middle of a page is odd. */
function checkPrompts(draft: Draft, faults: Faults): void {
  const there = new Set(draft.prompts.filter((file) => file.includes('/') && file.endsWith('.wav')));
  const known = new Set<string>();
  for (const { name: locale } of draft.site.locales) {
    for (const name of commonPrompts) known.add(`${locale}/${name}.wav`);
    const recorded = [...there].some((file) => file.startsWith(`${locale}/`));
    for (const menu of draft.menus) checkMenu(menu, locale, { there, known, recorded }, faults);
  }
  for (const file of there) {
    if (known.has(file)) continue;
    const at = { file: `prompts/${file}`, line: 1, column: 1 };
    faults.add('PROMPT_UNKNOWN', at, `nothing plays prompts/${file}${didYouMean(file, known)}`);
  }
}

interface Prompts {
  there: ReadonlySet<string>;
  known: Set<string>;
  /** Whether the language has any. */
  recorded: boolean;
}

function checkMenu(menu: MenuDraft, locale: string, { there, known, recorded }: Prompts, faults: Faults): void {
  for (const page of menu.pages) {
    const wanted = promptsOf(menu, page).map((name) => `${locale}/${name}`);
    for (const file of wanted) known.add(file);
    const missing = wanted.filter((file) => !there.has(file));
    if (!recorded || missing.length === 0) continue;
    const more = missing.length > mostListed ? ` and ${missing.length - mostListed} more` : '';
    const names = missing.slice(0, mostListed).map((file) => `prompts/${file}`);
    faults.add('PROMPT_MISSING', page.id.at, `the page '${page.id.name}' lacks ${names.join(', ')}${more}`);
  }
}

function promptsOf(menu: MenuDraft, page: PageDraft): string[] {
  const stem = `${menu.id.name}.${page.id.name}`;

  return [`${stem}.wav`, ...page.items.map(({ key }) => `${stem}.${key.name}.wav`)];
}

/** Contrast ratio of two colours `#rrggbb`, from 1 to 21; 21 where one cannot be read, which was told of already. */
export function contrast(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)];
  if (a === undefined || b === undefined) return 21;

  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number | undefined {
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!parts) return undefined;
  const [red = 0, green = 0, blue = 0] = parts.slice(1).map((hex) => {
    const share = parseInt(hex, 16) / 255;

    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });

  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
