import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { SightlineError } from '../../lib/errors';
import { newId } from '../../lib/ids';
import type { Logger } from '../../lib/logger';
import { espeak } from './espeak';
import { voiceOf } from './voices';

export interface SpeechOptions {
  /** Folder of the prompts that were made; is created when needed, may be shared and emptied at any time. */
  cacheDir: string;
  log: Logger;
  /** Default `espeak-ng`, found by PATH. */
  command?: string;
  /** Files that are kept; the ones longest unused go first. Default 5,000, some 400 MB at the most. */
  mostFiles?: number;
  /** After so many new files the folder is looked through for what is too much. Default 200. */
  sweepEvery?: number;
  /** Processes at once. Default 2. */
  mostAtOnce?: number;
}

/** Part of every file's name: to be raised when the same words are to sound different. */
const version = 1;

/**
 * Speaks what nobody has recorded: texts as WAV files, made by espeak-ng and kept by content. Whoever asks for the same while it is being
 * made waits for the one run. Without espeak-ng there are no files, which is told in the log once.
 */
export class Speech {
  private readonly underWay = new Map<string, Promise<string | undefined>>();
  private readonly running = new Set<ChildProcess>();
  private readonly waiting: (() => void)[] = [];
  private made = 0;
  private told = false;
  private closed = false;

  constructor(private readonly options: SpeechOptions) {}

  /** The file that says `text` in the language of `locale` (BCP 47); undefined when it cannot be made. Never rejects. */
  say(text: string, locale: string): Promise<string | undefined> {
    const words = text.replace(/\s+/g, ' ').trim();
    const voice = voiceOf(locale);
    const name = createHash('sha256')
      .update(JSON.stringify([version, voice, words]))
      .digest('hex')
      .slice(0, 32);
    const file = path.join(this.options.cacheDir, `${name}.wav`);
    if (this.closed || words === '') return Promise.resolve(undefined);
    let run = this.underWay.get(file);
    if (!run) {
      run = this.keptOrMade(file, words, voice).finally(() => this.underWay.delete(file));
      this.underWay.set(file, run);
    }

    return run;
  }

  /** Ends what runs. Twice is harmless. Resolves when no process is left. */
  async close(): Promise<void> {
    this.closed = true;
    for (const child of this.running) child.kill('SIGKILL');
    for (const go of this.waiting.splice(0)) go();
    await Promise.all(this.underWay.values());
  }

  private async keptOrMade(file: string, text: string, voice: string): Promise<string | undefined> {
    try {
      if (await isThere(file)) return file;
      await this.make(file, text, voice);

      return file;
    } catch (error) {
      if (!this.closed && !this.told) {
        this.told = true;
        const remedy = 'install espeak-ng, or record prompts; menus are shown and keys work all the same';
        this.options.log.warn({ err: error, remedy }, 'prompts that nobody recorded cannot be spoken');
      }

      return undefined;
    }
  }

  private async make(file: string, text: string, voice: string): Promise<void> {
    await this.turn();
    const part = `${file}.${newId('part')}`;
    try {
      await mkdir(path.dirname(file), { recursive: true });
      // A language that espeak-ng cannot speak is better read in a strange accent than not at all.
      await this.run(text, voice, part).catch(() => this.run(text, 'en', part));
      // Whole or not at all: somebody may be about to play it.
      await rename(part, file);
      this.told = false;
    } finally {
      await rm(part, { force: true });
      this.waiting.shift()?.();
    }
    if (++this.made % (this.options.sweepEvery ?? 200) === 0) await this.sweep();
  }

  private async run(text: string, voice: string, file: string): Promise<void> {
    if (this.closed) throw new SightlineError('MEDIA_GONE');
    const { child, done } = espeak(this.options.command ?? 'espeak-ng', { text, voice, file });
    this.running.add(child);
    await done.finally(() => this.running.delete(child));
  }

  /** Resolves when another process may run. */
  private async turn(): Promise<void> {
    while (!this.closed && this.running.size >= (this.options.mostAtOnce ?? 2)) {
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private async sweep(): Promise<void> {
    const { cacheDir, mostFiles = 5000 } = this.options;
    const names = (await readdir(cacheDir)).filter((name) => name.endsWith('.wav'));
    if (names.length <= mostFiles) return;
    const files = await Promise.all(names.map((name) => lastUse(path.join(cacheDir, name))));
    const oldest = files.sort((a, b) => a.at - b.at).slice(0, names.length - mostFiles);
    await Promise.all(oldest.map(({ file }) => rm(file, { force: true })));
  }
}

async function lastUse(file: string): Promise<{ file: string; at: number }> {
  try {
    return { file, at: (await stat(file)).mtimeMs };
  } catch {
    return { file, at: 0 };
  }
}

/** Whether the file is there; it counts as used now. */
async function isThere(file: string): Promise<boolean> {
  try {
    if ((await stat(file)).size === 0) return false;
    const now = new Date();
    await utimes(file, now, now);

    return true;
  } catch {
    return false;
  }
}
