import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Fault } from '../../../src/dialplan/faults';
import type { Plan } from '../../../src/dialplan/model';
import { PlanInvalidError, PlanStore } from '../../../src/dialplan/store';
import { ManualClock } from '../../../src/lib/clock';
import { siteWith } from './sites';

let folder: string;
let store: PlanStore | undefined;
const folders: string[] = [];

beforeEach(async () => {
  folder = await siteWith();
  folders.push(folder);
});

afterEach(async () => {
  store?.close();
  store = undefined;
  for (const one of folders.splice(0)) await rm(one, { recursive: true, force: true });
});

const flows = 'main: { menu: main, queue: support }\n';

function file(name: string): string {
  return path.join(folder, name);
}

/** Flows that differ from the good site by the priority of the flow `direct`. */
function flowsWith(priority: number): string {
  return `${flows}direct: { queue: sales, priority: ${priority} }\n`;
}

function priorityOf(plan: Plan): number {
  return plan.flows.get('direct')!.priority;
}

function published(of: PlanStore): Promise<Plan> {
  return new Promise((resolve) => of.once('published', resolve));
}

function rejected(of: PlanStore): Promise<Fault[]> {
  return new Promise((resolve) => of.once('rejected', resolve));
}

async function open(options: { folder?: string; clock?: ManualClock; watch?: boolean } = {}): Promise<PlanStore> {
  store = await PlanStore.open({ folder, ...options });

  return store;
}

describe('at the start', () => {
  test('a good site is in force', async () => {
    await open();
    expect(priorityOf(store!.current)).toBe(0);
    expect(store!.version(store!.current.version)).toBe(store!.current);
    expect(store!.faults).toEqual([]);
  });

  test('a bad site is refused with all its faults and remedies', async () => {
    await writeFile(file('flows.yaml'), `${flows}direct: { queue: salse, prio: 1 }\n`);
    const thrown = await PlanStore.open({ folder }).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(PlanInvalidError);
    const error = thrown as PlanInvalidError;
    expect(error.code).toBe('PLAN_INVALID');
    expect(error.faults.map((fault) => fault.code)).toEqual(['UNKNOWN_QUEUE', 'UNKNOWN_KEY']);
    expect(error.message).toContain(
      `${folder}/flows.yaml:2:18 error UNKNOWN_QUEUE there is no queue 'salse'; did you mean 'sales'?`,
    );
    expect(error.message).toContain('\n    There are: support, sales.');
  });

  test('a folder that is not there is refused', async () => {
    await expect(PlanStore.open({ folder: `${folder}-gone` })).rejects.toMatchObject({ code: 'PLAN_INVALID' });
  });
});

describe('an edit', () => {
  test('that is good is in force', async () => {
    await open();
    const next = published(store!);
    await writeFile(file('flows.yaml'), flowsWith(7));
    expect(priorityOf(await next)).toBe(7);
    expect(priorityOf(store!.current)).toBe(7);
  });

  test('of a menu, and a menu that is new', async () => {
    await open();
    let next = published(store!);
    const menu = await readFile(file('menus/main.yaml'), 'utf8');
    await writeFile(file('menus/main.yaml'), menu.replace('en: Welcome', 'en: Good morning'));
    expect((await next).menus.get('main')!.pages['home']!.title['en']).toBe('Good morning');
    next = published(store!);
    await writeFile(file('menus/second.yaml'), menu);
    await writeFile(file('flows.yaml'), `${flows}direct: { menu: second, queue: sales }\n`);
    expect((await next).flows.get('direct')).toMatchObject({ menu: 'second' });
  });

  test('that is bad is reported, and the last good plan stays in force', async () => {
    await open();
    const before = store!.current;
    const next = rejected(store!);
    await writeFile(file('flows.yaml'), `${flows}direct: { queue: nowhere }\n`);
    expect((await next).map((fault) => fault.code)).toEqual(['UNKNOWN_QUEUE', 'UNREACHABLE_QUEUE']);
    expect(store!.current).toBe(before);
    expect(store!.faults).toHaveLength(2);
    const mended = published(store!);
    await writeFile(file('flows.yaml'), flowsWith(3));
    expect(priorityOf(await mended)).toBe(3);
    expect(store!.faults).toEqual([]);
  });

  test('that takes a file away is reported', async () => {
    await open();
    const next = rejected(store!);
    await rm(file('queues.yaml'));
    expect((await next).map((fault) => fault.code)).toEqual(['FILE_MISSING']);
  });

  test('that says nothing new publishes nothing', async () => {
    await open();
    const plans: Plan[] = [];
    store!.on('published', (plan) => plans.push(plan));
    await writeFile(file('flows.yaml'), `# a comment\n${await readFile(file('flows.yaml'), 'utf8')}`);
    await store!.reload();
    const next = published(store!);
    await writeFile(file('flows.yaml'), flowsWith(9));
    await next;
    expect(plans.map(priorityOf)).toEqual([9]);
  });

  test('that is still bad in the same way is reported once', async () => {
    await open({ watch: false });
    const reports: Fault[][] = [];
    store!.on('rejected', (faults) => reports.push(faults));
    await writeFile(file('flows.yaml'), `${flows}direct: { queue: nowhere }\n`);
    await store!.reload();
    await store!.reload();
    expect(reports).toHaveLength(1);
  });

  test('that was turned down and is taken back needs no report', async () => {
    await open({ watch: false });
    const before = store!.current;
    const good = await readFile(file('flows.yaml'), 'utf8');
    await writeFile(file('flows.yaml'), 'main: [');
    await store!.reload();
    expect(store!.faults).not.toEqual([]);
    await writeFile(file('flows.yaml'), good);
    await store!.reload();
    expect(store!.faults).toEqual([]);
    expect(store!.current).toBe(before);
  });
});

describe('the way editors and tools save', () => {
  test('a file beside it, then a rename', async () => {
    await open();
    const next = published(store!);
    await writeFile(file('.flows.yaml.tmp'), flowsWith(4));
    await rename(file('.flows.yaml.tmp'), file('flows.yaml'));
    expect(priorityOf(await next)).toBe(4);
  });

  test('the old file moved away, then a new one written', async () => {
    await open();
    const next = published(store!);
    await rename(file('flows.yaml'), file('flows.yaml~'));
    await writeFile(file('flows.yaml'), flowsWith(5));
    expect(priorityOf(await next)).toBe(5);
  });

  test('the folder menus replaced by another', async () => {
    await open();
    const menu = await readFile(file('menus/main.yaml'), 'utf8');
    const next = published(store!);
    await mkdir(file('menus.new'));
    await writeFile(file('menus.new/main.yaml'), menu.replace('title: { en: Hours', 'title: { en: Times'));
    await rename(file('menus'), file('menus.old'));
    await rename(file('menus.new'), file('menus'));
    expect((await next).menus.get('main')!.pages['hours']!.title['en']).toBe('Times');
    const again = published(store!);
    await writeFile(file('menus/main.yaml'), menu.replace('title: { en: Hours', 'title: { en: Open'));
    expect((await again).menus.get('main')!.pages['hours']!.title['en']).toBe('Open');
  });

  test('a link that is turned to another folder, which gives no sign but is seen', async () => {
    const other = await siteWith();
    folders.push(other);
    await writeFile(path.join(other, 'flows.yaml'), flowsWith(6));
    const link = `${folder}-link`;
    folders.push(link);
    await symlink(folder, link);
    await open({ folder: link });
    const next = published(store!);
    await symlink(other, `${link}-new`);
    await rename(`${link}-new`, link);
    expect(priorityOf(await next)).toBe(6);
  });

  test('a file written in two parts is read once, whole', async () => {
    const clock = new ManualClock();
    await open({ clock });
    const seen: string[] = [];
    store!.on('rejected', () => seen.push('rejected'));
    store!.on('published', (plan) => seen.push(`published ${priorityOf(plan)}`));
    const resting = clock.pendingCount;
    const whole = flowsWith(8);
    await writeFile(file('flows.yaml'), whole.slice(0, 50));
    await until(() => clock.pendingCount > resting);
    clock.advance(60);
    await writeFile(file('flows.yaml'), whole);
    // The second sign may come after the clock moved on; the first 100 ms must not run out before it.
    const next = published(store!);
    await until(() => {
      clock.advance(1);

      return seen.length > 0;
    });
    await next;
    expect(seen).toEqual(['published 8']);
  });
});

/** Lets events come in until the condition holds; the time limit of the test is the deadline. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe('versions that calls hold', () => {
  async function edit(priority: number): Promise<void> {
    await writeFile(file('flows.yaml'), flowsWith(priority));
    await store!.reload();
  }

  beforeEach(() => open({ watch: false }));

  test('are kept until the last call that began on them is over', async () => {
    const first = store!.current;
    store!.retain(first);
    store!.retain(first);
    await edit(1);
    expect(store!.version(first.version)).toBe(first);
    expect(store!.kept).toEqual(new Map([[first.version, 2], [store!.current.version, 0]])); // prettier-ignore
    store!.release(first);
    expect(store!.version(first.version)).toBe(first);
    store!.release(first);
    expect(store!.version(first.version)).toBeUndefined();
  });

  test('that nobody holds are forgotten with the next edit', async () => {
    const first = store!.current;
    await edit(1);
    expect(store!.version(first.version)).toBeUndefined();
    expect(store!.kept.size).toBe(1);
  });

  test('the one in force is kept though nobody holds it', () => {
    store!.retain(store!.current);
    store!.release(store!.current);
    expect(store!.version(store!.current.version)).toBe(store!.current);
  });

  test('a release too many harms nobody', async () => {
    const first = store!.current;
    store!.release(first);
    store!.retain(first);
    await edit(1);
    expect(store!.version(first.version)).toBe(first);
    store!.release(first);
    store!.release(first);
    expect(store!.kept.size).toBe(1);
  });

  test('a plan that comes back is the same object', async () => {
    const first = store!.current;
    store!.retain(first);
    await edit(1);
    await edit(0);
    expect(store!.current).toBe(first);
  });

  test('a hundred edits leave nothing behind', async () => {
    for (let priority = 1; priority <= 100; priority++) {
      const plan = store!.current;
      store!.retain(plan);
      await edit(priority);
      store!.release(plan);
    }
    expect(priorityOf(store!.current)).toBe(100);
    expect(store!.kept.size).toBe(1);
  });
});

describe('closing', () => {
  test('ends the watching; the plan stays readable; twice is harmless', async () => {
    const clock = new ManualClock();
    await open({ clock });
    const heard: Plan[] = [];
    store!.on('published', (plan) => heard.push(plan));
    store!.close();
    store!.close();
    await writeFile(file('flows.yaml'), flowsWith(2));
    clock.advance(10_000);
    await store!.reload();
    expect(clock.pendingCount).toBe(0);
    expect(heard).toEqual([]);
    expect(priorityOf(store!.current)).toBe(0);
  });
});
