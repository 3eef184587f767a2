import { parseArgs } from 'node:util';
import { UsageError } from './options';

/** What `bench:engine` is asked to do; times in seconds. */
export interface EngineOptions {
  rounds: number;
  seconds: number;
  warmup: number;
  /** Counts of client processes. */
  clients: number[];
  /** `appendfsync` of Redis; `off` for none. */
  fsync: string[];
  /** In flight in all, and the widths (seats, or workers) of which the best is taken. */
  inFlight: number;
  widths: number[];
  /** Arrivals a second at which times are measured; 0 leaves that out. */
  rate: number;
  human: boolean;
}

const texts: Record<keyof EngineOptions, readonly [flag: string, fallback: string, help: string]> = {
  rounds: ['rounds', '5', 'both are measured once a round, in turns'],
  seconds: ['seconds', '4', 's of measured load'],
  warmup: ['warmup', '2', 's of load before'],
  clients: ['clients', '1,4', 'client processes'],
  fsync: ['fsync', 'off,everysec', "Redis's append-only file: off, everysec or always"],
  inFlight: ['in-flight', '200', 'put in and not done, over all clients'],
  widths: ['widths', '50,100,200', 'seats, or concurrency of the workers, over all clients; the best is taken'],
  rate: ['rate', '2000', 'arrivals a second at which the time to a seat or worker is measured; 0: not'],
  human: ['human', '', 'also a table on stderr'],
};

const fsyncs = new Set(['off', 'everysec', 'always']);

/** @throws UsageError */
export function readEngineOptions(words: readonly string[]): EngineOptions | 'help' {
  const names = Object.values(texts).map(([flag]) => flag);
  const kind = (flag: string) => (flag === 'human' ? 'boolean' : 'string');
  const options = Object.fromEntries([...names, 'help'].map((flag) => [flag, { type: kind(flag) } as const]));
  let values: Record<string, unknown>;
  try {
    const help = { help: { type: 'boolean' } } as const;
    values = parseArgs({ args: [...words], options: { ...options, ...help } }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help === true) return 'help';
  const list = (key: keyof EngineOptions): string[] => String(values[texts[key][0]] ?? texts[key][1]).split(',');
  const numbers = (key: keyof EngineOptions, least: number): number[] =>
    list(key).map((text) => number(text, key, least));
  const fsync = list('fsync');
  for (const one of fsync) if (!fsyncs.has(one)) throw new UsageError(`--fsync: off, everysec or always, not '${one}'`);

  return {
    rounds: numbers('rounds', 1)[0] ?? 1,
    seconds: numbers('seconds', 1)[0] ?? 1,
    warmup: numbers('warmup', 0)[0] ?? 0,
    clients: numbers('clients', 1),
    fsync,
    inFlight: numbers('inFlight', 1)[0] ?? 1,
    widths: numbers('widths', 1),
    rate: numbers('rate', 0)[0] ?? 0,
    human: values.human === true,
  };
}

function number(text: string, key: keyof EngineOptions, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least) return value;
  throw new UsageError(`--${texts[key][0]}: whole numbers from ${least}, not '${text}'`);
}

export function engineHelp(): string {
  const lines = Object.values(texts).map(([flag, fallback, help]) => {
    return `  --${flag.padEnd(10)} ${help}${fallback === '' ? '' : ` (${fallback})`}`;
  });

  return `Usage: npm run bench:engine -- [options]

Assignments a second of the queue's engine beside BullMQ, on one redis-server that is started for the run, in turns: put in,
assigned to a free seat (worker), acknowledged as done. One JSON document is printed on stdout, progress on stderr.

Options (default):
${lines.join('\n')}
`;
}
