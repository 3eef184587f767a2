import { parseArgs } from 'node:util';
import type { Address } from '../phone';
import { UsageError } from './options';

/** What `bench:uas` is asked to do; times in seconds. */
export interface UasOptions {
  /** Calls a second, one after the other. */
  rates: number[];
  seconds: number;
  /** Load before, at the first rate, that is not measured: an engine that compiles as it runs is warm then. */
  warmup: number;
  /** How often each side is measured at each rate, in turns. */
  rounds: number;
  linger: boolean;
  human: boolean;
  /** A drachtio-server that runs already. */
  drachtio: DrachtioServer | undefined;
}

export interface DrachtioServer {
  control: Address & { secret: string };
  sip: Address;
  /** Processes whose CPU is its own; empty: nothing is told of it. */
  pids: number[];
}

const numbers = {
  seconds: { fallback: '6', least: 1, help: 's of load at each rate' },
  warmup: { fallback: '3', least: 0, help: 's of load before, at the first rate, not measured' },
  rounds: { fallback: '3', least: 1, help: 'each side is measured so often at each rate, in turns' },
} as const;

/** @throws UsageError that tells what is wrong. */
export function readUasOptions(words: readonly string[], env: NodeJS.ProcessEnv): UasOptions | 'help' {
  const values = parse(words);
  if (values.help === true) return 'help';
  const number = (name: keyof typeof numbers): number => {
    const { fallback, least } = numbers[name];

    return readWhole(name, String(values[name] ?? fallback), least);
  };

  return {
    rates: String(values.rates ?? '400,700,1000')
      .split(',')
      .map((text) => readWhole('rates', text, 1)),
    seconds: number('seconds'),
    warmup: number('warmup'),
    rounds: number('rounds'),
    linger: values.linger === true,
    human: values.human === true,
    drachtio: readDrachtio(env, String(values['drachtio-pid'] ?? '')),
  };
}

function parse(words: readonly string[]): Record<string, unknown> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const named = Object.fromEntries(Object.keys(numbers).map((name) => [name, text]));
  const options = { ...named, rates: text, 'drachtio-pid': text, linger: flag, human: flag, help: flag };
  try {
    return parseArgs({ args: [...words], options }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readDrachtio({ DRACHTIO_URL: url, DRACHTIO_SIP: sip }: NodeJS.ProcessEnv, pids: string) {
  if (!url) return undefined;
  if (!sip)
    throw new UsageError('DRACHTIO_SIP=host:port is missing: where the drachtio-server of DRACHTIO_URL takes calls');
  const control = /^tcp:/.test(url) ? new URL(url.replace(/^tcp:/, 'http:')) : undefined;
  if (!control) throw new UsageError('DRACHTIO_URL is not of the form tcp://:secret@host:9022');
  const [host = '', port = ''] = sip.split(':');

  return {
    control: {
      host: control.hostname,
      port: Number(control.port || 9022),
      secret: decodeURIComponent(control.password),
    },
    sip: { host, port: readWhole('DRACHTIO_SIP', port, 1) },
    pids: pids === '' ? [] : pids.split(',').map((text) => readWhole('drachtio-pid', text, 1)),
  };
}

function readWhole(name: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least) return value;
  throw new UsageError(`${name}: whole numbers from ${least}, not '${text}'`);
}

export function uasHelp(): string {
  const lines = Object.entries(numbers).map(([name, { fallback, help }]) => {
    return `  --${name.padEnd(14)} ${help} (${fallback})`;
  });

  return `Usage: npm run bench:uas -- [options]

What a call costs the SIP server alone: INVITE, 200, ACK, BYE, 200, with sipp as the caller and a trivial application on
drachtio-srf that answers. Server, application and callers are processes of their own on this machine.

  npm run bench:uas -- --human                  the embedded SIP server
  DRACHTIO_URL=tcp://:secret@127.0.0.1:9022 DRACHTIO_SIP=127.0.0.1:5060 npm run bench:uas -- --drachtio-pid 4711 --human
                                                in turns with a drachtio-server that runs on this machine

Options (default):
  --rates          calls a second, with commas (400,700,1000)
${lines.join('\n')}
  --drachtio-pid   pids of the drachtio-server, whose CPU is measured, with commas
  --linger         waits until every timer of the last call has run out, and tells what the embedded server still holds
  --human          also a table on stderr

A step is clean when every call went well, no more than 1 in 1,000 messages were sent again, and the kernel dropped none at
the server's port. Exit code: 0 no call failed, 1 some did, 2 wrong arguments.
`;
}
