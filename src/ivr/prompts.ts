import type { ServerMessage } from './messages';
import { phrasesOf, type Speaking } from './voice';

export interface PromptSources {
  /** The recorded file of a prompt in a language, as a whole path; undefined when there is none. */
  recorded(locale: string, prompt: string): string | undefined;
  /** A file that says a text; undefined when none can be made. */
  speak(text: string, locale: string): Promise<string | undefined>;
}

/** The sound files that say a message, in order: recorded ones first, a machine's where there is none. Never rejects. */
export async function promptFiles(
  message: ServerMessage,
  speaking: Speaking,
  sources: PromptSources,
): Promise<readonly string[]> {
  const { locale } = speaking;
  const files = await Promise.all(
    phrasesOf(message, speaking).map(({ prompt, text }) => {
      const recorded = prompt === undefined ? undefined : sources.recorded(locale, prompt);

      return recorded ?? sources.speak(text, locale).catch(() => undefined);
    }),
  );

  return files.filter((file) => file !== undefined);
}
