import dgram from 'node:dgram';
import os from 'node:os';
import type { Closer } from '../../src/lib/closer';
import { parseEslUrls, type EslAddress } from '../../src/media/freeswitch';
import { clearCallCenter, setUpCallCenter } from './callcenter';
import { givenTarget, pinTo, runCalls, startTarget, type Target } from './calls-run';
import { UsageError, type BenchOptions } from './options';
import type { Report } from './report';

export type CallsSide = 'Sightline' | 'mod_callcenter';

/** One run of one side. */
export interface ComparedRun {
  side: CallsSide;
  rate: number;
  round: number;
  report: Report;
}

interface Contender {
  name: CallsSide;
  target: Target;
  options: BenchOptions;
  /** Before each run. */
  prepare(): Promise<void>;
}

/**
 * Measures this server and a FreeSWITCH with mod_callcenter in turns, by the same callers and seats, at one rate after the other. A side
 * that is not clean in most rounds at a rate is not measured at the next.
 *
 * @throws UsageError when the FreeSWITCH is not named in full.
 */
export async function compareCalls(given: BenchOptions, url: string, opened: Closer): Promise<ComparedRun[]> {
  const [address] = url === '' ? [] : parseEslUrls(url);
  if (!address)
    throw new UsageError('FREESWITCH_URL is missing: the event socket of the FreeSWITCH of --freeswitch-sip');
  const rates = readRates(given.rates);
  // Sound alone: FreeSWITCH is in the media of each call and would handle pictures, too.
  const options: BenchOptions = { ...given, media: 'audio' };
  const freeswitch = await openFreeswitch(options, address, opened);
  const contenders = [await openSightline(options, opened), freeswitch];
  const runs: ComparedRun[] = [];
  for (const rate of rates) {
    const still = contenders.filter(({ name }) => goesOn(runs, name));
    for (let round = 0; round < options.rounds; round++) {
      // Each goes first in turns.
      for (const one of round % 2 === 0 ? still : still.toReversed()) {
        process.stderr.write(`${one.name}, ${rate}/s, round ${round + 1}\n`);
        await one.prepare();
        const report = await runCalls({ ...one.options, rate }, one.target, opened);
        runs.push({ side: one.name, rate, round, report });
      }
    }
  }

  return runs;
}

/** Whether a side is worth trying at the next rate: it was clean, or all rounds were void without a call that failed. */
export function goesOn(runs: readonly ComparedRun[], side: CallsSide): boolean {
  const rate = runs.findLast((run) => run.side === side)?.rate;
  if (rate === undefined || wasClean(runs, side, rate)) return true;
  const last = runs.filter((run) => run.side === side && run.rate === rate).map(({ report }) => report);

  return last.every(({ voidBecause, calls }) => voidBecause.length > 0 && (calls.outcomes.failed ?? 0) === 0);
}

/** Whether a side was clean in most of the rounds at a rate. Rounds that are void tell nothing and do not count. */
export function wasClean(runs: readonly ComparedRun[], side: CallsSide, rate: number): boolean {
  const all = runs.filter((run) => run.side === side && run.rate === rate).map(({ report }) => report);
  const valid = all.filter((report) => report.voidBecause.length === 0);

  return valid.filter((report) => report.clean).length * 2 > valid.length;
}

function readRates(text: string): number[] {
  const rates = text.split(',').map(Number);
  if (rates.some((rate) => !(rate > 0))) throw new UsageError(`--rates: numbers with commas, not '${text}'`);

  return rates;
}

async function openSightline(options: BenchOptions, opened: Closer): Promise<Contender> {
  // That FreeSWITCH is the other side, not the media engine of this one.
  const env = { FREESWITCH_URL: undefined, DRACHTIO_URL: undefined };
  const target = await startTarget(options, opened, env);

  return { name: 'Sightline', target, options, prepare: () => Promise.resolve() };
}

async function openFreeswitch(options: BenchOptions, address: EslAddress, opened: Closer): Promise<Contender> {
  const target = givenTarget('--freeswitch-sip', options.freeswitchSip, options.freeswitchPid);
  const seatPort = options.seatPort === 0 ? await freePort() : options.seatPort;
  if (options.pin) pinForNow(target.pids, opened);
  opened.add('agents', () => clearCallCenter(address));
  const prepare = await setUpCallCenter(address, {
    queue: options.freeswitchQueue,
    profile: options.freeswitchProfile,
    count: options.seats,
    at: { host: '127.0.0.1', port: seatPort },
  });
  const own: BenchOptions = { ...options, seatPort, seatMode: 'static', number: options.freeswitchNumber };

  return { name: 'mod_callcenter', target, options: own, prepare };
}

/** One core for the server, as for the other side; it may use all again afterwards. */
function pinForNow(pids: readonly number[], opened: Closer): void {
  for (const pid of pids) pinTo(0, pid);
  opened.add('cores', () => {
    for (const pid of pids) pinTo(`0-${os.cpus().length - 1}`, pid);
  });
}

/** A UDP port that is free now: agents are told where their seat listens before it does. */
async function freePort(): Promise<number> {
  const socket = dgram.createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, '127.0.0.1', () => resolve());
  });
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));

  return port;
}
