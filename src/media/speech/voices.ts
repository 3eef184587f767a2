/** Names of espeak-ng's voices that differ from the language subtag (BCP 47) that a locale begins with. */
const voices: Readonly<Record<string, string>> = { zh: 'cmn', no: 'nb', iw: 'he' };
/** Regions that have a voice of their own. */
const regional: ReadonlySet<string> = new Set(['en-us', 'en-gb', 'pt-br', 'es-419', 'fr-be', 'fr-ch']);

/** The voice of espeak-ng for a locale. One that it has not got speaks with its default voice, which is English. */
export function voiceOf(locale: string): string {
  const tag = locale.toLowerCase();
  if (regional.has(tag)) return tag;
  const language = tag.split('-')[0] ?? '';
  if (!/^[a-z]{2,3}$/.test(language)) return 'en';

  return Object.hasOwn(voices, language) ? (voices[language] as string) : language;
}
