import { copyFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Baresip } from './baresip';
import { readPicture } from './ocr';

/** TEST_PICTURES names a folder where every picture that was waited for is kept, for people to look at. */
const folder = process.env.TEST_PICTURES;
let kept = 0;

/** Looks at what a phone receives until `good` of the words in it. @throws Error with what it read last. */
export async function untilReads(
  phone: Baresip,
  what: string,
  good: (words: string) => boolean,
  options: { languages?: string; ms?: number } = {},
): Promise<string> {
  const until = Date.now() + (options.ms ?? 15_000);
  for (;;) {
    const file = await phone.snapshot();
    const words = await readPicture(file, options.languages);
    if (good(words)) {
      await keepPicture(file, `${phone.options.user} ${what}`);

      return words;
    }
    if (Date.now() > until) {
      await keepPicture(file, `${phone.options.user} not ${what}`);
      throw new Error(`${phone.child.name} never saw ${what}; last it read: ${words || 'nothing'}`);
    }
  }
}

/** Keeps a picture for people, where that is asked for. */
export async function keepPicture(file: string, name: string): Promise<void> {
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await copyFile(file, path.join(folder, `${String(++kept).padStart(2, '0')} ${name}.png`.replaceAll(' ', '-')));
}
