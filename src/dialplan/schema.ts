import { Type } from '@sinclair/typebox';
import { asset, byName, choice, colour, defaults, localeName, named, object, optional, patterns } from './schema-parts';
import { priority, seconds, skills, texts, wish } from './schema-parts';
import { timesKeys } from './schema-times';

export { directorySchema } from './schema-directory';
export { queuesSchema } from './schema-queues';

/**
 * The schemas of operators' files. `title` says in a few words what may stand there (messages are made of it),
 * `description` what the key is for; both end up in the JSON schemas for editors and in dialplans/README.md.
 */

export const siteSchema = object('the site', 'Names and rules of the whole site.', {
  domain: Type.String({
    title: patterns.domain.says,
    description: 'SIP domain of the site: the part after the @ in its addresses.',
    pattern: patterns.domain.pattern,
    examples: ['help.example.org'],
  }),
  realm: optional(
    Type.String({
      title: patterns.realm.says,
      description: 'Realm of digest authentication. Devices that store hashed passwords need it.',
      pattern: patterns.realm.pattern,
      default: defaults.realm,
    }),
  ),
  locales: Type.Array(Type.String({ title: patterns.locale.says, pattern: patterns.locale.pattern }), {
    title: 'a list of languages',
    description: 'Languages of the site. Every text must be given in each of them.',
    minItems: 1,
    maxItems: 20,
    uniqueItems: true,
    examples: [['en', 'de']],
  }),
  defaultLocale: optional(
    localeName('Language for terminals that name none that the site has. The first of `locales` when absent.'),
  ),
  defaultService: optional(
    named('the name of a service', 'Service of a help request that names none. The first service when absent.'),
  ),
  trustedNetworks: optional(
    Type.Array(Type.String({ title: 'a network such as 10.20.0.0/16 or 2001:db8::/32' }), {
      title: 'a list of networks',
      description: 'Networks whose calls need no credentials. Name only networks that you control.',
      maxItems: 200,
      default: [],
      examples: [['10.20.0.0/16']],
    }),
  ),
  assetBase: optional(
    Type.String({
      title: 'an http(s) URL that ends in /',
      maxLength: 300,
      examples: ['https://help.example.org/assets/'],
      description: 'Where pictures given as a path are found: the public address of the folder `assets` of the site.',
    }),
  ),
  look: optional(
    object('the look', 'How pages look on phones without a screen program, where they are drawn as a picture.', {
      background: optional(colour('Behind everything.', defaults.background)),
      text: optional(colour('Of all that is to be read. It needs a strong contrast to the background.', defaults.text)),
      accent: optional(colour('Of the keys that can be pressed.', defaults.accent)),
      logo: optional(asset('Logo of the site, a PNG or SVG, shown small beside the title.', ['logo.svg'])),
    }),
  ),
  ...timesKeys,
});

export const numbersSchema = byName(
  'the numbers',
  'Numbers that can be dialled at any time.',
  patterns.number,
  object('a number', 'A number that can be dialled at any time. Write numbers in quotes.', {
    flow: named('the name of a flow', 'What happens to the call.'),
    locale: optional(localeName('Language of the call, whatever the language of the terminal is.')),
  }),
);

export const poolsSchema = byName(
  'the pools',
  'Ranges of routing numbers that help requests are given.',
  patterns.name,
  object('a pool', 'A range of routing numbers, each leased to one terminal at a time.', {
    numbers: Type.Unsafe({
      type: ['string', 'integer'],
      title: 'a range of numbers such as 7000-7999',
      examples: ['7000-7999'],
      description: 'First and last number of the pool.',
    }),
    lease: optional(seconds('How long a terminal may take to dial the number it was given.', 5, 3600, defaults.lease)),
    quarantine: optional(
      seconds('How long a number stays out of use after its lease or call has ended.', 0, 86_400, defaults.quarantine),
    ),
  }),
);

export const servicesSchema = byName(
  'the services',
  'What people can ask help for.',
  patterns.name,
  object('a service', 'Something people can ask help for, by `help-<service>` or in a help request.', {
    label: texts('Name of the service as people read it.', 80),
    flow: named('the name of a flow', 'What happens to calls to the numbers of this service.'),
    pool: named('the name of a pool', 'Where its routing numbers come from.'),
    whenExhausted: optional(
      choice(
        ['refuse', 'queue'],
        'With no number free: `refuse` answers 503 with Retry-After; `queue` keeps the request until a number is free.',
        { default: defaults.whenExhausted },
      ),
    ),
  }),
);

export const flowsSchema = byName(
  'the flows',
  'What becomes of calls.',
  patterns.name,
  object('a flow', 'What becomes of a call: a menu, a queue, or first one and then the other.', {
    menu: optional(
      named('the name of a menu', 'Menu shown first: the name of a file in menus/. None: straight to the queue.'),
    ),
    queue: named('the name of a queue', 'Queue of calls with no menu, and of terminals that cannot show one.'),
    priority: optional(
      priority('Seconds of head start: a call with 60 is served as though it had come a minute earlier.'),
    ),
    skills: optional(skills('Skills that the seat must have for these calls.')),
    ...wish('', '; `normal` when absent'),
  }),
);
