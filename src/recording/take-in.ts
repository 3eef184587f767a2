import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '../lib/logger';
import { changedAt, idIn, isDraft, measure, renditionEnd, sidecarEnd, type Day } from './files';
import { daysMs, isOpen, type Entry, type RecordingRecord, type StoredPart, type WrittenPart } from './model';

/** What a file of the engine tells of itself, when nobody has written down its end; undefined when nothing in it can be played. */
export type Recover = (file: string) => Promise<WrittenPart | undefined>;

export interface TakeInPorts {
  root: string;
  site: string;
  node: string;
  recover: Recover;
  now(): number;
  /** Whether this process works on what has this id. */
  isOurs(id: string): boolean;
  /**
   * Whether an engine that has outlived the former process may still write what that one had begun, to files that have changed last at
   * `changed`, in ms since the epoch.
   */
  isWrittenOn(changed: number): boolean;
  log: Logger;
  /** Days for which a recording is kept that nobody knows anything of. */
  retention: number;
}

/**
 * Finishes what a crash has left in a day's folder: recordings without an end are measured and get one, marked as cut; files
 * whose sidecar is lost get a new one, so that they are found and, in time, deleted.
 *
 * @returns the entries that are new or changed, and whether some are to be looked at again since their files are still written.
 */
export async function takeIn(ports: TakeInPorts, day: Day): Promise<{ taken: RecordingRecord[]; waits: boolean }> {
  const folder = path.join(ports.root, day.folder);
  const left = day.drafts.filter((name) => !ports.isOurs(idIn(name) ?? ''));
  await Promise.all(left.map((name) => rm(path.join(folder, name), { force: true })));
  const taken: RecordingRecord[] = [];
  let waits = false;
  for (const entry of day.entries) {
    if (entry.kind !== 'recording' || !isOpen(entry) || ports.isOurs(entry.id)) continue;
    const isOwn = entry.node === ports.node;
    if (isOwn ? await isStillWritten(ports, day, entry) : await isAlive(ports, day, entry)) {
      waits ||= isOwn;
      continue;
    }
    taken.push(await finish(ports, folder, entry, day.files.get(entry.id) ?? []));
  }
  for (const [id, files] of day.files) {
    if (!id.startsWith('rec_') || ports.isOurs(id) || day.entries.some((entry) => entry.id === id)) continue;
    const found = await finish(ports, folder, unknown(ports, day, id), files);
    if (found.parts.length > 0) taken.push(found);
  }
  for (const name of day.broken) ports.log.error({ file: path.join(day.folder, name) }, 'a sidecar cannot be read');

  return { taken, waits };
}

async function isStillWritten({ root, isWrittenOn }: TakeInPorts, day: Day, { id }: Entry): Promise<boolean> {
  const files = day.files.get(id) ?? [];
  const changed = await Promise.all(files.map((name) => changedAt(path.join(root, day.folder, name))));

  return isWrittenOn(Math.max(0, ...changed));
}

/** Another node may be writing it at this moment, where several share the folder. One that stands still for a day is nobody's. */
async function isAlive({ root, now }: TakeInPorts, day: Day, entry: Entry): Promise<boolean> {
  const names = [entry.id + sidecarEnd, ...(day.files.get(entry.id) ?? [])];
  const changed = await Promise.all(names.map((name) => changedAt(path.join(root, day.folder, name))));

  return Math.max(...changed) > now() - daysMs(1);
}

/** What can be said of a recording whose sidecar is lost: the day, and no more. */
function unknown({ site, node, retention }: TakeInPorts, day: Day, id: string): RecordingRecord {
  const startedAt = Date.parse(`${day.folder.split(path.sep).join('-')}T00:00:00Z`);

  return {
    ...{ v: 1, kind: 'recording', id, site, node, call: 'unknown', by: { kind: 'server' } },
    ...{ why: 'found without its sidecar', retainUntil: startedAt + daysMs(retention) },
    ...{ startedAt, parts: [], masked: [], events: [], cut: true },
  };
}

async function finish(
  ports: TakeInPorts,
  folder: string,
  entry: RecordingRecord,
  names: string[],
): Promise<RecordingRecord> {
  const parts = await readParts(ports, folder, names, entry.startedAt);
  const endedAt = Math.round(Math.max(entry.startedAt, ...parts.map((part) => part.startedAt + part.duration)));
  const event = {
    at: ports.now(),
    what: 'taken in',
    by: { kind: 'server' as const },
    why: 'the server was cut off',
  };
  ports.log.warn(
    { recording: entry.id, call: entry.call, parts: parts.length },
    'a recording that was cut off is taken in',
  );

  return { ...entry, parts, endedAt, cut: true, masked: closed(entry, endedAt), events: [...entry.events, event] };
}

function closed({ masked }: RecordingRecord, endedAt: number): RecordingRecord['masked'] {
  return masked.map(({ from, to = Math.max(from, endedAt) }) => ({ from, to }));
}

/** What the engine has written, as its files alone tell it; `names` are those of one recording that began at `begun`. */
export async function readParts(
  ports: Pick<TakeInPorts, 'recover' | 'log'>,
  folder: string,
  names: readonly string[],
  begun: number,
): Promise<StoredPart[]> {
  const parts: StoredPart[] = [];
  for (const name of names) {
    const ours = !isDraft(name) && !name.endsWith(renditionEnd) && !name.endsWith(sidecarEnd);
    const part = ours ? await readPart(ports, path.join(folder, name), begun) : undefined;
    if (part) parts.push(part);
  }

  return parts;
}

/** A file that nothing can be read of is kept all the same: it may be mended by hand. An empty one is nothing. */
async function readPart(
  { recover, log }: Pick<TakeInPorts, 'recover' | 'log'>,
  file: string,
  begun: number,
): Promise<StoredPart | undefined> {
  const measured = await measure(file);
  if (!measured || measured.bytes === 0) return undefined;
  const found = await recover(file).catch((error: unknown) => void log.error({ err: error, file }, 'ffprobe failed'));
  if (!found) log.warn({ file }, 'a recording that was cut off cannot be read');
  const { duration = 0, tracks = [], startedAt = 0 } = found ?? {};

  // A file that does not tell its beginning began with the recording.
  return {
    file: path.basename(file),
    ...measured,
    duration,
    tracks,
    startedAt: Math.max(begun, Math.round(startedAt)),
  };
}

/** The files of an entry, besides its sidecar. */
export function filesOf(entry: Entry): string[] {
  if (entry.kind === 'snapshot') return [entry.file];

  return [...entry.parts.map(({ file }) => file), ...(entry.rendition ? [entry.rendition.file] : [])];
}
