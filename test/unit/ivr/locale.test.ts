import { lookupLocale, negotiateLocale } from '../../../src/ivr/locale';
import { wordsFor } from '../../../src/ivr/words';

const site = { locales: ['en', 'de-CH', 'fr', 'zh-Hant-TW'], defaultLocale: 'en' };

test.each([
  ['fr', 'fr'],
  ['FR-ca', 'fr'],
  ['de-CH-1901', 'de-CH'],
  ['de', 'de-CH'],
  ['de-AT', 'de-CH'],
  ['zh-hant-tw-x-private', 'zh-Hant-TW'],
  ['it, fr;q=0.5', 'fr'],
  ['fr;q=0.2, de-CH;q=0.9', 'de-CH'],
  ['fr;q=0, en', 'en'],
  ['fr; q=0.3', 'fr'],
  ['de_CH', 'de-CH'],
  ['*', 'en'],
  ['it', 'en'],
  ['', 'en'],
  [undefined, 'en'],
  [';;;,,q=1, \u0000', 'en'],
  ['*;q=0.1, fr', 'fr'],
])('%j is served in %s', (wanted, expected) => {
  expect(negotiateLocale(wanted, site)).toBe(expected);
});

test('a lookup drops a single-letter subtag together with what it introduced', () => {
  expect(lookupLocale('en-a-b', ['en-a', 'en'])).toBe('en');
});

test('the words of the server are in the language of the locale, else in English', () => {
  expect(wordsFor('de-CH').more).toBe('Mehr');
  expect(wordsFor('tlh').more).toBe('More');
  expect(wordsFor('constructor').more).toBe('More');
});
