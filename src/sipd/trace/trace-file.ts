import { createWriteStream, existsSync, openSync, renameSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import type { Logger } from '../../lib/logger';
import type { TraceEvent } from './event';
import { pcapHeader, pcapRecord } from './pcap';

/** Bytes of a file before the next is begun; one that is full is kept beside it. */
const fileLimit = 64 * 1_048_576;
/** Bytes that may wait for a slow disk; messages beyond are left out and counted, the server goes on. */
const mostWaiting = 4 * 1_048_576;

/**
 * Keeps what it is told of in a pcap file that Wireshark and sngrep read: the newest messages up to a limit, and as many before
 * them in a file of the same name with `.1` behind it. A disk that cannot be written costs the trace, never a call.
 */
export class TraceFile {
  /** Messages that are in no file. */
  lost = 0;
  private out: WriteStream | undefined;
  private size = 0;
  private readonly ending = new Set<Promise<void>>();
  private isOver = false;
  private isBroken = false;

  /**
   * Begins a new file; what an earlier run left becomes the one before it.
   * @param failed called once when it cannot be written; nothing is tried again
   */
  constructor(
    private readonly path: string,
    private readonly failed: (error: unknown) => void,
    private readonly limit = fileLimit,
  ) {
    this.begin();
  }

  add(event: TraceEvent): void {
    if (this.size >= this.limit) this.begin();
    if (!this.out || this.out.writableLength > mostWaiting) this.lost++;
    else this.write(pcapRecord(event));
  }

  /** Resolves when what was told is in the file. Twice is harmless. */
  async close(): Promise<void> {
    this.isOver = true;
    this.end();
    await Promise.all(this.ending);
  }

  private begin(): void {
    this.end();
    if (this.isOver) return;
    let out: WriteStream;
    try {
      if (existsSync(this.path)) renameSync(this.path, `${this.path}.1`);
      // It tells who called whom: for nobody but its owner. Opened at once, so that it is there to be renamed.
      out = createWriteStream(this.path, { fd: openSync(this.path, 'w', 0o600) });
    } catch (error) {
      return this.giveUp(error);
    }
    out.on('error', (error) => this.giveUp(error));
    const ended = new Promise<void>((resolve) => out.once('close', resolve));
    this.ending.add(ended);
    void ended.then(() => this.ending.delete(ended));
    this.out = out;
    this.size = 0;
    this.write(pcapHeader());
  }

  private write(bytes: Buffer): void {
    this.size += bytes.length;
    this.out?.write(bytes);
  }

  private end(): void {
    this.out?.end();
    this.out = undefined;
  }

  private giveUp(error: unknown): void {
    this.out?.destroy();
    this.out = undefined;
    this.isOver = true;
    if (this.isBroken) return;
    this.isBroken = true;
    this.failed(error);
  }
}

/** The trace of the setting, if there is one; one that cannot be written is told of once. */
export function openTraceFile(path: string | undefined, log: Logger): TraceFile | undefined {
  if (path === undefined) return undefined;

  return new TraceFile(path, (error) => {
    const remedy = 'make room or choose another place with SIGHTLINE_SIP_TRACE, and restart';
    log.error({ err: error, file: path }, `SIP messages are not traced any more, calls go on: ${remedy}`);
  });
}
