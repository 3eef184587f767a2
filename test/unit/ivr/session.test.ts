import Ajv from 'ajv';
import fc from 'fast-check';
import type { PageMessage, TerminalInput } from '../../../src/ivr/messages';
import type { Menu } from '../../../src/ivr/model';
import {
  currentScreen,
  enterMenu,
  showConnected,
  showEnd,
  showMenu,
  showQueue,
  showSurvey,
  startMenu,
  step,
  type StepResult,
} from '../../../src/ivr/session';
import { MenuStateSchema, resumedSeq, type MenuState } from '../../../src/ivr/state';
import { both, item, menuOf, page, stationMenu } from './menus';

/** A person at a terminal: keeps the state as it would be stored, and what the screen shows. */
class Person {
  state: MenuState;
  screen: StepResult['send'][number] | undefined;
  last: StepResult;
  private seq = 0;

  constructor(
    readonly menu: Menu = stationMenu,
    locale = 'en',
  ) {
    this.last = startMenu(menu, locale);
    this.state = this.take(this.last);
  }

  does(input: TerminalInput | { type: 'digit'; digit: string }): StepResult {
    const message = input.type === 'digit' ? input : { ...input, seq: this.seq++ };

    return this.sees(step(this.menu, this.state, message));
  }

  chooses(itemKey: string): StepResult {
    return this.does({ type: 'choose', page: this.page.id, item: itemKey });
  }

  submits(values: Record<string, string | number | null>): StepResult {
    return this.does({ type: 'submit', page: this.page.id, values });
  }

  sees(result: StepResult): StepResult {
    this.last = result;
    this.state = this.take(result);

    return result;
  }

  get page(): PageMessage {
    if (this.screen?.type !== 'page') throw new Error(`The screen shows ${JSON.stringify(this.screen)}`);

    return this.screen;
  }

  private take(result: StepResult): MenuState {
    this.screen = result.send.at(-1) ?? this.screen;

    // Through JSON, as a store would have it.
    return JSON.parse(JSON.stringify(result.state)) as MenuState;
  }
}

const errorsOf = (message: PageMessage) =>
  Object.fromEntries((message.form?.fields ?? []).flatMap(({ name, error }) => (error ? [[name, error]] : [])));
const queueFacts = {
  label: both('Support', 'Hilfe'),
  position: 2,
  waiting: 4,
  estimate: [50, 120],
  actions: [],
} as const;

describe('moving through the menu', () => {
  test('the first page comes in the language of the call, without a way back', () => {
    expect(new Person(stationMenu, 'de').page).toMatchObject({ id: 'start', title: 'Wie können wir helfen?' });
    expect(new Person().page.back).toBeUndefined();
  });

  test('an item opens its page, back and home return', () => {
    const person = new Person();
    person.chooses('1');
    expect(person.page).toMatchObject({ id: 'tickets', back: true, image: 'https://example.org/machine.png' });
    person.does({ type: 'back' });
    expect(person.page.id).toBe('start');
    person.chooses('1');
    person.chooses('1');
    expect(person.page.id).toBe('prices');
    person.does({ type: 'home' });
    expect(person.page.id).toBe('start');
    expect(person.state.trail).toHaveLength(1);
  });

  test('items may mean back and home too', () => {
    const person = new Person();
    person.chooses('1');
    person.chooses('7');
    expect(person.page.id).toBe('start');
    person.chooses('1');
    person.chooses('8');
    expect(person.page.id).toBe('start');
  });

  test('back is refused where the page does not allow it, and on the first page', () => {
    const person = new Person();
    person.does({ type: 'back' });
    expect(person.page.id).toBe('start');
    person.chooses('1');
    person.chooses('1');
    person.does({ type: 'back' });
    expect(person.page.id).toBe('prices');
  });

  test.each([
    ['an item that is not on the page', { type: 'choose', page: 'start', item: '5' }],
    ['an item of another page', { type: 'choose', page: 'tickets', item: '1' }],
    ['a page that is only a longer name', { type: 'choose', page: 'startling', item: '1' }],
    ['a form on a page without one', { type: 'submit', page: 'start', values: {} }],
    ['a callback that was not offered', { type: 'callback' }],
    ['a digit that is not on the page', { type: 'digit', digit: '5' }],
    ['a name from the prototype', { type: 'choose', page: 'constructor', item: 'constructor' }],
  ] as const)('%s shows the page as it is', (_name, input) => {
    const person = new Person();
    const before = person.state;
    const result = person.does(input);
    expect(result.send).toEqual([expect.objectContaining({ type: 'page', id: 'start' })]);
    expect(result.action).toBeUndefined();
    expect({ ...person.state, seqIn: before.seqIn }).toEqual(before);
  });

  test('digits choose by item key, star goes back', () => {
    const person = new Person();
    person.does({ type: 'digit', digit: '1' });
    expect(person.page.id).toBe('tickets');
    person.does({ type: 'digit', digit: '*' });
    expect(person.page.id).toBe('start');
    expect(person.does({ type: 'digit', digit: '9' }).action).toMatchObject({ type: 'queue' });
  });

  test('going round in circles keeps the trail short and the start in it', () => {
    const circle = menuOf(
      page('a', { items: [item('1', 'to b', { type: 'page', page: 'b' })] }),
      page('b', { items: [item('1', 'to b', { type: 'page', page: 'b' })] }),
    );
    const person = new Person(circle);
    for (let i = 0; i < 100; i++) person.chooses('1');
    expect(person.state.trail.length).toBeLessThanOrEqual(30);
    expect(person.state.trail[0]?.page).toBe('a');
  });
});

describe('actions that leave the menu', () => {
  test.each([
    [['9'], { type: 'queue', queue: 'support', priority: 5, skills: ['de'] }],
    [['0'], { type: 'end', reason: 'done' }],
    [['1', '3'], { type: 'flow', flow: 'sales' }],
  ])('%j gives %j, and nothing to send', (keys, action) => {
    const person = new Person();
    keys.forEach((key) => person.chooses(key));
    expect(person.last).toMatchObject({ send: [], action });
    expect(person.state.pending).toEqual(action);
  });

  test('while one is pending a second tap does nothing; after showMenu the menu is back where it was', () => {
    const person = new Person();
    person.chooses('1');
    person.chooses('3');
    expect(person.does({ type: 'digit', digit: '3' })).toMatchObject({ send: [] });
    expect(person.last.action).toBeUndefined();
    expect(person.does({ type: 'leave' }).action).toEqual({ type: 'leave' });
    person.sees(showMenu(person.menu, person.state));
    expect(person.page.id).toBe('tickets');
    expect(person.chooses('3').action).toEqual({ type: 'flow', flow: 'sales' });
  });

  test('another menu takes the values and the sequence along', () => {
    const person = new Person();
    person.chooses('2');
    person.submits({ what: 'bag', line: 's1' });
    const other = { ...menuOf(page('front')), id: 'other' };
    const result = enterMenu(other, person.state);
    expect(result.state).toMatchObject({
      menu: 'other',
      values: { what: 'bag' },
      seqIn: person.state.seqIn,
      phase: 'menu',
    });
    expect(result.state.pending).toBeUndefined();
    expect(result.send).toEqual([expect.objectContaining({ id: 'front' })]);
  });
});

describe('sequence numbers', () => {
  const choose = (seq: number) => ({ type: 'choose', page: 'start', item: '1', seq }) as const;

  test('old and repeated ones are ignored, gaps are accepted, 0 may be the first', () => {
    const first = step(stationMenu, startMenu(stationMenu, 'en').state, choose(0));
    expect(first.duplicate).toBeUndefined();
    expect(step(stationMenu, first.state, choose(0))).toEqual({ state: first.state, send: [], duplicate: true });
    const later = step(stationMenu, first.state, { type: 'home', seq: 90 });
    expect(later.state.seqIn).toBe(90);
    expect(step(stationMenu, later.state, { type: 'back', seq: 89 }).duplicate).toBe(true);
  });

  test('a node that takes over continues above what may have been sent', () => {
    expect(resumedSeq({ ...startMenu(stationMenu, 'en').state, seqOut: 7 })).toBeGreaterThan(7 + 500);
  });
});

describe('forms', () => {
  const atForm = () => {
    const person = new Person();
    person.chooses('2');

    return person;
  };

  test('good values are given with the action and kept', () => {
    const result = atForm().submits({
      what: ' bag ',
      when: '2026-02-28',
      phone: '+41 31 123-45',
      pieces: '2,5',
      line: 's2',
      x: 'y',
    });
    const values = { what: 'bag', when: '2026-02-28', phone: '+41 31 123-45', pieces: 2.5, line: 's2' };
    expect(result).toMatchObject({ send: [], action: { type: 'queue', queue: 'lost-property' }, values });
    expect(result.state.values).toEqual(values);
  });

  test('bad values show the page again with a word at each field, and keep the good ones', () => {
    const person = atForm();
    const result = person.submits({ what: '', when: '2026-02-30', phone: 'none', pieces: 'two', line: 's9' });
    expect(result.action).toBeUndefined();
    expect(errorsOf(person.page)).toEqual({
      what: 'Please fill this in',
      when: expect.stringContaining('date'),
      phone: expect.stringContaining('telephone'),
      pieces: expect.stringContaining('number'),
      line: expect.stringContaining('list'),
    });
    person.submits({ what: 'bag', when: null, line: 's9' });
    expect(errorsOf(person.page)).toEqual({ line: expect.any(String) });
    expect(person.page.form?.fields[0]).toMatchObject({ value: 'bag' });
  });

  test.each([
    ['when', '2026-13-01'],
    ['when', '31.03.2026'],
    ['phone', '12'],
    ['phone', '1234567890123456'],
    ['pieces', '1e3'],
    ['pieces', '9'.repeat(400)],
    ['what', 'x'.repeat(201)],
    ['line', 'toString'],
  ])('%s is not taken as %s', (name, value) => {
    const person = atForm();
    person.submits({ what: 'bag', line: 's1', [name]: value });
    expect(Object.keys(errorsOf(person.page))).toEqual([name]);
  });

  test('what a form was filled with is shown when the person comes back to it', () => {
    const person = atForm();
    person.submits({ what: 'bag', line: 's1' });
    person.sees(showMenu(person.menu, person.state));
    expect(person.page.form?.fields.map(({ value }) => value)).toEqual(['bag', undefined, undefined, undefined, 's1']);
  });

  test('a form for a page leads on inside the menu', () => {
    const menu = menuOf(
      page('ask', {
        form: {
          fields: [{ name: '__proto__', label: both('?'), type: 'text', required: true }],
          submit: both('Go'),
          action: { type: 'page', page: 'next' },
        },
      }),
      page('next'),
    );
    const person = new Person(menu);
    const result = person.does({
      type: 'submit',
      page: 'ask',
      values: JSON.parse('{"__proto__":"x"}') as Record<string, string>,
    });
    expect(person.page.id).toBe('next');
    expect(Object.entries(result.values ?? {})).toEqual([['__proto__', 'x']]);
    expect(Object.entries(person.state.values)).toEqual([['__proto__', 'x']]);
  });
});

describe('a form in parts', () => {
  const fields = Array.from({ length: 14 }, (_, i) => ({
    name: `f${i}`,
    label: both(`Field ${i} ${'x'.repeat(60)}`),
    type: 'text' as const,
    required: i === 0 || i === 13,
  }));
  const stations = {
    name: 'station',
    label: both('Station'),
    type: 'choice' as const,
    required: true,
    options: Array.from({ length: 80 }, (_, i) => ({ value: `s${i}`, label: both(`Station ${i}`) })),
  };
  const end = { type: 'end', reason: 'sent' } as const;
  const menuWith = (...list: (typeof fields)[number][] | [typeof stations]) =>
    menuOf(page('form', { form: { fields: list, submit: both('Send'), action: end } }));
  const filled = (message: PageMessage) =>
    Object.fromEntries((message.form?.fields ?? []).map(({ name }) => [name, `v-${name}`]));

  test('is collected part by part and given whole', () => {
    const person = new Person(menuWith(...fields));
    let parts = 0;
    while (!person.last.action && parts < 10) {
      parts++;
      person.submits(filled(person.page));
    }
    expect(parts).toBeGreaterThan(1);
    expect(person.last).toMatchObject({
      action: end,
      values: Object.fromEntries(fields.map(({ name }) => [name, `v-${name}`])),
    });
    expect(person.state.draft).toEqual({});
  });

  test('a part that was skipped is shown with its errors at the end', () => {
    const person = new Person(menuWith(...fields));
    while (person.page.items.some(({ key }) => key === '#')) person.chooses('#');
    const lastPart = person.page.id;
    person.submits({ f13: 'x' });
    expect(lastPart).not.toBe('form');
    expect(person.page.id).toBe('form');
    expect(Object.keys(errorsOf(person.page))).toEqual(['f0']);
  });

  test('one choice out of a list in parts is enough, and none is not', () => {
    const person = new Person(menuWith(stations));
    const first = person.page.form?.fields[0]?.options?.[0]?.value;
    person.submits({ station: first ?? '' });
    while (!person.last.action) person.submits({});
    expect(person.last.values).toEqual({ station: 's0' });

    const hurried = new Person(menuWith(stations));
    for (let i = 0; i < 10 && Object.keys(errorsOf(hurried.page)).length === 0; i++) hurried.submits({});
    expect(hurried.page.id).toBe('form');
    expect(errorsOf(hurried.page)).toEqual({
      station: 'Please fill this in',
    });
  });
});

describe('a page in parts', () => {
  const items = Array.from({ length: 10 }, (_, i) =>
    item(String(i), `Item ${i} ${'y'.repeat(100)}`, { type: 'end', reason: `r${i}` }),
  );
  const menu = menuOf(
    page('front', { items: [item('1', 'Big', { type: 'page', page: 'big' })] }),
    page('big', { text: both('line of text\n'.repeat(100)), items }),
  );
  const atBig = () => {
    const person = new Person(menu);
    person.chooses('1');

    return person;
  };

  test('hash leads on and star leads back, by touch and by DTMF', () => {
    const person = atBig();
    person.chooses('#');
    expect(person.page.id).toBe('big~2');
    person.does({ type: 'digit', digit: '#' });
    expect(person.page.id).toBe('big~3');
    person.chooses('*');
    person.does({ type: 'digit', digit: '*' });
    expect(person.page.id).toBe('big');
    person.does({ type: 'digit', digit: '*' });
    expect(person.page.id).toBe('front');
  });

  test('a second tap on the hash of a part that is no longer shown does nothing', () => {
    const person = atBig();
    person.does({ type: 'choose', page: 'big', item: '#' });
    person.does({ type: 'choose', page: 'big', item: '#' });
    expect(person.page.id).toBe('big~2');
  });

  test('every item can be reached and chosen', () => {
    for (const { key } of items) {
      const person = atBig();
      while (!person.page.items.some((shown) => shown.key === key)) person.chooses('#');
      expect(person.chooses(key).action).toEqual({ type: 'end', reason: `r${key}` });
    }
  });

  test('an item is chosen by its key whichever part is shown', () => {
    expect(atBig().does({ type: 'digit', digit: '9' }).action).toEqual({ type: 'end', reason: 'r9' });
  });
});

describe('waiting and talking', () => {
  test('the queue page stays for whatever is touched, unless it was offered', () => {
    const person = new Person();
    person.chooses('9');
    person.sees(showQueue(person.state, queueFacts));
    expect(person.screen).toEqual({
      type: 'queue',
      queue: 'Support',
      position: 2,
      waiting: 4,
      estimate: [50, 120],
      actions: [],
    });
    for (const type of ['back', 'home', 'callback'] as const) {
      const result = person.does({ type });
      expect(result.action).toBeUndefined();
      expect(result.send).toEqual([expect.objectContaining({ type: 'queue' })]);
    }
    expect(person.does({ type: 'digit', digit: '1' }).send).toEqual([]);
    expect(person.does({ type: 'leave' }).action).toEqual({ type: 'leave' });
  });

  test('callback and a detour through the menu where they are offered', () => {
    const person = new Person();
    person.chooses('1');
    person.sees(showQueue(person.state, { ...queueFacts, actions: ['callback', 'home'] }));
    expect(person.does({ type: 'callback' }).action).toEqual({ type: 'callback' });
    expect(person.does({ type: 'back' })).toMatchObject({ action: { type: 'detour' }, state: { phase: 'menu' } });
    expect(person.page.id).toBe('tickets');
    person.sees(showQueue(person.state, { ...queueFacts, actions: ['home'] }));
    person.does({ type: 'home' });
    expect(person.page.id).toBe('start');
  });

  test('the key # asks to be called back where that is offered, and does nothing elsewhere', () => {
    const person = new Person();
    person.sees(showQueue(person.state, { ...queueFacts, actions: ['leave', 'callback'] }));
    expect(person.does({ type: 'digit', digit: '#' })).toMatchObject({ send: [], action: { type: 'callback' } });
    expect(person.does({ type: 'digit', digit: '*' })).not.toHaveProperty('action');
    person.sees(showQueue(person.state, { ...queueFacts, actions: ['leave', 'home'] }));
    expect(person.does({ type: 'digit', digit: '#' })).not.toHaveProperty('action');
  });

  test('figures that make no sense are set right', () => {
    const { state } = startMenu(stationMenu, 'de');
    expect(showQueue(state, { ...queueFacts, position: 3, waiting: 1, estimate: [90.4, NaN] }).send).toEqual([
      expect.objectContaining({ queue: 'Hilfe', position: 3, waiting: 3, estimate: [90, 90] }),
    ]);
  });

  test('texts and receipts are handed on in every phase but the last', () => {
    const person = new Person();
    person.sees(showConnected(person.state, { name: 'Ana', photo: 'https://example.org/ana.jpg' }, true));
    expect(person.screen).toEqual({
      type: 'connected',
      agent: { name: 'Ana', photo: 'https://example.org/ana.jpg' },
      video: true,
    });
    expect(person.does({ type: 'text', text: 'hello' }).action).toEqual({ type: 'text', text: 'hello' });
    expect(person.does({ type: 'shown', ref: 'p1' }).action).toEqual({ type: 'shown', ref: 'p1' });
    expect(person.does({ type: 'failed', ref: 'p1', reason: 'x' }).action).toEqual({
      type: 'failed',
      ref: 'p1',
      reason: 'x',
    });
    expect(person.does({ type: 'home' }).send).toEqual([expect.objectContaining({ type: 'connected' })]);
    expect(person.does({ type: 'digit', digit: '1' }).send).toEqual([]);
    person.sees(showEnd(person.state, 'agent-hung-up'));
    expect(person.screen).toEqual({ type: 'end', reason: 'agent-hung-up' });
    expect(person.does({ type: 'leave' })).toMatchObject({ send: [] });
    expect(person.last.action).toBeUndefined();
  });

  test('a survey is checked like a form', () => {
    const person = new Person();
    const fields = [{ name: 'stars', label: both('Stars'), type: 'number', required: true } as const];
    person.sees(
      showSurvey(person.state, { id: 'after', title: both('How was it?'), form: { fields, submit: both('Send') } }),
    );
    expect(person.does({ type: 'submit', page: 'after', values: { stars: 'many' } }).send).toEqual([
      expect.objectContaining({
        type: 'survey',
        form: expect.objectContaining({ fields: [expect.objectContaining({ error: expect.any(String) })] }),
      }),
    ]);
    expect(person.does({ type: 'submit', page: 'other', values: { stars: 5 } }).action).toBeUndefined();
    expect(person.does({ type: 'submit', page: 'after', values: { stars: 5 } }).action).toEqual({
      type: 'survey',
      id: 'after',
      values: { stars: 5 },
    });
  });
});

describe('a state that was stored', () => {
  const isState = new Ajv({ strict: true }).compile(MenuStateSchema);

  test('shows the same screen on another node', () => {
    const person = new Person();
    person.chooses('1');
    expect(currentScreen(person.menu, person.state)).toEqual(person.screen);
    person.sees(showQueue(person.state, queueFacts));
    expect(currentScreen(person.menu, person.state)).toEqual(person.screen);
  });

  test('meets a plan that has lost its pages', () => {
    const person = new Person();
    person.chooses('1');
    person.chooses('1');
    const smaller = menuOf(page('start', { items: [item('1', 'A', { type: 'end', reason: 'a' })] }));
    expect(currentScreen(smaller, person.state)).toMatchObject({ id: 'start' });
    expect(step(smaller, person.state, { type: 'digit', digit: '1' }).action).toEqual({ type: 'end', reason: 'a' });
    const other = menuOf(page('front'));
    expect(currentScreen(other, person.state)).toMatchObject({ id: 'front' });
    expect(() => currentScreen({ ...other, pages: {} }, person.state)).toThrow(
      expect.objectContaining({ code: 'PLAN_INVALID' }),
    );
  });

  test('whatever a person does, the state stays valid and the screen fits', () => {
    const key = fc.constantFrom(...'0123456789*#');
    const input = fc.oneof(
      key.map((digit) => ({ type: 'digit', digit }) as const),
      fc.record({
        type: fc.constant('choose' as const),
        page: fc.constantFrom('start', 'tickets', 'lost', 'lost~2'),
        item: key,
      }),
      fc.constantFrom(
        { type: 'back' } as const,
        { type: 'home' } as const,
        { type: 'callback' } as const,
        { type: 'leave' } as const,
      ),
      fc.record({
        type: fc.constant('submit' as const),
        page: fc.constantFrom('start', 'lost'),
        values: fc.dictionary(
          fc.constantFrom('what', 'line', 'when', '__proto__'),
          fc.constantFrom('s1', '', 'x', 3, null, true),
        ),
      }),
    );
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
        const person = new Person();
        for (const each of inputs) {
          const frozen = JSON.stringify(person.state);
          const before = person.state;
          person.does(each);
          expect(JSON.stringify(before)).toBe(frozen);
          expect(isState(person.state)).toBe(true);
          if (person.state.pending && inputs.length % 2 === 0) person.sees(showMenu(person.menu, person.state));
        }
      }),
    );
  });
});
