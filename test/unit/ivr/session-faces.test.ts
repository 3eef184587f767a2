import { pagesAhead } from '../../../src/ivr/ahead';
import type { PageMessage } from '../../../src/ivr/messages';
import { ITEM_KEYS, type Menu } from '../../../src/ivr/model';
import { partsOf } from '../../../src/ivr/paging';
import { currentScreen, onFace, showQueue, startMenu, step, type StepResult } from '../../../src/ivr/session';
import type { MenuState } from '../../../src/ivr/state';
import { both, item, menuOf, page, stationMenu } from './menus';

const press = (menu: Menu, state: MenuState, ...digits: string[]): StepResult => {
  let result: StepResult = { state, send: [] };
  for (const digit of digits) result = step(menu, result.state, { type: 'digit', digit });

  return result;
};
const begin = (menu: Menu, face?: MenuState['face']): MenuState => startMenu(menu, 'en', face).state;
const shown = (result: StepResult): string[] =>
  result.send.map((message) => (message.type === 'page' ? message.id : message.type));
const facts = { label: both('Help'), position: 2, waiting: 3, estimate: [60, 120] as const };

describe('the queue on a face with keys', () => {
  const waiting = (actions: ('leave' | 'home')[]) =>
    showQueue(press(stationMenu, begin(stationMenu, 'video'), '1').state, { ...facts, actions }).state;

  test('* leads back to the page where the person was, and the place is kept', () => {
    const result = press(stationMenu, waiting(['leave', 'home']), '*');
    expect(shown(result)).toEqual(['tickets']);
    expect(result.action).toEqual({ type: 'detour' });
  });

  test('* does nothing where there is no menu to go back to, nor do other keys', () => {
    expect(press(stationMenu, waiting(['leave']), '*')).toMatchObject({ send: [] });
    for (const digit of ['0', '1', '#']) {
      const result = press(stationMenu, waiting(['leave', 'home']), digit);
      expect(result.send).toEqual([]);
      expect(result.action).toBeUndefined();
    }
  });
});

describe('forms on a face with keys', () => {
  test('# goes on to the human whom the form leads to, without answers', () => {
    const result = press(stationMenu, begin(stationMenu, 'voice'), '2', '#');
    expect(result.action).toEqual({ type: 'queue', queue: 'lost-property' });
    expect(result.values).toBeUndefined();
  });

  test('# asks for somebody where the form would say that all is done', () => {
    const fields = [{ name: 'what', label: both('What?'), type: 'text', required: true } as const];
    const form = { fields, submit: both('Send'), action: { type: 'page', page: 'thanks' } as const };
    const menu = menuOf(page('form', { form }), page('thanks'));
    expect(press(menu, begin(menu, 'video'), '#').action).toEqual({ type: 'ask', page: 'form' });
  });

  test('# goes on where nothing has to be answered', () => {
    const fields = [{ name: 'what', label: both('What?'), type: 'text', required: false } as const];
    const form = { fields, submit: both('Send'), action: { type: 'page', page: 'thanks' } as const };
    const menu = menuOf(page('form', { form }), page('thanks'));
    expect(shown(press(menu, begin(menu, 'video'), '#'))).toEqual(['thanks']);
  });

  test('on a screen # is not a way round a form', () => {
    expect(press(stationMenu, begin(stationMenu), '2', '#')).toMatchObject({ send: [{ id: 'lost' }] });
    expect(press(stationMenu, begin(stationMenu), '2', '#').action).toBeUndefined();
  });
});

describe('another face', () => {
  const items = ITEM_KEYS.map((key) => item(key, `Choice number ${key}`, { type: 'home' }));
  const text = both('A long text that is read before anything is chosen. '.repeat(40));
  const long = menuOf(page('start'), page('long', { text, items }));
  const onLong = (face: MenuState['face'], part: number): MenuState => ({
    ...begin(long, face),
    trail: [
      { page: 'start', part: 0 },
      { page: 'long', part },
    ],
  });

  test('divides pages in its own way', () => {
    const counts = (['screen', 'video', 'video-small', 'voice'] as const).map(
      (face) => partsOf(long.pages.long!, 'en', face).length,
    );
    expect(counts[1]).toBeGreaterThan(1);
    expect(counts[2]).toBeGreaterThan(counts[1] as number);
    expect(counts[3]).toBe(1);
  });

  test('shows the page where the person was, with what was to be chosen there', () => {
    const parts = partsOf(long.pages.long!, 'en', 'screen');
    const part = parts.findIndex(({ items: own }) => own.length > 0);
    const moved = onFace(long, onLong(undefined, part), 'video-small');
    const message = currentScreen(long, moved) as PageMessage;
    expect(message.id).toMatch(/^long/);
    expect(message.items.map(({ key }) => key)).toContain(parts[part]?.items[0]?.key);
    expect(onFace(long, moved, 'screen').face).toBeUndefined();
  });

  test('keeps the trail, the values and the queue', () => {
    const state = { ...onLong('video', 0), values: { name: 'x' } };
    expect(onFace(long, state, 'video')).toBe(state);
    expect(onFace(long, state, 'voice')).toMatchObject({ values: { name: 'x' }, face: 'voice', trail: state.trail });
  });

  test('a menu that is entered later is divided in the same way', () => {
    expect(begin(long, 'video-small').face).toBe('video-small');
    expect(begin(long, 'screen').face).toBeUndefined();
  });
});

describe('what one key leads to', () => {
  const sales = { ...menuOf(page('sales')), id: 'sales' };
  const plan = {
    menus: new Map([
      ['main', stationMenu],
      ['sales', sales],
    ]),
    flows: new Map([['sales', { menu: 'sales' }]]),
  };
  const ahead = (state: MenuState) =>
    pagesAhead(state, plan).map((message) => (message.type === 'page' ? message.id : message.type));

  test('is every page behind an item, also of another flow, and the page before; each once', () => {
    expect(ahead(begin(stationMenu, 'video'))).toEqual(['tickets', 'lost']);
    const tickets = press(stationMenu, begin(stationMenu, 'voice'), '1').state;
    expect(ahead(tickets)).toEqual(['prices', 'sales', 'start']);
  });

  test('is exactly what is shown when the key is pressed', () => {
    const state = begin(stationMenu, 'video');
    const [tickets] = pagesAhead(state, plan);
    expect(press(stationMenu, state, '1').send).toEqual([tickets]);
  });

  test('in the queue it is the menu; at the end nothing', () => {
    const state = showQueue(begin(stationMenu, 'video'), { ...facts, actions: ['home'] }).state;
    expect(ahead(state)).toEqual(['start']);
    expect(ahead({ ...state, phase: 'ended' })).toEqual([]);
    expect(ahead({ ...state, menu: 'gone' })).toEqual([]);
  });
});
