import { setTimeout as pause } from 'node:timers/promises';
import { Samples } from './numbers';
import type { Percentiles } from './numbers';
import { openSide } from './engine-sides';
import type { Side, SideOptions } from './engine-sides';

/** One client process of `bench:engine`: it is told by its argument what to do, and prints lines of JSON. */
export interface ClientOptions extends SideOptions {
  /** In flight all the time; 0 for arrivals at a rate. */
  inFlight: number;
  /** Arrivals a second. */
  rate: number;
  /** Seconds. */
  warmup: number;
  seconds: number;
}

/** `begin` and `end` enclose what is measured. */
export type ClientMessage =
  { kind: 'ready' } | { kind: 'begin' } | { kind: 'end'; done: number; seconds: number; latencyMs?: Percentiles };

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? '') as ClientOptions;
  let samples = new Samples();
  let done = 0;
  let isOver = false;
  const side: Side = await openSide(options, {
    assigned: (ms) => samples.add(ms),
    done: () => {
      done++;
      if (options.inFlight > 0 && !isOver) side.put();
    },
  });
  tell({ kind: 'ready' });
  // All clients begin at the same time.
  await new Promise((resolve) => process.stdin.once('data', resolve));
  for (let count = 0; count < options.inFlight; count++) side.put();
  if (options.rate > 0) void putAtRate(side, options.rate, () => isOver);
  await pause(options.warmup * 1_000);
  tell({ kind: 'begin' });
  const [from, before] = [performance.now(), done];
  samples = new Samples();
  await pause(options.seconds * 1_000);
  const seconds = (performance.now() - from) / 1_000;
  tell({ kind: 'end', done: done - before, seconds, latencyMs: samples.percentiles() });
  isOver = true;
  // Both the parent's figures of the processes and what is still under way have an end before this process has.
  await new Promise((resolve) => process.stdin.once('data', resolve));
  await side.close();
  process.exit(0);
}

/** Every millisecond those that are due by then. */
async function putAtRate(side: Side, rate: number, isOver: () => boolean): Promise<void> {
  const from = performance.now();
  for (let count = 0; !isOver();) {
    const due = Math.floor(((performance.now() - from) / 1_000) * rate);
    for (; count < due; count++) side.put();
    await pause(1);
  }
}

function tell(message: ClientMessage): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
