import type { PageMessage, QueueMessage } from '../../../src/ivr/messages';
import { promptFiles } from '../../../src/ivr/prompts';
import { phrasesOf } from '../../../src/ivr/voice';

const home: PageMessage = {
  type: 'page',
  id: 'home',
  title: 'How can we help?',
  text: 'One zone: 2.90\nTwo zones: 4.10',
  items: [
    { key: '1', label: 'Tickets and fares' },
    { key: '0', label: 'Talk to a person' },
  ],
};
const queue: QueueMessage = {
  type: 'queue',
  queue: 'Station help',
  position: 2,
  waiting: 5,
  estimate: [130, 290],
  actions: ['leave', 'home'],
};
const english = { locale: 'en', menu: 'main' };

describe('what is said', () => {
  test('of a page: title and text, then each item with its key at the end', () => {
    expect(phrasesOf(home, english)).toEqual([
      { prompt: 'main.home', text: 'How can we help? One zone: 2.90. Two zones: 4.10.' },
      { prompt: 'main.home.1', text: 'Tickets and fares: press 1.' },
      { prompt: 'main.home.0', text: 'Talk to a person: press 0.' },
    ]);
  });

  test('of the later parts of a page: the title is not said again, and its recording not played', () => {
    const page = { ...home, id: 'home~2', items: [{ key: '*', label: 'Previous' }] };
    expect(phrasesOf(page, english)).toEqual([
      { text: 'One zone: 2.90. Two zones: 4.10.' },
      { text: 'Previous: press star.' },
    ]);
  });

  test('of a page with a way back, by star, unless star leads to the part before', () => {
    const { text: _text, ...page } = home;
    const said = (items: PageMessage['items']): string[] =>
      phrasesOf({ ...page, items, back: true }, english).map(({ text }) => text);
    expect(said([])).toEqual(['How can we help?', 'Back: press star.']);
    expect(said([{ key: '*', label: 'Previous' }])).toEqual(['How can we help?', 'Previous: press star.']);
  });

  test('of a form: that a person will ask, and the key that goes on', () => {
    const form = { fields: [{ name: 'name', label: 'Name', type: 'text' as const, required: true }], submit: 'Send' };
    expect(phrasesOf({ ...home, items: [], form }, english).map(({ text }) => text)).toEqual([
      'How can we help? One zone: 2.90. Two zones: 4.10.',
      'An agent will ask you this.',
      'Go on: press hash.',
    ]);
  });

  test('of the queue: where, the place, the time, and the way to the menu', () => {
    expect(phrasesOf(queue, english)).toEqual([
      { prompt: 'queue', text: 'Station help. Please wait, somebody will be with you.' },
      { text: 'Place 2 of 5.' },
      { text: 'about 2 to 5 minutes.' },
      { text: 'Menu: press star.' },
    ]);
    expect(phrasesOf({ ...queue, position: 1, actions: ['leave'] }, english).slice(1)).toEqual([
      { prompt: 'next', text: 'You are next.' },
      { text: 'about 2 to 5 minutes.' },
    ]);
  });

  test('of the queue: how to be called back, where it does that', () => {
    const said = phrasesOf({ ...queue, actions: ['leave', 'callback', 'home'] }, english).map(({ text }) => text);
    expect(said.slice(3)).toEqual(['Call me back: press hash.', 'Menu: press star.']);
  });

  test('in the language of the caller', () => {
    const [, item] = phrasesOf(home, { ...english, locale: 'de-CH' });
    expect(item?.text).toBe('Tickets and fares: Drücken Sie die 1.');
    expect(phrasesOf(queue, { ...english, locale: 'zh' })[1]?.text).toBe('第 2 位，共 5 位。');
  });

  test('at the end: thanks, or what went wrong', () => {
    const said = (reason: string): string => phrasesOf({ type: 'end', reason }, english)[0]?.text ?? '';
    expect(said('done')).toBe('Thank you for your call. Goodbye.');
    const [back] = phrasesOf({ type: 'end', reason: 'callback' }, english);
    expect(back).toEqual({ prompt: 'callback', text: 'We will call you back. You keep your place. Goodbye.' });
    expect(said('queue-full')).toBe('All lines are taken. Please try again later. Goodbye.');
  });
});

test('recorded prompts come first, spoken ones fill the holes, what cannot be spoken is left out', async () => {
  const files = await promptFiles(home, english, {
    recorded: (locale, prompt) => (prompt === 'main.home.1' ? `/prompts/${locale}/${prompt}.wav` : undefined),
    speak: (text) => (text.startsWith('Talk') ? Promise.reject(new Error('no voice')) : Promise.resolve('/said.wav')),
  });
  expect(files).toEqual(['/said.wav', '/prompts/en/main.home.1.wav']);
});
