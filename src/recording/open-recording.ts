import path from 'node:path';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import { measure, namesOf } from './files';
import type { Ledger } from './ledger';
import type { Asker, RecordingRecord, StoredPart, WrittenPart } from './model';
import { readParts, type Recover } from './take-in';

/** Who ended a recording and why; `failure` when it ended before it was meant to. */
export interface RecordingEnd {
  by: Asker;
  why?: string;
  failure?: string;
}

/** A recording that is going on. Its changes are written one after the other; none of them rejects. */
export class OpenRecording {
  private writing: Promise<void> = Promise.resolve();
  private finishing: Promise<RecordingRecord> | undefined;

  constructor(
    readonly record: RecordingRecord,
    private readonly ledger: Ledger,
    private readonly ports: { clock: Clock; log: Logger; recover: Recover },
    private readonly onEnd: (id: string) => void,
  ) {}

  get id(): string {
    return this.record.id;
  }

  /** Whole path without extension, for `MediaServer.record`. The folder is there. */
  get base(): string {
    return this.ledger.pathOf(this.record, this.record.id);
  }

  get masked(): boolean {
    const last = this.record.masked.at(-1);

    return last !== undefined && last.to === undefined;
  }

  /** Notes that nothing is kept from now on, or that it is again. */
  mask(on: boolean, by: Asker, why?: string): Promise<void> {
    const at = this.ports.clock.now();
    const last = this.record.masked.at(-1);
    if (on && !this.masked) this.record.masked.push({ from: at });
    else if (!on && last && this.masked) last.to = at;

    return this.note(on ? 'mask' : 'unmask', by, why);
  }

  /** Writes down what was done to it, and by whom. */
  note(what: string, by: Asker, why?: string): Promise<void> {
    this.record.events.push({ at: this.ports.clock.now(), what, by, ...(why === undefined ? {} : { why }) });

    return this.write();
  }

  /**
   * Its end: measures the files that were written, and keeps all of it. Without `parts` the engine could not tell what it has written:
   * then its files are read, and the recording is marked as cut. Twice gives the same.
   */
  finish(parts: readonly WrittenPart[] | undefined, end: RecordingEnd): Promise<RecordingRecord> {
    this.finishing ??= this.finishOnce(parts, end);

    return this.finishing;
  }

  private async finishOnce(parts: readonly WrittenPart[] | undefined, end: RecordingEnd): Promise<RecordingRecord> {
    const { record } = this;
    const endedAt = this.ports.clock.now();
    const last = record.masked.at(-1);
    if (last && last.to === undefined) last.to = endedAt;
    record.parts = await (parts ? this.measured(parts) : this.found());
    // Where nothing was written there is nothing that could have been cut.
    record.cut = !parts && record.parts.length > 0;
    record.endedAt = endedAt;
    if (end.failure !== undefined) record.failure = end.failure.slice(0, 1000);
    await this.note(end.failure === undefined ? 'stop' : 'failed', end.by, end.why ?? end.failure?.slice(0, 1000));
    this.onEnd(record.id);

    return structuredClone(record);
  }

  /** What lies on the disk of it. */
  private async found(): Promise<StoredPart[]> {
    const folder = path.dirname(this.base);
    try {
      return await readParts(this.ports, folder, await namesOf(folder, this.id), this.record.startedAt);
    } catch (error) {
      this.ports.log.error({ err: error, recording: this.id }, 'the files of a recording cannot be read');

      return [];
    }
  }

  private async measured(parts: readonly WrittenPart[]): Promise<StoredPart[]> {
    const kept: StoredPart[] = [];
    for (const part of parts) {
      const measured = await measure(part.file).catch((error: unknown) => {
        this.ports.log.error({ err: error, recording: this.id }, 'a part of a recording cannot be read');

        return undefined;
      });
      if (!measured) continue;
      const { startedAt, duration, tracks } = part;
      const file = path.basename(part.file);
      kept.push({ file, ...measured, startedAt: Math.round(startedAt), duration: Math.max(0, duration), tracks });
    }

    return kept;
  }

  private write(): Promise<void> {
    this.writing = this.writing.then(() => this.ledger.update(this.record));

    return this.writing;
  }
}
