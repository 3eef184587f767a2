import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defaultCurves } from '../../../src/acd/classes';
import type { Plan } from '../../../src/dialplan/model';
import { GoodSites, planIn } from './sites';

const sites = new GoodSites();

afterAll(() => sites.remove());

describe('what the ACD is told by a plan', () => {
  /** The plan of the good site with these files in place of its own. */
  async function planWith(files: Record<string, string>, env = {}): Promise<Plan> {
    const folder = await sites.folder();
    for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);

    return planIn(folder, env);
  }

  const site = 'domain: help.example.org\nlocales: [en]\nassetBase: https://help.example.org/assets/\n';
  const menu = `
start: home
pages:
  home:
    title: Welcome
    items:
      - { key: "1", label: Us, action: { queue: support, class: low, medium: voice, designated: "2002" } }
`;
  const alone = {
    'site.yaml': site,
    'services.yaml': 'support: { label: Help, flow: main, pool: help }\n',
    'menus/main.yaml': menu,
  };

  test('everything that a queue says', async () => {
    const queues = `
support:
  label: Help
  strategy: ring-progressively
  ringStep: 5
  skills: [video >= 2]
  weight: 2.5
  wrapUp: 0
  wrapUpUntilDone: true
  returnWithin: 0
  maxWait: 600
  unreachableDelay: 7
  autoBreak: { no-answer: 3, rejected: 1 }
  hours: office
  closedMessage: Closed
  callback: { order: caller-first, hours: office }
  rings:
    - { seats: frequent-agent }
    - name: near
      seats: ["2001-2002", "group:near"]
      strategy: ring-all
      after: 5
      when: { waited: 1, estimate: 2, waiting: 3, free: 1, occupancy: 50 }
      skills: []
      disregard: [video]
      maxPenalty: 4
  overflow:
    - { when: { closed: true }, to: { message: Come again } }
    - { when: { empty: true, waited: 30 }, to: { queue: sales } }
    - { when: { waiting: 9, estimate: 60 }, to: { number: "6100" } }
    - { when: { waited: 300 }, to: { callback: true } }
sales: { label: Sales }
`;
    const directory =
      'seats:\n  2001-2003: { password: x, queues: [support, sales], skills: [video], groups: [near] }\n';
    const hours =
      'timezone: Asia/Tokyo\nhours: { office: { mon: ["09:00-17:00"], holidays: { 2026-01-01: closed } } }\n';
    const plan = await planWith({
      ...alone,
      'site.yaml': site + hours,
      'queues.yaml': queues,
      'directory.yaml': directory,
    });
    const office = { zone: 'Asia/Tokyo', week: { mon: [{ from: 540, to: 1_020 }] }, holidays: { '2026-01-01': [] } };
    expect(plan.queues.get('support')).toEqual({
      id: 'support',
      label: { en: 'Help' },
      strategy: 'ring-progressively',
      ringStep: 5,
      skills: ['video >= 2'],
      weight: 2.5,
      ringTimeout: 20,
      wrapUp: 0,
      wrapUpUntilDone: true,
      grace: 60,
      returnWithin: 0,
      maxWait: 600,
      noAnswerDelay: 30,
      rejectDelay: 10,
      busyDelay: 10,
      unreachableDelay: 7,
      autoBreak: { 'no-answer': 3, rejected: 1 },
      hours: office,
      closedMessage: { en: 'Closed' },
      callback: { order: 'caller-first', attempts: 3, retryDelay: 60, ringTimeout: 30, hours: office },
      rings: [
        { seats: { kind: 'frequent-agent' }, strategy: 'ring-progressively', after: 0 },
        {
          name: 'near',
          seats: { kind: 'named', seats: ['2001', '2002'], groups: ['near'] },
          strategy: 'ring-all',
          after: 5,
          when: { waited: 1, estimate: 2, waiting: 3, free: 1, occupancy: 50 },
          skills: [],
          disregard: ['video'],
          maxPenalty: 4,
        },
      ],
      overflow: [
        { when: { closed: true }, to: { kind: 'message', text: { en: 'Come again' } } },
        { when: { empty: true, waited: 30 }, to: { kind: 'queue', queue: 'sales' } },
        { when: { waiting: 9, estimate: 60 }, to: { kind: 'number', number: '6100' } },
        { when: { waited: 300 }, to: { kind: 'callback' } },
      ],
      recording: 'never',
      retention: 90,
      hold: {},
    });
    expect(plan.hours.get('office')).toEqual(office);
  });

  test.each([
    ['last-agent', '', { kind: 'last-agent' }, {}],
    ['frequent-agent', '', { kind: 'frequent-agent' }, {}],
    ['designated-agent', '', { kind: 'designated-agent' }, {}],
    ['skill-group', ', skills: [video], firstFor: 5', { kind: 'all' }, { skills: [], after: 5 }],
    ['vip', ', first: ["2001"]', { kind: 'named', seats: ['2001'], groups: [] }, {}],
  ])('the strategy %s is written out as two rings', async (strategy, more, seats, second) => {
    const queues = `support: { label: Help, strategy: ${strategy}${more} }\nsales: { label: Sales }\n`;
    const queue = (await planWith({ ...alone, 'queues.yaml': queues })).queues.get('support')!;
    expect(queue.strategy).toBe('longest-idle');
    expect(queue.rings).toEqual([
      { name: strategy, seats, strategy: 'longest-idle', after: 0 },
      { name: 'all', seats: { kind: 'all' }, strategy: 'longest-idle', after: 20, ...second },
    ]);
  });

  test('everything that seats, terminals and ways into a queue say', async () => {
    const directory = `
terminals:
  "1001": { password: x, class: vip, customer: family-weber }
seats:
  b2-b3: { password: x, queues: { support: 7, sales: 0 }, skills: { video: 5 }, groups: [near] }
  "2001": { password: x, queues: [support], media: [voice], login: code, pin: { env: PIN } }
  "2002": { password: x, queues: [support], login: code, pin: "0815" }
`;
    const plan = await planWith(
      {
        ...alone,
        'queues.yaml': 'support: { label: Help }\nsales: { label: Sales }\n',
        'directory.yaml': directory,
        'flows.yaml':
          'main: { menu: main, queue: support, class: vip }\ndirect: { queue: sales, medium: text, designated: b2 }\n',
      },
      { PIN: '4711' },
    );
    expect([...plan.seats.values()].map(({ id, order }) => [id, order])).toEqual([['b2', 0], ['b3', 1], ['2001', 2], ['2002', 3]]); // prettier-ignore
    expect(plan.seats.get('b3')).toMatchObject({
      queues: ['support', 'sales'],
      penalties: { support: 7, sales: 0 },
      skills: ['video'],
      levels: { video: 5 },
      groups: ['near'],
      login: 'registration',
    });
    expect(plan.seats.get('2001')).toMatchObject({ media: ['voice'], login: 'code', pin: '4711', levels: {} });
    expect(plan.seats.get('2002')!.pin).toBe('0815');
    expect(plan.terminals.get('1001')).toMatchObject({ class: 'vip', customer: 'family-weber' });
    expect([plan.flows.get('main')!.class, plan.flows.get('direct')]).toMatchObject([
      'vip',
      { medium: 'text', designated: 'b2' },
    ]);
    expect(plan.menus.get('main')!.pages['home']!.items[0]!.action).toEqual({
      type: 'queue',
      queue: 'support',
      class: 'low',
      medium: 'voice',
      designated: '2002',
    });
  });

  test('classes, codes and an emergency of the site, and what they are when it says nothing', async () => {
    const more = `
overtakeLimit: 100
classes: { vip: { points: [[0, 60], [100, 160]] } }
emergency: { text: Fire, refuse: true }
codes: { login: "*71" }
`;
    const queues = { 'queues.yaml': 'support: { label: Help }\nsales: { label: Sales }\n' };
    const told = await planWith({ ...alone, ...queues, 'site.yaml': site + more });
    expect(told).toMatchObject({
      overtakeLimit: 100,
      classes: { ...defaultCurves, vip: { points: [[0, 60], [100, 160]], after: 1 } },
      emergency: { text: { en: 'Fire' }, refuse: true },
      codes: { login: '*71', logout: '*52' },
    }); // prettier-ignore
    const untold = await planWith({ ...alone, ...queues });
    expect(untold).toMatchObject({ timezone: 'UTC', overtakeLimit: 300, classes: defaultCurves });
    expect([untold.emergency, untold.hours.size, untold.codes.login]).toEqual([undefined, 0, '*51']);
  });
});

test('what holds for one line only is no fault: rings behind conditions, and rules that ask for more first', async () => {
  const folder = await sites.folder();
  const queues = `
support:
  label: { en: Help, de: Hilfe }
  rings:
    - { when: { waiting: 3 } }
    - { after: 20 }
  overflow:
    - { when: { waited: 120 }, to: { message: { en: Later, de: Später } } }
    - { when: { waited: 60, empty: true }, to: { queue: sales } }
    - { when: { waited: 60, waiting: 5 }, to: { queue: sales } }
sales:
  label: { en: Sales, de: Verkauf }
  overflow: [{ when: { waited: 60 }, to: { message: { en: Later, de: Später } } }]
`;
  await writeFile(path.join(folder, 'queues.yaml'), queues);
  await planIn(folder);
});
