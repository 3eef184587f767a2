import type { Item, LocalText, Menu, MenuAction, Page } from '../../../src/ivr/model';

/** A text in both languages of the test menu. */
export function both(en: string, de = en): LocalText {
  return { en, de };
}

export function item(key: string, label: string, action: MenuAction): Item {
  return { key, label: both(label), action };
}

export function page(id: string, rest: Partial<Page> = {}): Page {
  return { id, title: both(id), items: [], back: true, ...rest };
}

export function menuOf(...pages: Page[]): Menu {
  return {
    id: 'main',
    start: pages[0]?.id ?? 'none',
    pages: Object.fromEntries(pages.map((entry) => [entry.id, entry])),
  };
}

/** A station's help menu: sub-menu, self-service page, form, and a way to people. */
export const stationMenu = menuOf(
  page('start', {
    title: both('How can we help?', 'Wie können wir helfen?'),
    back: false,
    items: [
      item('1', 'Tickets', { type: 'page', page: 'tickets' }),
      item('2', 'Lost property', { type: 'page', page: 'lost' }),
      item('9', 'Talk to a person', { type: 'queue', queue: 'support', priority: 5, skills: ['de'] }),
      item('0', 'Goodbye', { type: 'end', reason: 'done' }),
    ],
  }),
  page('tickets', {
    text: both('Tickets are sold at the machine.'),
    image: 'https://example.org/machine.png',
    items: [
      item('1', 'Prices', { type: 'page', page: 'prices' }),
      item('8', 'To the start', { type: 'home' }),
      item('7', 'One page back', { type: 'back' }),
      item('3', 'Other team', { type: 'flow', flow: 'sales' }),
    ],
  }),
  page('prices', { text: both('A day costs 9.'), back: false }),
  page('lost', {
    form: {
      fields: [
        { name: 'what', label: both('What is lost?'), type: 'text', required: true },
        { name: 'when', label: both('When?'), type: 'date', required: false },
        { name: 'phone', label: both('Your number'), type: 'phone', required: false },
        { name: 'pieces', label: both('How many?'), type: 'number', required: false },
        {
          name: 'line',
          label: both('Which line?'),
          type: 'choice',
          required: true,
          options: [
            { value: 's1', label: both('S1') },
            { value: 's2', label: both('S2') },
          ],
        },
      ],
      submit: both('Send', 'Senden'),
      action: { type: 'queue', queue: 'lost-property' },
    },
  }),
);
