import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Child } from '../phone/child';
import { round, Samples } from './numbers';
import { processTree, sum, udpDrops } from './proc';
import type { Side, SideName } from './uas-sides';

/** One side under one rate. */
export interface Step {
  side: SideName;
  rate: number;
  calls: number;
  failed: number;
  /** Every call went well, hardly anything was sent again, and nothing was dropped. */
  clean: boolean;
  /** Calls a second that came about. */
  reached: number;
  /** µs of CPU a call: the server's (undefined when its process is not known), the application's, that of all callers. */
  serverMicros: number | undefined;
  applicationMicros: number;
  callerMicros: number;
  /** Share of one core that the server took, in per cent. */
  serverCore: number | undefined;
  /** ms from the INVITE to its 200 at the caller, in whole ms, as sipp counts. */
  p50: number;
  p99: number;
  /** Messages that the callers sent again, or got again. */
  repeats: number;
  /** Datagrams that the kernel dropped at the server's port for want of room. */
  dropped: number;
}

interface Told {
  failed: number;
  repeats: number;
  times: number[];
}

/** A single sipp is late beyond this. */
const ratePerCaller = 400;
/** sipp writes its times down so many at once, and loses those of the end that are fewer. */
const timesAtOnce = 10;
const messagesPerCall = 5;
const cleanShare = 0.001;

/** Lets calls come to one side and tells what they cost it. */
export async function measureStep(side: Side, rate: number, seconds: number): Promise<Step> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-uas-'));
  try {
    return await measureIn(folder, side, rate, seconds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureIn(folder: string, side: Side, rate: number, seconds: number): Promise<Step> {
  const callers = Math.ceil(rate / ratePerCaller);
  const each = Math.round((rate * seconds) / callers);
  const calls = each * callers;
  const before = { ...used(side), at: performance.now(), dropped: dropsAt(side) };
  const children = await Promise.all(
    Array.from({ length: callers }, (_, index) => startCaller(folder, side, { index, rate: rate / callers, each })),
  );
  const callerMicros = await untilAllEnd(children);
  const ms = performance.now() - before.at;
  const after = used(side);
  const told = await Promise.all(children.map((child, index) => readCaller(folder, child, index, each)));
  const times = new Samples();
  for (const time of told.flatMap((one) => one.times)) times.add(time);
  const { p50 = NaN, p99 = NaN } = times.percentiles() ?? {};
  const [failed, repeats] = [total(told, 'failed'), total(told, 'repeats')];
  const dropped = dropsAt(side) - before.dropped;
  const server = after.server === undefined ? undefined : after.server - (before.server ?? 0);

  return {
    ...{ side: side.name, rate, calls, failed, reached: round((calls * 1000) / ms, 0) },
    clean: failed === 0 && dropped === 0 && repeats <= calls * messagesPerCall * cleanShare,
    serverMicros: server === undefined ? undefined : round(server / calls, 0),
    applicationMicros: round((after.application - before.application) / calls, 0),
    callerMicros: round(callerMicros / calls, 0),
    serverCore: server === undefined ? undefined : round(server / 10 / ms, 1),
    ...{ p50, p99, repeats, dropped },
  };
}

function startCaller(
  folder: string,
  { sip }: Side,
  { index, rate, each }: { index: number; rate: number; each: number },
): Promise<Child> {
  const share = ['-r', String(rate), '-m', String(each), '-d', '0', '-mp', String(45_000 + 10 * index)];
  const files = ['-trace_rtt', '-rtt_freq', String(timesAtOnce), '-trace_stat', '-stf', statFile(index)];

  return Child.start({
    name: `sipp ${index}`,
    command: 'sipp',
    args: ['-sn', 'uac', '-i', sip.host, '-nostdin', ...share, ...files, `${sip.host}:${sip.port}`],
    cwd: folder,
  });
}

/** µs of CPU of all callers: that of a process is only known while it lives. */
async function untilAllEnd(children: readonly Child[]): Promise<number> {
  const pids = children.map(({ pid }) => pid);
  let micros = 0;
  const watch = setInterval(() => {
    micros = Math.max(micros, sum(processTree(pids), 'cpuMicros').all ?? 0);
  }, 200);
  await Promise.all(children.map((child) => child.exited));
  clearInterval(watch);

  return micros;
}

function used({ pids, application }: Side): { server: number | undefined; application: number } {
  const tree = processTree([...pids, application.pid]);
  const of = (pid: number): number => tree.get(pid)?.cpuMicros ?? 0;

  return {
    server: pids.length === 0 ? undefined : pids.reduce((all, pid) => all + of(pid), 0),
    application: of(application.pid),
  };
}

function dropsAt({ sip }: Side): number {
  return udpDrops().get(sip.port) ?? 0;
}

/** What one sipp wrote down: its counters, and how long each call took to be answered. */
async function readCaller(folder: string, child: Child, index: number, each: number): Promise<Told> {
  const counters = readCounters(await readFile(path.join(folder, statFile(index)), 'utf8').catch(() => ''));
  const name = (await readdir(folder)).find((file) => file.endsWith(`_${child.pid}_rtt.csv`));
  const text = name === undefined ? '' : await readFile(path.join(folder, name), 'utf8');

  return {
    failed: each - (counters.get('SuccessfulCall(C)') ?? 0),
    repeats: counters.get('Retransmissions(C)') ?? 0,
    times: text
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => Number(line.split(';')[1])),
  };
}

/** The last line of sipp's statistics by the names of the columns. */
export function readCounters(text: string): Map<string, number> {
  const lines = text.trim().split('\n');
  const values = lines.at(-1)?.split(';') ?? [];

  return new Map((lines[0] ?? '').split(';').map((name, index) => [name, Number(values[index])]));
}

function statFile(index: number): string {
  return `stat-${index}.csv`;
}

function total(all: readonly Told[], member: 'failed' | 'repeats'): number {
  return all.reduce((so, one) => so + one[member], 0);
}
