import fc from 'fast-check';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { hasErrors } from '../../../src/dialplan/faults';
import { isOpen } from '../../../src/dialplan/hours';
import { loadSite } from '../../../src/dialplan/load';
import { matchDestination, poolOf } from '../../../src/dialplan/match';
import type { Plan } from '../../../src/dialplan/model';
import { isTrusted } from '../../../src/dialplan/networks';
import { inProject } from '../../../src/lib/paths';
import { GoodSites, planIn } from './sites';

const sites = new GoodSites();

afterAll(() => sites.remove());

describe('the demo site', () => {
  let plan: Plan;

  beforeAll(async () => {
    plan = await planIn(inProject('dialplans', 'demo'));
  });

  test('has the domain, numbers and pool that clients are told', () => {
    expect(plan).toMatchObject({
      site: 'demo',
      domain: 'sightline.test',
      realm: 'sightline',
      defaultService: 'support',
    });
    expect([...plan.numbers.keys()]).toEqual(['6001', '6100', '6200']);
    expect(plan.flows.get(plan.numbers.get('6001')!.flow)).toMatchObject({ menu: 'main', queue: 'support' });
    expect(plan.flows.get(plan.numbers.get('6100')!.flow)).toEqual({
      id: 'support-direct',
      queue: 'support',
      priority: 0,
      skills: [],
    });
    expect(plan.flows.get(plan.numbers.get('6200')!.flow)).toMatchObject({ menu: 'main' });
    expect([...plan.pools.values()]).toEqual([{ id: 'help', from: 7000, to: 7999, lease: 120, quarantine: 60 }]);
    expect([...plan.services.keys()]).toEqual(['tickets', 'support', 'lost-property']);
    expect(plan.services.get('support')).toMatchObject({ flow: 'main', pool: 'help', whenExhausted: 'queue' });
  });

  test('has ten terminals and ten seats with their passwords, each seat in the queue support', () => {
    const ids = (from: number): string[] => Array.from({ length: 10 }, (_, i) => String(from + i));
    expect([...plan.terminals.keys()]).toEqual(ids(1001));
    expect([...plan.seats.keys()]).toEqual(ids(2001));
    expect(new Set([...plan.terminals.values()].map((one) => one.password))).toEqual(new Set(['demo-terminal']));
    expect(new Set([...plan.seats.values()].map((one) => one.password))).toEqual(new Set(['demo-seat']));
    expect([...plan.seats.values()].every((seat) => seat.queues.includes('support'))).toBe(true);
    expect(plan.terminals.get('1007')!.place).toBe('Platform help point 1007');
    expect(plan.seats.get('2001')!.queues).toEqual(['support', 'tickets', 'lost-property']);
  });

  test('speaks three languages and shows pictures by whole URLs', () => {
    expect(plan.locales).toEqual(['en', 'de', 'zh']);
    expect(plan.menus.get('main')!.pages['home']!.title['zh']).toBe('您需要什么帮助？');
    expect(plan.menus.get('main')!.pages['platforms']!.image).toBe('http://127.0.0.1:8080/assets/platforms.png');
    expect(plan.menus.get('main')!.pages['home']!.items[0]!.icon).toBe('train');
    expect(plan.menus.get('lost-property')!.pages['report']!.form!.fields.map((field) => field.type)).toEqual([
      'choice', 'text', 'text', 'date', 'phone',
    ]); // prettier-ignore
  });
});

test('the demo site: each agent is at work as soon as his seat registers, and its queue support is always open', async () => {
  const plan = await planIn(inProject('dialplans', 'demo'));
  expect([...plan.seats.values()].map(({ login, order }) => [login, order])).toEqual(
    Array.from({ length: 10 }, (_, order) => ['registration', order]),
  );
  expect(plan.seats.get('2001')).toMatchObject({ levels: { fares: 5 }, groups: ['experts'] });
  const support = plan.queues.get('support')!;
  expect(support.rings).toBeUndefined();
  expect(support.callback).toEqual({ order: 'agent-first', attempts: 3, retryDelay: 60, ringTimeout: 30 });
  expect(support.overflow).toEqual([{ when: { waited: 900 }, to: { kind: 'callback' } }]);
  for (let hour = 0; hour < 168; hour++) expect(isOpen(support.hours!, hour * 3_600_000)).toBe(true);
  expect(plan.queues.get('tickets')!.rings).toEqual([
    { name: 'regular', seats: { kind: 'last-agent' }, strategy: 'most-skilled', after: 0 },
    { name: 'experts', seats: { kind: 'named', seats: [], groups: ['experts'] }, strategy: 'most-skilled', after: 10 },
    { name: 'everybody', seats: { kind: 'all' }, strategy: 'most-skilled', after: 10 },
  ]);
});

test('the bench site: one number, one queue, a thousand seats and no waits between calls', async () => {
  const plan = await planIn(inProject('dialplans', 'bench'));
  expect(matchDestination(plan, '7000')).toEqual({ kind: 'number', number: { number: '7000', flow: 'support' } });
  expect(plan.flows.get('support')).toMatchObject({ queue: 'support' });
  expect(plan.queues.get('support')).toMatchObject({ wrapUp: 0, noAnswerDelay: 0, rejectDelay: 0, busyDelay: 0 });
  expect([plan.seats.size, plan.seats.get('a1')!.password, plan.seats.get('a1000')!.queues]).toEqual([
    1000,
    'bench',
    ['support'],
  ]);
  expect(isTrusted(plan, '127.0.0.1')).toBe(true);
  expect(isTrusted(plan, '10.0.0.1')).toBe(false);
});

describe('matchDestination', () => {
  let plan: Plan;

  beforeAll(async () => {
    plan = await planIn(inProject('dialplans', 'demo'));
  });

  test.each([
    ['help', { kind: 'help', service: undefined }],
    ['help-tickets', { kind: 'help', service: 'tickets' }],
    ['help-nothing', { kind: 'help', service: 'nothing' }],
    ['6001', { kind: 'number', number: { number: '6001', flow: 'main' } }],
    ['7000', { kind: 'pool', number: '7000' }],
    ['7999', { kind: 'pool', number: '7999' }],
    ['1001', { kind: 'terminal', terminal: { id: '1001' } }],
    ['2010', { kind: 'seat', seat: { id: '2010' } }],
  ])('%s', (user, expected) => {
    expect(matchDestination(plan, user)).toMatchObject(expected);
  });

  test.each(['', 'help-', 'HELP', '6002', '8000', '6999', '07000', '7000 ', '1011', '__proto__', 'constructor'])(
    "'%s' means nothing",
    (user) => {
      expect(matchDestination(plan, user)).toBeUndefined();
    },
  );

  test('every number of a pool belongs to that pool and to nothing else', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999 }), (number) => {
        const inside = number >= 7000 && number <= 7999;
        expect(poolOf(plan, String(number))?.id).toBe(inside ? 'help' : undefined);
      }),
    );
  });
});

describe('the version of a plan', () => {
  test('does not change with comments, spacing or the order of names', async () => {
    const folder = await sites.folder();
    const before = await planIn(folder);
    await writeFile(
      path.join(folder, 'numbers.yaml'),
      '# other order\n"6100":   { flow: direct }\n"6001":\n  flow: main\n',
    );
    expect((await planIn(folder)).version).toBe(before.version);
  });

  test.each([
    ['flows.yaml', 'queue: sales', 'queue: support, priority: 1'],
    ['menus/main.yaml', 'en: Hours', 'en: Opening hours'],
    ['menus/main.yaml', 'key: "1"', 'key: "2"'],
    ['directory.yaml', 'password: seat', 'password: other'],
    ['pools.yaml', '7099', '7098'],
  ])('changes with what %s says', async (file, from, to) => {
    const folder = await sites.folder();
    const before = await planIn(folder);
    const text = await readFile(path.join(folder, file), 'utf8');
    await writeFile(path.join(folder, file), text.replace(from, to));
    const { plan } = await loadSite(folder);
    expect(plan!.version).toMatch(/^[0-9a-f]{16}$/);
    expect(plan!.version).not.toBe(before.version);
  });

  test('is the same for the same site in another folder', async () => {
    expect((await planIn(await sites.folder())).version).toBe((await planIn(await sites.folder())).version);
  });
});

test('a plan cannot be changed', async () => {
  const plan = await planIn(await sites.folder());
  const page = plan.menus.get('main')!.pages['home']!;
  const change = (how: () => unknown): void => expect(how).toThrow(TypeError);
  change(() => (plan.numbers as Map<string, unknown>).set('1', {}));
  change(() => (plan.numbers as Map<string, unknown>).delete('6001'));
  change(() => (plan.numbers as Map<string, unknown>).clear());
  change(() => ((plan as { domain: string }).domain = 'x'));
  change(() => ((page.title as Record<string, string>)['en'] = 'x'));
  change(() => (page.items as unknown[]).push({}));
});

test('a password comes from the environment where the file says so', async () => {
  const folder = await sites.folder();
  await writeFile(
    path.join(folder, 'directory.yaml'),
    'seats:\n  2001-2002: { password: { env: SEAT_PASSWORD }, queues: [support, sales] }\n',
  );
  const plan = await planIn(folder, { SEAT_PASSWORD: 'from outside' });
  expect(plan.seats.get('2002')!.password).toBe('from outside');
});

test('a site of one language needs no languages at its texts', async () => {
  const plan = await planIn(inProject('dialplans', 'bench'));
  expect(plan.queues.get('support')!.label).toEqual({ en: 'Support' });
});

test('an item that goes back makes its page one that can be left by back', async () => {
  const folder = await sites.folder();
  const file = path.join(folder, 'menus/main.yaml');
  const back = '    items: [{ key: 9, label: { en: Back, de: Weg }, action: { back: true } }]\n';
  await writeFile(file, (await readFile(file, 'utf8')).replace('    back: true\n', back));
  const { pages } = (await planIn(folder)).menus.get('main')!;
  expect([pages['home']!.back, pages['hours']!.back]).toEqual([false, true]);
  expect(pages['hours']!.items).toMatchObject([{ key: '9', action: { type: 'back' } }]);
});

test('the domain is compared in lower case', async () => {
  const folder = await sites.folder();
  await writeFile(
    path.join(folder, 'site.yaml'),
    'domain: Help.Example.ORG\nlocales: [en, de]\nassetBase: https://x.example/\n',
  );
  const plan = await planIn(folder);
  expect([plan.domain, plan.defaultLocale, plan.defaultService]).toEqual(['help.example.org', 'en', 'support']);
});

/** Files of the good site with as many kinds of keys as possible. */
const richFiles = {
  'site.yaml': `domain: help.example.org
locales: [en, de]
defaultService: support
assetBase: https://help.example.org/assets/
timezone: Europe/Vienna
hours: { office: { mon: ["08:00-12:00", "22:00-06:00"], holidays: { 2026-12-25: closed, 2026-12-26: [] } } }
classes: { vip: { points: [[0, 120], [600, 720]], after: 1 } }
emergency: { text: { en: Fire, de: Feuer }, refuse: true }
codes: { login: "*71" }
`,
  'queues.yaml': `support:
  label: { en: Help, de: Hilfe }
  skills: [video >= 2]
  autoBreak: { busy: 2 }
  hours: office
  callback: { hours: office }
  rings:
    - { seats: last-agent }
    - { seats: ["2001-2002", "group:near"], after: 5, when: { free: 1 }, disregard: [video], maxPenalty: 4 }
    - { after: 9, skills: [] }
  overflow:
    - { when: { closed: true }, to: { message: { en: Later, de: Später } } }
    - { when: { waited: 30, empty: true }, to: { queue: sales } }
    - { when: { waiting: 9 }, to: { number: "6100" } }
    - { when: { estimate: 60 }, to: { callback: true } }
sales: { label: { en: Sales, de: Verkauf }, strategy: vip, first: ["group:near"] }
`,
  'directory.yaml': `terminals:
  1001-1003: { password: terminal, class: vip, customer: x }
seats:
  2001-2003: { password: seat, queues: { support: 1, sales: 0 }, skills: { video: 5 }, groups: [near] }
  b1: { password: seat, queues: [sales], media: [voice], login: code, pin: "4711" }
`,
};

test('however a file is mangled, the site is compiled or its faults are told', async () => {
  const folder = await sites.folder();
  for (const [file, text] of Object.entries(richFiles)) await writeFile(path.join(folder, file), text);
  const files = [
    'site.yaml',
    'numbers.yaml',
    'pools.yaml',
    'services.yaml',
    'flows.yaml',
    'queues.yaml',
    'directory.yaml',
    'menus/main.yaml',
  ];
  const texts = new Map<string, string>();
  for (const file of files) texts.set(file, await readFile(path.join(folder, file), 'utf8'));
  const edit = fc.record({
    file: fc.constantFrom(...files),
    at: fc.nat(600),
    cut: fc.nat(30),
    put: fc.constantFrom(
      '',
      ' ',
      '\n',
      ':',
      '-',
      '1',
      'null',
      '[]',
      '{}',
      '"',
      '*',
      '~',
      'true',
      ', x',
      'en: ',
      '\n  a: b\n',
    ),
  });
  await fc.assert(
    fc.asyncProperty(edit, async ({ file, at, cut, put }) => {
      const text = texts.get(file)!;
      const place = at % text.length;
      await writeFile(path.join(folder, file), text.slice(0, place) + put + text.slice(place + cut));
      const { plan, faults } = await loadSite(folder, { env: {} });
      await writeFile(path.join(folder, file), text);
      expect(plan === undefined).toBe(hasErrors(faults));
      for (const fault of faults) {
        expect(fault.message).not.toMatch(/undefined|\[object|NaN/);
        expect(`${fault.message}${fault.remedy}`).not.toMatch(/\p{Cc}/u);
        expect(fault.line).toBeGreaterThan(0);
      }
    }),
    { numRuns: 400 },
  );
  await appendFile(path.join(folder, 'site.yaml'), '# as before\n');
  await planIn(folder);
});
