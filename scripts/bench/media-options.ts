import { parseArgs } from 'node:util';
import { UsageError } from './options';

export const parts = ['relay', 'menu', 'move'] as const;
export type Part = (typeof parts)[number];

export interface MediaBenchOptions {
  parts: readonly Part[];
  calls: number;
  duration: number;
  warmup: number;
  direct: number;
  menuCalls: number;
  moves: number;
  /** Empty: the embedded engine. */
  freeswitch: string;
  freeswitchPids: readonly number[];
  pin: boolean;
  human: boolean;
}

const numbers = {
  calls: { fallback: 60, min: 1, max: 500, help: 'video calls that are relayed at once' },
  duration: { fallback: 20, min: 1, max: 3600, help: 's of measured relaying' },
  warmup: { fallback: 3, min: 0, max: 600, help: 's of relaying before' },
  direct: { fallback: 3, min: 1, max: 60, help: 's of the same load with nothing between, for comparison' },
  'menu-calls': { fallback: 10, min: 1, max: 500, help: 'calls to the menu, by video and again by voice' },
  moves: { fallback: 10, min: 1, max: 500, help: 'times that a talk is taken through the server and back' },
} as const;

/** @throws UsageError that lists every fault. */
export function readMediaOptions(words: readonly string[], env: NodeJS.ProcessEnv): MediaBenchOptions | 'help' {
  let values: Record<string, string | boolean | undefined>;
  try {
    values = parse(words);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help === true) return 'help';
  const faults: string[] = [];
  const number = (name: keyof typeof numbers): number => readNumber(name, values[name] as string | undefined, faults);
  const list = (name: string): string[] => ((values[name] as string | undefined) ?? '').split(',').filter(Boolean);
  const wanted = list('parts');
  const unknown = wanted.filter((one) => !parts.includes(one as Part));
  if (unknown.length > 0) faults.push(`--parts: of ${parts.join(', ')}, not '${unknown.join(',')}'`);
  const pids = list('freeswitch-pid').map(Number);
  if (pids.some((pid) => !Number.isInteger(pid))) faults.push('--freeswitch-pid: numbers with commas');
  const options: MediaBenchOptions = {
    parts: wanted.length > 0 ? (wanted as Part[]) : parts,
    calls: number('calls'),
    duration: number('duration'),
    warmup: number('warmup'),
    direct: number('direct'),
    menuCalls: number('menu-calls'),
    moves: number('moves'),
    freeswitch: env.FREESWITCH_URL ?? '',
    freeswitchPids: pids,
    pin: values.pin === true,
    human: values.human === true,
  };
  if (faults.length > 0) throw new UsageError(faults.join('\n'));

  return options;
}

function parse(words: readonly string[]): Record<string, string | boolean | undefined> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const named = Object.fromEntries(Object.keys(numbers).map((name) => [name, text]));
  const others = { parts: text, 'freeswitch-pid': text, pin: flag, human: flag, help: flag };

  return parseArgs({ args: [...words], options: { ...named, ...others } }).values as Record<string, string | boolean>;
}

function readNumber(name: keyof typeof numbers, given: string | undefined, faults: string[]): number {
  const { fallback, min, max } = numbers[name];
  if (given === undefined) return fallback;
  const value = Number(given);
  if (given.trim() === '' || !(value >= min && value <= max)) {
    faults.push(`--${name}: a number from ${min} to ${max}, not '${given}'`);
  }

  return value;
}

export function mediaHelpText(): string {
  const lines = Object.entries(numbers).map(([name, one]) => `  --${name.padEnd(16)} ${one.help} (${one.fallback})`);

  return `${intro}\n${lines.join('\n')}\n${outro}`;
}

const intro = `Usage: npm run bench:media -- [options]

Measures media, in three parts:
  relay  video calls through the media engine: loss, added delay, CPU. The engine is a process of its own, the generator another;
         a call is 334 packets a second. FREESWITCH_URL set: the same through that FreeSWITCH beside it.
  menu   number 6200 of the demo site by SIP: from the answer to the first picture (or prompt), from the key to the next one
  move   a talk that is taken through the server and back by starting and stopping a recording: how long nothing is heard
One JSON document is printed on stdout, progress on stderr.

Options (default):
  --parts            of ${parts.join(', ')}, with commas (all)`;

const outro = `  --freeswitch-pid   pids of FreeSWITCH whose CPU is measured, with commas
  --pin              the engine on core 0, the generator on core 1
  --human            also a table on stderr

A run of the relay is void when the generator was the limit, or the kernel dropped datagrams at its ports. Exit code: 0 measured,
2 wrong arguments, 3 void.
`;
