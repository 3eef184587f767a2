import { judge, kinds } from './judge';
import type { Kind } from './judge';
import { controlStream, wsStream } from './frames';
import { mutant } from './mutate';
import { Random } from './random';
import { readSeeds } from './seeds';
import type { Seeds } from './seeds';
import { Target } from './target';

export interface FuzzOptions {
  datagrams: number;
  streams: number;
  /** SDP, JSON of INFO, and Authorization headers, each as many. */
  bodies: number;
  /** Connections of WebSocket and of applications, each as many; none unless given. */
  frames?: number;
  seed: number;
  /** Gives the octets that objects hold; without it they are not told. */
  weigh?: () => Promise<number>;
  progress?: (line: string) => void;
}

export type FrameKind = 'websocket' | 'control';

export interface Finding {
  kind: Kind | 'stream' | FrameKind;
  what: string;
  bytes: Buffer;
}

export interface FuzzReport {
  findings: Finding[];
  /** What is in use after a tenth of each part, and at the end; each with no transaction left. */
  memory: { before: Memory; after: Memory };
  /** Transactions and dialogs that were left at the end. */
  left: number;
}

/** In octets: what the objects of the program hold (0 if nothing weighs them), and what the system has given the process. */
export interface Memory {
  alive: number;
  resident: number;
}

const megabyte = 1024 * 1024;
const batch = 32;
const atOnce = 8;

/** Feeds a server with mutations. The same seed and numbers give the same input. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzReport> {
  const run = new Run(options, await Target.start());
  try {
    return await run.all();
  } finally {
    run.close();
    await run.target.close();
  }
}

class Run {
  private readonly random: Random;
  private readonly seeds: Seeds;
  private readonly findings: Finding[] = [];
  /** What was sent last, to tell what an error is of. */
  private recent: Finding[] = [];
  private dialogSeeds: string[] = [];
  private readonly onError = (error: unknown): void => this.blame(`ended the process: ${textOf(error)}`);

  constructor(
    private readonly options: FuzzOptions,
    readonly target: Target,
  ) {
    this.random = new Random(options.seed);
    this.seeds = readSeeds();
    process.on('uncaughtException', this.onError);
    process.on('unhandledRejection', this.onError);
  }

  close(): void {
    process.off('uncaughtException', this.onError);
    process.off('unhandledRejection', this.onError);
  }

  async all(): Promise<FuzzReport> {
    // The heap and the tables of bounded size grow to their working size at first: what counts is whether they go on growing.
    await this.part((count) => Math.ceil(count / 10));
    const before = await this.memory();
    await this.part((count) => Math.floor(count * 0.9));
    const after = await this.memory();

    return { findings: this.findings, memory: { before: before.memory, after: after.memory }, left: after.left };
  }

  private async part(share: (count: number) => number): Promise<void> {
    const { datagrams, streams, bodies, frames = 0 } = this.options;
    await this.each('datagrams', share(datagrams), batch, (count) => this.datagrams(count));
    await this.each('streams', share(streams), atOnce, (count) => this.streams(count));
    await this.each('bodies', share(bodies), 1000, (count) => this.bodies(count));
    for (const kind of ['websocket', 'control'] as const)
      await this.each(kind, share(frames), atOnce, (count) => this.frames(kind, count));
  }

  private async each(name: string, total: number, size: number, act: (count: number) => Promise<void>): Promise<void> {
    let told = 0;
    for (let done = 0; done < total; done += size) {
      await act(Math.min(size, total - done));
      const tenth = Math.floor((10 * (done + size)) / total);
      if (tenth === told) continue;
      told = tenth;
      const rss = Math.round(process.memoryUsage.rss() / megabyte);
      this.options.progress?.(
        `${Math.min(done + size, total)} of ${total} ${name}, ${rss} MiB, ${this.findings.length} findings`,
      );
    }
  }

  private async datagrams(count: number): Promise<void> {
    if (this.dialogSeeds.length === 0 || this.random.chance(50)) await this.newDialog();
    this.recent = [];
    for (let i = 0; i < count; i += 1) {
      const bytes = Buffer.from(this.message(), 'latin1');
      this.recent.push({ kind: 'message', what: '', bytes });
      const what = judge('message', bytes);
      if (what !== undefined) this.findings.push({ kind: 'message', what, bytes });
      this.target.datagram(bytes);
    }
    await this.look();
  }

  /** A dialog that lives, for messages that are to be found in one. */
  private async newDialog(): Promise<void> {
    const { target } = this;
    this.endDialog();
    const answer = await target.ask('INVITE', []);
    const to = /^To: (.*)\r?$/m.exec(answer ?? '')?.[1];
    const id = /^Call-ID: (.*)\r?$/m.exec(answer ?? '')?.[1];
    if (to === undefined || id === undefined) return;
    const inside = ['INFO', 'UPDATE', 'INVITE', 'PRACK', 'REFER', 'NOTIFY', 'BYE', 'OPTIONS'];
    target.datagram(Buffer.from(target.request('ACK', id, [], to)));
    this.dialogSeeds = inside.map((method) => target.request(method, id, [], to).replace('CSeq: 1 ', 'CSeq: 2 '));
  }

  private endDialog(): void {
    this.target.endCalls();
    this.dialogSeeds = [];
  }

  private message(): string {
    const seeds = this.random.chance(5) && this.dialogSeeds.length > 0 ? this.dialogSeeds : this.seeds.messages;

    return mutant(this.random, seeds);
  }

  private async streams(count: number): Promise<void> {
    this.recent = [];
    const open: Promise<void>[] = [];
    for (let i = 0; i < count; i += 1) {
      const bytes = Buffer.from(this.streamText(), 'latin1');
      this.recent.push({ kind: 'stream', what: '', bytes });
      open.push(this.target.stream(this.pieces(bytes)));
    }
    await Promise.all(open);
    await this.look();
  }

  private async frames(kind: FrameKind, count: number): Promise<void> {
    this.recent = [];
    const open: Promise<void>[] = [];
    for (let i = 0; i < count; i += 1) {
      const isWebSocket = kind === 'websocket';
      const bytes = isWebSocket ? wsStream(this.random, this.seeds.messages) : controlStream(this.random);
      this.recent.push({ kind, what: '', bytes });
      open.push(isWebSocket ? this.target.webSocket(bytes) : this.target.control(bytes));
    }
    await Promise.all(open);
    await this.look();
  }

  /** Several messages one after the other, with and without faults; now and then more than a connection takes. */
  private streamText(): string {
    const texts = Array.from({ length: 1 + this.random.below(4) }, () =>
      this.random.chance(3) ? this.random.pick(this.seeds.messages) : this.message(),
    );
    if (this.random.chance(40)) texts.push(`X-Long: ${'x'.repeat(70_000)}`);
    if (this.random.chance(40))
      texts.push(`OPTIONS sip:b SIP/2.0\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`);

    return texts.join(this.random.chance(4) ? '\r\n\r\n' : '');
  }

  /** Whole, in two, in many, or octet by octet at first. */
  private pieces(bytes: Buffer): Buffer[] {
    const way = this.random.below(4);
    if (way === 0) return [bytes];
    const pieces: Buffer[] = [];
    let at = 0;
    while (at < bytes.length && pieces.length < 60) {
      const size = way === 1 ? Math.ceil(bytes.length / 2) : way === 2 ? 1 + this.random.below(400) : 1;
      pieces.push(bytes.subarray(at, at + size));
      at += size;
    }
    if (at < bytes.length) pieces.push(bytes.subarray(at));

    return pieces;
  }

  private bodies(count: number): Promise<void> {
    for (const kind of kinds) {
      if (kind === 'message') continue;
      for (let i = 0; i < count; i += 1) {
        const bytes = Buffer.from(mutant(this.random, this.seeds[kind]), 'latin1');
        const what = judge(kind, bytes);
        if (what !== undefined) this.findings.push({ kind, what, bytes });
      }
    }

    return Promise.resolve();
  }

  /** Whether the server lives and found no fault with itself. */
  private async look(): Promise<void> {
    if (!(await this.target.isAlive())) this.blame('the server does not answer any more');
    const [error] = this.target.takeErrors();
    if (error !== undefined) this.blame(error);
  }

  /** Which of the last messages it was is not known here: all of them are kept, in the order in which they came. */
  private blame(what: string): void {
    for (const finding of this.recent) this.findings.push({ ...finding, what });
    this.recent = [];
  }

  private async memory(): Promise<{ memory: Memory; left: number }> {
    this.endDialog();
    const left = await this.target.drained(30_000);
    const resident = process.memoryUsage.rss();

    return { memory: { alive: (await this.options.weigh?.()) ?? 0, resident }, left };
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
