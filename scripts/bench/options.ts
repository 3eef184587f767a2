import { parseArgs } from 'node:util';

/** What the load tool is asked to do; times in seconds unless said otherwise. */
export interface BenchOptions {
  rate: number;
  duration: number;
  hold: number;
  arrivals: 'poisson' | 'constant';
  warmup: number;
  seats: number;
  seatMode: 'register' | 'static';
  seatPort: number;
  seatPassword: string;
  answer: number;
  abandon: number;
  decline: number;
  patience: number;
  /** 0: calls come and go; otherwise this many are built up and held. */
  held: number;
  midCall: 'none' | 'info' | 'options';
  midRate: number;
  media: 'video' | 'audio';
  number: string;
  domain: string;
  /** `host:port` of a server that runs already. */
  target: string;
  serverPid: string;
  site: string;
  /** `host:port` of the SIP profile of a FreeSWITCH with mod_callcenter that is measured in turns with this server. */
  freeswitchSip: string;
  freeswitchPid: string;
  freeswitchQueue: string;
  freeswitchNumber: string;
  freeswitchProfile: string;
  /** Rates that are tried one after the other in that comparison, with commas. */
  rates: string;
  rounds: number;
  logLevel: string;
  pin: boolean;
  urgent: boolean;
  human: boolean;
}

interface Flag<T> {
  name: string;
  fallback: T;
  help: string;
  choices?: readonly string[];
  min?: number;
  max?: number;
}

type Flags = { [K in keyof BenchOptions]: Flag<BenchOptions[K]> };

const flags: Flags = {
  rate: { name: 'rate', fallback: 60, min: 0.1, max: 5000, help: 'calls a second' },
  duration: {
    name: 'duration',
    fallback: 30,
    min: 1,
    max: 86_400,
    help: 's of measured load; with --held, s of holding',
  },
  hold: { name: 'hold', fallback: 5, min: 0, max: 3600, help: 's that a connected call lasts' },
  arrivals: { name: 'arrivals', fallback: 'poisson', choices: ['poisson', 'constant'], help: 'how calls come' },
  warmup: { name: 'warmup', fallback: 3, min: 0, max: 600, help: 's of load before, not measured' },
  seats: { name: 'seats', fallback: 500, min: 1, max: 1000, help: 'seats a1…aN' },
  seatMode: {
    name: 'seat-mode',
    fallback: 'register',
    choices: ['register', 'static'],
    help: 'static: the server knows sip:aN@127.0.0.1:<seat-port> already',
  },
  seatPort: { name: 'seat-port', fallback: 0, min: 0, max: 65_535, help: 'UDP port of the seats; 0: any' },
  seatPassword: { name: 'seat-password', fallback: 'bench', help: 'password of every seat' },
  answer: { name: 'answer', fallback: 0.2, min: 0, max: 60, help: 's that a seat rings before it answers' },
  abandon: { name: 'abandon', fallback: 0, min: 0, max: 1, help: 'share of callers that leave while a seat rings' },
  decline: { name: 'decline', fallback: 0, min: 0, max: 1, help: 'share of offers that a seat declines with 486' },
  patience: { name: 'patience', fallback: 30, min: 1, max: 3600, help: 's a caller waits before that is a failure' },
  held: {
    name: 'held',
    fallback: 0,
    min: 0,
    max: 20_000,
    help: 'build up N calls at --rate and hold them for --duration',
  },
  midCall: { name: 'mid-call', fallback: 'none', choices: ['none', 'info', 'options'], help: 'requests in held calls' },
  midRate: { name: 'mid-rate', fallback: 20, min: 0.1, max: 5000, help: 'of those, a second over all calls' },
  media: { name: 'media', fallback: 'video', choices: ['video', 'audio'], help: 'what callers offer' },
  number: { name: 'number', fallback: '7000', help: 'number that callers dial' },
  domain: { name: 'domain', fallback: 'sightline.test', help: 'SIP domain' },
  target: { name: 'target', fallback: '', help: 'host:port of a server that runs already; default: start one' },
  serverPid: {
    name: 'server-pid',
    fallback: '',
    help: 'with --target: pids whose CPU and memory are measured, with commas',
  },
  site: { name: 'site', fallback: 'bench', help: 'site of the server that is started' },
  freeswitchSip: {
    name: 'freeswitch-sip',
    fallback: '',
    help: 'host:port of a FreeSWITCH with mod_callcenter that is measured in turns; FREESWITCH_URL names its event socket',
  },
  freeswitchPid: { name: 'freeswitch-pid', fallback: '', help: 'its pids, whose CPU is measured, with commas' },
  freeswitchQueue: { name: 'freeswitch-queue', fallback: 'support@default', help: 'its queue, which gets the seats' },
  freeswitchNumber: { name: 'freeswitch-number', fallback: 'support', help: 'number that leads into its queue' },
  freeswitchProfile: { name: 'freeswitch-profile', fallback: 'drachtio_mrf', help: 'SIP profile that rings seats' },
  rates: { name: 'rates', fallback: '20,40,60,80,100', help: 'calls a second tried in turns with it, until not clean' },
  rounds: { name: 'rounds', fallback: 3, min: 1, max: 100, help: 'of each at each rate' },
  logLevel: {
    name: 'log-level',
    fallback: 'info',
    choices: ['info', 'debug', 'trace'],
    help: 'LOG_LEVEL of the server that is started',
  },
  pin: { name: 'pin', fallback: false, help: 'server on core 0, everything else on core 1' },
  urgent: { name: 'urgent', fallback: false, help: 'callers and seats before other work (nice -10; root may)' },
  human: { name: 'human', fallback: false, help: 'also a table on stderr' },
};

/** A fault in the command line, to be shown as it is. */
export class UsageError extends Error {}

/** @throws UsageError that lists every fault. */
export function readOptions(words: readonly string[]): BenchOptions | 'help' {
  const declared = Object.fromEntries(
    Object.values(flags).map((flag) => [flag.name, { type: flag.fallback === false ? 'boolean' : 'string' } as const]),
  );
  let values: Record<string, unknown>;
  try {
    values = parseArgs({ args: [...words], options: { ...declared, help: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help === true) return 'help';
  const faults: string[] = [];
  const entries = Object.entries(flags).map(([key, flag]) => [key, readFlag(flag, values[flag.name], faults)]);
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  const options = Object.fromEntries(entries) as BenchOptions;
  // Held calls need no more seats than there are calls.
  if (options.held > 0 && values.seats === undefined) options.seats = Math.min(1000, options.held);

  return options;
}

function readFlag(flag: Flag<unknown>, given: unknown, faults: string[]): unknown {
  if (given === undefined || typeof given === 'boolean') return given ?? flag.fallback;
  const text = String(given);
  if (flag.choices && !flag.choices.includes(text)) faults.push(`--${flag.name}: one of ${flag.choices.join(', ')}`);
  if (typeof flag.fallback !== 'number') return text;
  const number = Number(text);
  if (text.trim() === '' || !(number >= flag.min! && number <= flag.max!)) {
    faults.push(`--${flag.name}: a number from ${flag.min} to ${flag.max}, not '${text}'`);
  }

  return number;
}

export function helpText(): string {
  const lines = Object.values(flags).map((flag) => {
    const fallback = flag.fallback === '' || flag.fallback === false ? '' : ` (${String(flag.fallback)})`;
    const choices = flag.choices ? ` ${flag.choices.join('|')};` : '';

    return `  --${flag.name.padEnd(18)}${choices} ${flag.help}${fallback}`;
  });

  return `${intro}\n${lines.join('\n')}\n\n${outro}`;
}

const intro = `Usage: npm run bench:calls -- [options]

Callers and seats over real SIP (UDP) against a queue: every caller dials --number, the server finds a free seat, the
seat rings for --answer seconds and picks up, the caller hangs up after --hold seconds. Callers and seats are one process
of their own; the server is another. One JSON document is printed on stdout, progress on stderr.

  npm run bench:calls -- --rate 60 --duration 30 --human             the server of this project, started for the run
  npm run bench:calls -- --rate 200 --seats 500 --hold 2 --pin       near its limit
  npm run bench:calls -- --rate 30 --seats 20 --hold 1 --human       callers wait: how fast is a seat that got free used?
  npm run bench:calls -- --held 1200 --duration 600 --mid-call info  1,200 calls held, INFO now and then
  npm run bench:calls -- --target 127.0.0.1:5080 --server-pid 4711 --seat-mode static --seat-port 6000
                                                                     another server, side by side
  FREESWITCH_URL=esl://:ClueCon@127.0.0.1:8021 npm run bench:calls -- --freeswitch-sip 127.0.0.1:5080 --freeswitch-pid 4711
                                                                     in turns with mod_callcenter (docs/benchmarks.md)
Options (default):`;

const outro = `What is measured, in ms:
  postDial     INVITE sent -> first 180, 183 or 200 at the caller
  answer       INVITE sent -> 200 at the caller
  dispatchFree INVITE sent -> INVITE at the seat, when a seat was free
  dispatchWait seat is free again (its BYE answered) -> next INVITE there, when callers wait
  withdraw     caller left -> the seat that was ringing is told
  release      caller hung up -> the seat is told
Violations, which must be 0: a seat invited while it is busy, two seats for one call, a seat still rung or ringing 200 ms
after its caller left.
A run is void when the generator was the limit (more than 90 % of a core, or its clock ran late) or the kernel dropped
datagrams (RcvbufErrors; more room for them: sysctl -w net.core.rmem_max=4194304). Exit code: 0 clean, 1 not clean, 2 wrong arguments, 3 void.
`;
