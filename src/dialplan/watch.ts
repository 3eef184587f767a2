import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../lib/clock';
import { isSiteFile } from './files';

/** After the last sign of a change the folder has to be quiet for this long, so that a save is seen whole. */
const quietMs = 100;
/** However busy the folder is, a change is looked at after this long. */
const patienceMs = 400;
/** The folder is also looked at this often: network drives and replaced folders give no signs. */
const pollMs = 500;

/**
 * Watches the YAML files of a site and calls `onChange` once they have come to rest after a change. It listens for the
 * file system's own signs and, because those are lost on network drives and when a folder is replaced, compares sizes and
 * times as well.
 */
export class SiteWatcher {
  private watchers: FSWatcher[] = [];
  private known = '';
  private cancelPoll: () => void = () => undefined;
  private cancelQuiet: (() => void) | undefined;
  private changedAt: number | undefined;
  private closed = false;

  constructor(
    private readonly folder: string,
    private readonly clock: Clock,
    private readonly onChange: () => void,
  ) {}

  async start(): Promise<void> {
    this.known = await fingerprint(this.folder);
    this.listen();
    this.poll();
  }

  close(): void {
    this.closed = true;
    this.deafen();
    this.cancelPoll();
    this.cancelQuiet?.();
  }

  /** Signs come from the folder and from menus/ in it; both are taken anew when the folder itself has changed. */
  private listen(): void {
    this.deafen();
    for (const folder of [this.folder, path.join(this.folder, 'menus')]) {
      try {
        const watcher = watch(folder, { persistent: false }, (_, name) => this.noticed(name));
        watcher.on('error', () => watcher.close());
        this.watchers.push(watcher);
      } catch {
        // The folder is not there, or the system has no watches left: the poll sees to it.
      }
    }
  }

  private deafen(): void {
    for (const watcher of this.watchers) watcher.close();
    this.watchers = [];
  }

  private noticed(name: string | null): void {
    if (name === null || isSiteFile(name) || name === 'menus') this.changed();
  }

  private changed(): void {
    if (this.closed) return;
    this.changedAt ??= this.clock.now();
    const left = this.changedAt + patienceMs - this.clock.now();
    this.cancelQuiet?.();
    this.cancelQuiet = this.clock.after(Math.max(0, Math.min(quietMs, left)), () => {
      this.changedAt = undefined;
      this.cancelQuiet = undefined;
      this.onChange();
    });
  }

  private poll(): void {
    if (this.closed) return;
    this.cancelPoll = this.clock.after(pollMs, () => void this.look().finally(() => this.poll()));
  }

  private async look(): Promise<void> {
    const now = await fingerprint(this.folder);
    if (now === this.known || this.closed) return;
    this.known = now;
    this.listen();
    this.changed();
  }
}

/** Names, sizes, times and identities of the files that matter: differs when anything was written or replaced. */
export async function fingerprint(folder: string): Promise<string> {
  const parts = await Promise.all([
    describe(folder, ''),
    describe(path.join(folder, 'menus'), 'menus/'),
    namesIn(path.join(folder, 'prompts')),
  ]);

  return parts.join('\n');
}

/** Of prompts only the names matter: the plan says which there are. */
async function namesIn(folder: string): Promise<string> {
  try {
    return (await readdir(folder, { recursive: true })).sort().join('\n');
  } catch {
    return 'none';
  }
}

async function describe(folder: string, prefix: string): Promise<string> {
  try {
    const names = (await readdir(folder)).filter(isSiteFile).sort();
    const files = await Promise.all(names.map((name) => describeFile(path.join(folder, name), prefix + name)));

    return `${prefix} ${(await stat(folder)).ino}\n${files.join('\n')}`;
  } catch {
    return `${prefix} none`;
  }
}

async function describeFile(file: string, name: string): Promise<string> {
  try {
    const { size, mtimeMs, ino } = await stat(file);

    return `${name} ${size} ${mtimeMs} ${ino}`;
  } catch {
    return `${name} gone`;
  }
}
