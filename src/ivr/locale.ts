import type { SiteLocales } from './model';

interface LanguageRange {
  readonly range: string;
  readonly quality: number;
}

const MAX_RANGES = 20;

/**
 * The locale a call is held in: the site's best match for what the terminal wants, else the site's default.
 *
 * `wanted` is an Accept-Language header (RFC 3261 section 20.3) or a single language tag, as in a help request. Each range is
 * looked up (RFC 4647 section 3.4) in order of its quality. A range that only a more special locale of the site covers takes that
 * one (`de` is served `de-CH`), because a person who reads German is better off with it than with the default.
 */
export function negotiateLocale(wanted: string | undefined, site: SiteLocales): string {
  for (const range of languageRanges(wanted ?? '')) {
    if (range === '*') break;
    const found = lookupLocale(range, site.locales) ?? moreSpecial(range, site.locales);
    if (found !== undefined) return found;
  }

  return site.defaultLocale;
}

/** RFC 4647 section 3.4 lookup of one range: the range is cut from its end until a locale equals it. */
export function lookupLocale(range: string, locales: readonly string[]): string | undefined {
  const subtags = range.toLowerCase().split('-');
  while (subtags.length > 0) {
    const tag = subtags.join('-');
    const found = locales.find((locale) => locale.toLowerCase() === tag);
    if (found !== undefined) return found;
    subtags.pop();
    // A single letter only introduces the subtag behind it (an extension or private use), so it goes along.
    if (subtags.at(-1)?.length === 1) subtags.pop();
  }

  return undefined;
}

function moreSpecial(range: string, locales: readonly string[]): string | undefined {
  const prefix = `${range.toLowerCase().split('-')[0]}-`;

  return locales.find((locale) => locale.toLowerCase().startsWith(prefix));
}

/** The ranges of an Accept-Language header, best first; those with q=0 and those that cannot be read are left out. */
function languageRanges(header: string): string[] {
  return header
    .split(',', MAX_RANGES)
    .map(readRange)
    .filter((entry): entry is LanguageRange => entry !== undefined && entry.quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map((entry) => entry.range);
}

function readRange(text: string): LanguageRange | undefined {
  const [range = '', ...params] = text.split(';').map((part) => part.trim());
  // Some terminals write the POSIX form de_CH.
  const tag = range.replaceAll('_', '-');
  if (!/^(\*|[a-z]{1,8}(-[a-z0-9]{1,8})*)$/i.test(tag)) return undefined;
  const q = params.map((param) => /^q\s*=\s*([0-9.]+)$/i.exec(param)?.[1]).find((value) => value !== undefined);
  const quality = q === undefined ? 1 : Number(q);

  return Number.isFinite(quality) ? { range: tag, quality } : undefined;
}
