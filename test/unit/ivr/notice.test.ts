import { bodyBytes } from '../../../src/ivr/codec';
import { MAX_BODY_BYTES } from '../../../src/ivr/messages';
import { currentScreen, showMenu, showNotice, startMenu, step } from '../../../src/ivr/session';
import { noticeMessage } from '../../../src/ivr/views';
import { phrasesOf } from '../../../src/ivr/voice';
import type { Menu } from '../../../src/ivr/model';

const menu: Menu = {
  id: 'main',
  start: 'home',
  pages: {
    home: {
      id: 'home',
      title: { en: 'Home' },
      items: [{ key: '1', label: { en: 'One' }, action: { type: 'end', reason: 'done' } }],
      back: false,
    },
  },
};
const notice = { title: { en: 'Help', de: 'Hilfe' }, text: { en: 'No trains run.', de: 'Kein Zug fährt.' } };

describe('a notice', () => {
  const { state } = showNotice(startMenu(menu, 'de').state, notice);

  test('is shown in the language of the call, with nothing to choose', () => {
    expect(currentScreen(menu, state)).toEqual({
      type: 'page',
      id: '-notice',
      title: 'Hilfe',
      text: 'Kein Zug fährt.',
      items: [],
    });
  });

  test('is said as it is read', () => {
    const said = phrasesOf(noticeMessage(notice, 'de'), { locale: 'de', menu: 'main' });
    expect(said.map(({ text }) => text)).toEqual(['Hilfe. Kein Zug fährt.']);
  });

  test('is left by nothing that a person does but hanging up', () => {
    const [digit, choice] = [
      { type: 'digit' as const, digit: '1' },
      { type: 'choose' as const, page: 'home', item: '1' },
    ];
    expect(step(menu, state, digit)).toEqual({ state, send: [] });
    expect(step(menu, state, choice)).toEqual({ state, send: [currentScreen(menu, state)] });
    expect(step(menu, state, { type: 'leave' }).action).toEqual({ type: 'leave' });
  });

  test('leaves the menu as it was', () => {
    expect(showMenu(menu, state).send[0]).toMatchObject({ id: 'home' });
  });

  test('fits into one message, however long it is', () => {
    const long = noticeMessage({ title: { en: 'é'.repeat(500) }, text: { en: 'ü"'.repeat(2000) } }, 'en');
    expect(bodyBytes(long)).toBeLessThanOrEqual(MAX_BODY_BYTES);
    expect(long.text?.endsWith('…')).toBe(true);
  });
});
