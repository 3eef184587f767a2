import Srf from 'drachtio-srf';
import { startSipd } from '../../src/sipd/server';
import type { SipdStats } from '../../src/sipd/server';
import { inProject } from '../../src/lib/paths';
import type { Address } from '../phone';
import { Child } from '../phone/child';
import type { DrachtioServer } from './uas-options';

export type SideName = 'Sightline' | 'drachtio-server';

/** A SIP server with the application at it, both ready. */
export interface Side {
  name: SideName;
  sip: Address;
  /** Of the server. */
  pids: readonly number[];
  application: Child;
  close(): Promise<void>;
}

/** The embedded server in a process of its own, which also tells what it holds. */
export interface SightlineSide extends Side {
  stats(): Promise<ServerStats>;
}

export interface ServerStats {
  stats: SipdStats;
  heapKb: number;
}

/** What the server's process says, one line each. */
type ServerLine =
  { kind: 'up'; sip: number; control: number; secret: string } | ({ kind: 'stats'; ask: string } & ServerStats);

const host = '127.0.0.1';
const startMs = 20_000;

const sdp = ['v=0', `o=- 1 1 IN IP4 ${host}`, 's=-', `c=IN IP4 ${host}`, 't=0 0', 'm=audio 40000 RTP/AVP 0', ''].join(
  '\r\n',
);

// --- in the processes that are measured -------------------------------------------------------------------------------

/** Runs as the server, until the process ends; each line of standard input is answered with what it holds. */
export async function serve(): Promise<void> {
  const sipd = await startSipd({ host, udpPort: 0, controlPort: 0 });
  const { control, udp } = sipd.addresses;
  say({ kind: 'up', sip: udp?.port ?? 0, control: control.port, secret: sipd.connection.secret });
  process.stdin.on('data', (data) => {
    global.gc?.();
    const heapKb = Math.round(process.memoryUsage().heapUsed / 1024);
    say({ kind: 'stats', ask: String(data).trim(), stats: sipd.stats(), heapKb });
  });
}

/** Runs as the application, until the process ends: answers every call. */
export function answerCalls(control: DrachtioServer['control']): void {
  const srf = new Srf();
  void srf.connect(control);
  srf.on('connect', () => process.stdout.write('{"kind":"connected"}\n'));
  srf.invite((req, res) => {
    srf.createUAS(req, res, { localSdp: sdp }).catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
  });
}

function say(line: ServerLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

// --- in the process that measures -------------------------------------------------------------------------------------

/** Starts the embedded server and the application. @throws Error when one of them does not come up. */
export async function openSightline(): Promise<SightlineSide> {
  const server = await start('server', ['--expose-gc'], []);
  const { sip, control, secret } = await hear(server, 'up');
  const application = await startApplication({ host, port: control, secret });
  let asked = 0;

  return {
    name: 'Sightline',
    sip: { host, port: sip },
    pids: [server.pid],
    application,
    stats: () => {
      const ask = String((asked += 1));
      server.write(`${ask}\n`);

      return hear(server, 'stats', (line) => line.ask === ask);
    },
    close: async () => {
      await application.stop('SIGTERM');
      await server.stop('SIGTERM');
    },
  };
}

/** Connects the same application to a drachtio-server that runs already and goes on running. */
export async function openDrachtio({ control, sip, pids }: DrachtioServer): Promise<Side> {
  const application = await startApplication(control);
  const close = async (): Promise<void> => {
    await application.stop('SIGTERM');
  };

  return { name: 'drachtio-server', sip, pids, application, close };
}

async function startApplication(control: DrachtioServer['control']): Promise<Child> {
  const child = await start('application', [], [JSON.stringify(control)]);
  await child.waitForLine('its connection', (line) => line.includes('"connected"') || undefined, startMs);

  return child;
}

function start(role: 'server' | 'application', nodeArgs: string[], words: string[]): Promise<Child> {
  const file = inProject('dist', 'scripts', 'bench', 'uas-role.js');

  return Child.start({ name: `the ${role}`, command: process.execPath, args: [...nodeArgs, file, role, ...words] });
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

  return child.waitForLine(kind, read, startMs);
}
