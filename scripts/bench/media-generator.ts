import readline from 'node:readline';
import { monotonic } from '../phone';
import { readMessage, tell, type MediaMessage, type Passage, type RelayResult, type RelayTask } from './media-protocol';
import { Side, type Counter } from './media-sides';
import { round, Samples } from './numbers';

/** The process that plays both sides of every call. Its one argument is a RelayTask; it speaks JSON lines. */

/** Counts the packets that were sent in a window, and those of them that arrived. */
class Window implements Counter {
  private from = Infinity;
  private to = Infinity;
  private sentCount = 0;
  private readonly delays = new Samples();

  open(): void {
    this.from = monotonic();
  }

  close(): void {
    this.to = monotonic();
  }

  sent(at: number): void {
    if (at >= this.from && at < this.to) this.sentCount++;
  }

  received(stamp: number, at: number): void {
    if (stamp >= this.from && stamp < this.to) this.delays.add(at - stamp);
  }

  get passage(): Passage {
    const received = this.delays.count;

    return {
      sent: this.sentCount,
      received,
      lost: this.sentCount - received,
      rate: round(this.sentCount / ((this.to - this.from) / 1000), 0),
      delay: this.delays.percentiles(),
    };
  }
}

class Run implements Counter {
  private window = new Window();
  private readonly late = new Samples();
  private sides: Side[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly task: RelayTask) {}

  sent(at: number): void {
    this.window.sent(at);
  }

  received(stamp: number, at: number): void {
    this.window.received(stamp, at);
  }

  async perform(lines: AsyncIterator<string>): Promise<RelayResult> {
    for (let count = 0; count < this.task.calls * 2; count++) this.sides.push(await Side.open(this));
    const direct = await this.measureDirect();
    await this.connect(lines);
    this.begin();
    await pause(this.task.warmup * 1000);
    const cpu = process.cpuUsage();
    const startedAt = monotonic();
    this.window = new Window();
    tell({ kind: 'phase', phase: 'started' });
    this.window.open();
    await pause(this.task.duration * 1000);
    this.window.close();
    tell({ kind: 'phase', phase: 'stopped' });
    const ms = monotonic() - startedAt;
    const used = process.cpuUsage(cpu);
    // What is under way arrives.
    await pause(500);
    const { passage: relayed } = this.window;
    const ports = this.sides.flatMap((side) => side.streams.map((stream) => stream.port));
    const cpuPercent = round((used.user + used.system) / 10 / ms, 1);
    await this.close();

    return {
      direct,
      relayed,
      generator: { cpuPercent, lateMs: this.late.percentiles() },
      ports,
      seconds: round(ms / 1000),
    };
  }

  /** The two sides of each call talk to each other with nothing between: what the generator itself takes. */
  private async measureDirect(): Promise<Passage> {
    for (const [a, b] of this.pairs) {
      a.accept(b.offer);
      b.accept(a.offer);
    }
    tell({ kind: 'phase', phase: 'direct' });
    this.begin();
    await pause(500);
    this.window.open();
    await pause(this.task.direct * 1000);
    this.window.close();
    this.rest();
    await pause(200);

    return this.window.passage;
  }

  private async connect(lines: AsyncIterator<string>): Promise<void> {
    tell({ kind: 'offers', pairs: this.pairs.map(([a, b]) => ({ a: a.offer, b: b.offer })) });
    const answers = await nextMessage(lines, 'answers');
    this.pairs.forEach(([a, b], index) => {
      a.accept(answers.pairs[index]!.a);
      b.accept(answers.pairs[index]!.b);
    });
    tell({ kind: 'phase', phase: 'connected' });
  }

  private get pairs(): [Side, Side][] {
    return Array.from({ length: this.task.calls }, (_, index) => [this.sides[index * 2]!, this.sides[index * 2 + 1]!]);
  }

  private begin(): void {
    const streams = this.sides.flatMap((side) => side.streams);
    const now = monotonic();
    for (const stream of streams) stream.begin(now);
    const turn = (): void => {
      for (const stream of streams) {
        const late = stream.run(monotonic());
        if (late !== undefined) this.late.add(late);
      }
      this.timer = setTimeout(turn, 1);
    };
    turn();
  }

  private rest(): void {
    clearTimeout(this.timer);
  }

  private async close(): Promise<void> {
    this.rest();
    await Promise.all(this.sides.flatMap((side) => side.streams.map((stream) => stream.close())));
  }
}

async function nextMessage(
  lines: AsyncIterator<string>,
  kind: 'answers',
): Promise<Extract<MediaMessage, { pairs: unknown }>> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done) throw new Error(`the tool ended before ${kind}`);
    const message = readMessage(value);
    if (message?.kind === kind) return message;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

async function main(): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? '') as RelayTask;
  const input = readline.createInterface({ input: process.stdin });
  const result = await new Run(task).perform(input[Symbol.asyncIterator]());
  tell({ kind: 'result', result });
  input.close();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.stack : error);
  process.exitCode = 1;
});
