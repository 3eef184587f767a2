import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pause, type Clock } from '../../lib/clock';
import { SightlineError } from '../../lib/errors';
import { type Channel, isPlainPath, quoted } from './channel';
import { isPng, isWholePng } from './png';

/** How many pictures stay on the disk; the oldest go first. A page of a menu that is shown again needs no new file. */
const keptPictures = 500;
const snapshotMs = 3000;
/** FreeSWITCH tells nothing when a snapshot is written. */
const lookMs = 50;

/** The folder that this process and FreeSWITCH both see: pictures go there, snapshots come from there. */
export class MediaFolder {
  /** By content hash, the one used last at the end. */
  private readonly pictures = new Map<string, Promise<string>>();

  private constructor(
    readonly base: string,
    private readonly clock: Clock,
  ) {}

  /** @throws MEDIA_UNAVAILABLE when it cannot be made or written. */
  static async open(base: string, clock: Clock): Promise<MediaFolder> {
    const folder = path.join(path.resolve(base), 'freeswitch', randomUUID());
    if (!isPlainPath(folder)) {
      throw new SightlineError(
        'MEDIA_UNAVAILABLE',
        `FreeSWITCH cannot be told the path ${folder}: it has quotes or braces`,
      );
    }
    try {
      // FreeSWITCH may run as another user.
      await mkdir(folder, { recursive: true, mode: 0o777 });
    } catch (error) {
      throw new SightlineError('MEDIA_UNAVAILABLE', `The folder ${folder} cannot be written`, { cause: error });
    }

    return new MediaFolder(folder, clock);
  }

  /** The path of a file with this picture. @throws BAD_REQUEST when it is no PNG. */
  picture(png: Buffer): Promise<string> {
    if (!isPng(png)) return Promise.reject(new SightlineError('BAD_REQUEST', 'The picture is no PNG'));
    const hash = createHash('sha256').update(png).digest('hex').slice(0, 32);
    const known = this.pictures.get(hash);
    const file = known ?? this.write(`${hash}.png`, png);
    this.pictures.delete(hash);
    this.pictures.set(hash, file);
    file.catch(() => this.pictures.delete(hash));
    if (!known) this.sweep();

    return file;
  }

  /** The path of a video file, as FreeSWITCH is to be told it. @throws MEDIA_UNAVAILABLE when it is not there. */
  async video(file: string): Promise<string> {
    const found = await access(file).then(
      () => true,
      () => false,
    );
    if (!found || !isPlainPath(file))
      throw new SightlineError('MEDIA_UNAVAILABLE', `The video ${file} cannot be played`);

    return /\.(mp4|m4a|mov|mkv|webm|png)$/i.test(file) ? path.resolve(file) : `av://${path.resolve(file)}`;
  }

  /** A PNG of what the peer of a channel sends. @throws MEDIA_GONE when none comes within 3 s. */
  async snapshot(channel: Channel): Promise<Buffer> {
    const until = this.clock.now() + snapshotMs;
    // A decoder that has rested gives what it decoded before the rest first.
    await this.written(channel, until);

    return this.written(channel, until);
  }

  private async written(channel: Channel, until: number): Promise<Buffer> {
    const file = path.join(this.base, `${randomUUID()}.png`);
    try {
      await channel.run('uuid_write_png', quoted(file));
      for (let look = 0; this.clock.now() < until; look++) {
        // A request for a key frame may be lost on the way like anything else.
        if (look % 10 === 0) await channel.run('uuid_video_refresh');
        await pause(this.clock, lookMs);
        const png = await readFile(file).catch(() => undefined);
        if (png && isWholePng(png)) return png;
      }
      throw new SightlineError('MEDIA_GONE', 'The peer sends no picture');
    } finally {
      await rm(file, { force: true });
    }
  }

  async close(): Promise<void> {
    this.pictures.clear();
    await rm(this.base, { recursive: true, force: true });
  }

  private async write(name: string, content: Buffer): Promise<string> {
    const file = path.join(this.base, name);
    const draft = `${file}.${randomUUID()}`;
    try {
      await writeFile(draft, content);
      await rename(draft, file);
    } catch (error) {
      await rm(draft, { force: true });
      const full = (error as NodeJS.ErrnoException).code === 'ENOSPC';
      throw new SightlineError(full ? 'STORAGE_FULL' : 'MEDIA_UNAVAILABLE', undefined, { cause: error });
    }

    return file;
  }

  private sweep(): void {
    while (this.pictures.size > keptPictures) {
      const [oldest, file] = this.pictures.entries().next().value ?? [];
      if (!oldest || !file) return;
      this.pictures.delete(oldest);
      file.then((name) => rm(name, { force: true })).catch(() => undefined);
    }
  }
}
