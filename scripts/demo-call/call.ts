import { inProject } from '../../src/lib/paths';
import { monotonic, type Address } from '../phone';
import { Child } from '../phone/child';
import { readEvent, type DemoEvent, type Milestone, type Who } from './events';
import { missingSteps } from './expect';
import { Timeline } from './timeline';

export interface DemoCallOptions {
  sip: Address;
  domain?: string;
  terminal?: { user: string; password: string };
  seat?: { user: string; password: string };
  service?: string;
  /** Item keys, one a page, that lead to a person. */
  choose?: readonly string[];
  /** Gets the lines of the timeline; left out: stdout. */
  print?: (line: string) => void;
  colours?: boolean;
}

export interface DemoCallResult {
  ok: boolean;
  /** Steps that were not seen, in words. */
  missing: string[];
  /** Everything that happened, in the order of time. */
  steps: DemoEvent[];
  /** Why a process failed, if one did. */
  failures: string[];
}

/** How far the timeline runs behind, so that the lines of both processes can be put in order. */
const drawDelay = 150;

/** Places one call through the whole way: terminal and seat are processes of their own, speaking SIP over UDP. */
export async function runDemoCall(options: DemoCallOptions): Promise<DemoCallResult> {
  const { terminal = { user: '1001', password: 'demo-terminal' }, seat = { user: '2001', password: 'demo-seat' } } =
    options;
  const print = options.print ?? ((line: string): void => console.log(line));
  const names = { terminal: `terminal ${terminal.user}`, seat: `seat ${seat.user}` };
  const timeline = new Timeline(print, options.colours ?? process.stdout.isTTY === true, names);
  timeline.head();
  const drawing = setInterval(() => timeline.draw(monotonic() - drawDelay), 50);
  const cast = new Cast(options, timeline);
  const failures: string[] = [];
  try {
    await perform(cast, terminal, seat, options);
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  } finally {
    await cast.close();
    clearInterval(drawing);
    timeline.draw();
  }
  const steps = timeline.sorted;
  const told = steps.flatMap((step) => (step.kind === 'failed' ? [`${step.who}: ${step.why}`] : []));
  // What a process says of itself is clearer than that it ended too early.
  if (told.length > 0) failures.splice(0, failures.length, ...told);
  const missing = missingSteps(steps);

  return { ok: missing.length === 0 && failures.length === 0, missing, steps, failures };
}

interface Login {
  user: string;
  password: string;
}

async function perform(cast: Cast, terminal: Login, seat: Login, options: DemoCallOptions): Promise<void> {
  const theSeat = await cast.enter('seat', seat, []);
  await reached(theSeat, 'ready');
  const choose = (options.choose ?? ['5', '1']).join(',');
  const extra = ['--service', options.service ?? 'support', '--choose', choose];
  const theTerminal = await cast.enter('terminal', terminal, extra);
  await Promise.all([reached(theTerminal, 'media'), reached(theSeat, 'media')]);
  theTerminal.write('hangup\n');
  await Promise.all([reached(theTerminal, 'ended'), reached(theSeat, 'ended')]);
  theSeat.write('quit\n');
  await Promise.all([theTerminal.exited, theSeat.exited]);
}

function reached(child: Child, what: Milestone): Promise<true> {
  return child.waitForLine(
    `'${what}'`,
    (line) => {
      const event = readEvent(line);

      return event?.kind === 'reached' && event.what === what ? true : undefined;
    },
    30_000,
  );
}

/** The two processes. */
class Cast {
  private readonly children: Child[] = [];

  constructor(
    private readonly options: DemoCallOptions,
    private readonly timeline: Timeline,
  ) {}

  async enter(who: Who, login: Login, extra: readonly string[]): Promise<Child> {
    const { sip, domain = 'sightline.test' } = this.options;
    const common = ['--server', `${sip.host}:${sip.port}`, '--domain', domain];
    const child = await Child.start({
      name: `the ${who}`,
      command: process.execPath,
      args: [
        inProject('dist', 'scripts', 'demo-call', `${who}.js`),
        ...common,
        ...['--user', login.user, '--password', login.password],
        ...extra,
      ],
    });
    this.children.push(child);
    const take = (line: string): void => {
      const event = readEvent(line);
      if (event) this.timeline.add(event);
    };
    child.lines.forEach(take);
    child.onLine(take);

    return child;
  }

  async close(): Promise<void> {
    await Promise.all(this.children.map((child) => child.stop('SIGTERM', 2000)));
  }
}
