import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** A disk of its own for one test, small enough to be filled. */
export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** Mounts one at this folder; undefined where this user may not. */
  static mount(folder: string, kibibytes: number): SmallDisk | undefined {
    mkdirSync(folder, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${kibibytes}k`, 'none', folder], { stdio: 'ignore' });

      return new SmallDisk(folder);
    } catch {
      return undefined;
    }
  }

  /** Whether disks can be mounted here at all. */
  static possible(folder: string): boolean {
    const disk = SmallDisk.mount(folder, 64);
    disk?.unmount();
    rmSync(folder, { recursive: true, force: true });

    return disk !== undefined;
  }

  /** Takes all the room that is left. */
  fill(): void {
    for (let bytes = 1024 * 1024; bytes >= 4096; bytes /= 2) this.fillBy(bytes);
  }

  private fillBy(bytes: number): void {
    try {
      for (let count = 0; ; count++)
        writeFileSync(path.join(this.folder, `ballast-${bytes}-${count}`), Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  /** Gives back what `fill` has taken. */
  empty(): void {
    for (const name of readdirSync(this.folder)) if (name.startsWith('ballast')) rmSync(path.join(this.folder, name));
  }

  unmount(): void {
    execFileSync('umount', ['-l', this.folder]);
  }
}
