#!/usr/bin/env node
/**
 * What a call costs the SIP server alone: INVITE, 200, ACK, BYE, 200, with sipp as the caller and a trivial application on drachtio-srf
 * that answers. Server, application and callers are processes of their own on this machine. Prints JSON.
 * Run: npm run bench:uas -- [--rates 400,700,1000] [--seconds 8] [--linger]
 */
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import Srf from 'drachtio-srf';
import { startSipd } from '../../src/sipd/server';
import type { SipdStats } from '../../src/sipd/server';
import { Child } from '../phone/child';
import { round } from './numbers';
import { processTree, sum } from './proc';

/** What the server's process says, one line each. */
type ServerLine =
  | { kind: 'up'; sip: number; control: number; secret: string }
  | { kind: 'stats'; ask: string; stats: SipdStats; heapKb: number };

/** Of one step. */
interface Step {
  rate: number;
  calls: number;
  failed: number;
  /** Calls a second that came about. */
  reached: number;
  /** µs of CPU a call: the server's, the application's, that of all callers. */
  serverMicros: number;
  applicationMicros: number;
  callerMicros: number;
  /** Share of one core, in per cent. */
  serverCore: number;
  retransmissions: number;
}

const host = '127.0.0.1';
/** A single sipp is late beyond this. */
const ratePerCaller = 400;
/** After that no transaction of a call is left (RFC 3261: 64*T1), in ms. */
const lingerMs = 34_000;

const sdp = ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', 'm=audio 40000 RTP/AVP 0', ''].join(
  '\r\n',
);

async function server(): Promise<void> {
  const sipd = await startSipd({ host, udpPort: 0, controlPort: 0 });
  const { control, udp } = sipd.addresses;
  say({ kind: 'up', sip: udp?.port ?? 0, control: control.port, secret: sipd.connection.secret });
  process.stdin.on('data', (data) => {
    global.gc?.();
    say({
      kind: 'stats',
      ask: String(data).trim(),
      stats: sipd.stats(),
      heapKb: Math.round(process.memoryUsage().heapUsed / 1024),
    });
  });
}

function application(port: number, secret: string): void {
  const srf = new Srf();
  void srf.connect({ host, port, secret });
  srf.on('connect', () => process.stdout.write('{"kind":"connected"}\n'));
  srf.invite((req, res) => {
    srf.createUAS(req, res, { localSdp: sdp }).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rates: { type: 'string', default: '400,700,1000' },
      seconds: { type: 'string', default: '8' },
      linger: { type: 'boolean', default: false },
      role: { type: 'string' },
      port: { type: 'string' },
      secret: { type: 'string' },
    },
  });
  if (values.role === 'server') return server();
  if (values.role === 'application') return application(Number(values.port), values.secret ?? '');
  const sipd = await self(['--expose-gc'], ['--role', 'server']);
  const up = await hear(sipd, 'up');
  const app = await self([], ['--role', 'application', '--port', String(up.control), '--secret', up.secret]);
  await app.waitForLine('the application', (line) => line.includes('connected') || undefined, 10_000);
  try {
    const idle = await idleCore(sipd);
    const before = await statsOf(sipd);
    const steps: Step[] = [];
    for (const rate of values.rates.split(',').map(Number)) {
      steps.push(await step(sipd, app, { rate, seconds: Number(values.seconds), port: up.sip }));
      process.stderr.write(`${JSON.stringify(steps.at(-1))}\n`);
    }
    const after = values.linger ? await afterwards(sipd, before.heapKb) : undefined;
    process.stdout.write(
      `${JSON.stringify({ node: process.version, idleCorePercent: idle, steps, after }, null, 2)}\n`,
    );
  } finally {
    await app.stop('SIGTERM');
    await sipd.stop('SIGTERM');
  }
}

async function step(sipd: Child, app: Child, load: { rate: number; seconds: number; port: number }): Promise<Step> {
  const callers = Math.ceil(load.rate / ratePerCaller);
  const calls = load.rate * load.seconds;
  const before = { ...used(sipd, app), stats: (await statsOf(sipd)).stats, at: performance.now() };
  const children = await Promise.all(
    Array.from({ length: callers }, (_, index) => {
      const share = ['-r', String(load.rate / callers), '-m', String(Math.round(calls / callers))];
      const quiet = ['-d', '0', '-nostdin', '-trace_stat', '-stf', '/dev/null'];

      return Child.start({
        name: `sipp ${index}`,
        command: 'sipp',
        args: [
          '-sn',
          'uac',
          '-i',
          host,
          ...share,
          ...quiet,
          '-mp',
          String(45_000 + 10 * index),
          `${host}:${load.port}`,
        ],
      });
    }),
  );
  // A caller's own time is only known while it lives.
  let callerMicros = 0;
  const watch = setInterval(() => {
    callerMicros = Math.max(callerMicros, sum(processTree(children.map(({ pid }) => pid)), 'cpuMicros').all ?? 0);
  }, 200);
  const exits = await Promise.all(children.map((child) => child.exited));
  clearInterval(watch);
  const ms = performance.now() - before.at;
  const after = { ...used(sipd, app), stats: (await statsOf(sipd)).stats };
  const failed = children.reduce((total, child, index) => total + failedOf(child, exits[index]?.code), 0);

  return {
    rate: load.rate,
    calls,
    failed,
    reached: round((calls * 1000) / ms, 0),
    serverMicros: round((after.server - before.server) / calls, 0),
    applicationMicros: round((after.application - before.application) / calls, 0),
    callerMicros: round(callerMicros / calls, 0),
    serverCore: round((after.server - before.server) / 10 / ms, 1),
    retransmissions: repeats(after.stats) - repeats(before.stats),
  };
}

function used(sipd: Child, app: Child): { server: number; application: number } {
  const of = (child: Child): number => processTree([child.pid]).get(child.pid)?.cpuMicros ?? 0;

  return { server: of(sipd), application: of(app) };
}

function repeats({ transactions }: SipdStats): number {
  return transactions.retransmissionsReceived + transactions.retransmissionsSent;
}

/** sipp ends with 0 when every call went well; else its last screen tells how many did not. */
function failedOf(child: Child, code: number | null | undefined): number {
  if (code === 0) return 0;
  const line = child.lines.findLast((one) => one.includes('Failed call'));

  return Number(line?.trim().split(/\s+/).at(-1) ?? 1);
}

async function idleCore(sipd: Child): Promise<number> {
  const cpu = (): number => processTree([sipd.pid]).get(sipd.pid)?.cpuMicros ?? 0;
  const before = cpu();
  await pause(5_000);

  return round((cpu() - before) / 50_000, 2);
}

/** What is left when every timer of the last call has run out. */
async function afterwards(sipd: Child, heapBefore: number): Promise<object> {
  await pause(lingerMs);
  const { stats, heapKb } = await statsOf(sipd);
  const { transactions, dialogs } = stats;

  return {
    transactions: { client: transactions.client, server: transactions.server, timers: transactions.timers },
    dialogs,
    heapBefore,
    heapKb,
  };
}

let asked = 0;

async function statsOf(sipd: Child): Promise<Extract<ServerLine, { kind: 'stats' }>> {
  const ask = String((asked += 1));
  sipd.write(`${ask}\n`);

  return hear(sipd, 'stats', (line) => line.ask === ask);
}

function hear<K extends ServerLine['kind'], L extends Extract<ServerLine, { kind: K }>>(
  child: Child,
  kind: K,
  isIt: (line: L) => boolean = () => true,
): Promise<L> {
  const read = (text: string) => {
    if (!text.startsWith('{')) return undefined;
    const line = JSON.parse(text) as ServerLine;

    return line.kind === kind && isIt(line as L) ? (line as L) : undefined;
  };

  return child.waitForLine(kind, read, 20_000);
}

function self(nodeArgs: string[], args: string[]): Promise<Child> {
  return Child.start({ name: args[1] ?? '', command: process.execPath, args: [...nodeArgs, __filename, ...args] });
}

function say(line: ServerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
