import { Type } from '@sinclair/typebox';
import { DEFAULT_LEVEL, MAX_LEVEL } from '../acd/skills';
import { ticketClasses } from '../acd/config';
import {
  byName,
  choice,
  defaults,
  localeName,
  media,
  named,
  object,
  optional,
  patterns,
  picture,
} from './schema-parts';
import { place, secret } from './schema-parts';

const password = secret('text in quotes', 'Password of SIP digest authentication;', { minLength: 1, maxLength: 200 }, [
  'a long secret',
  { env: 'SEAT_PASSWORD' },
]);

export const directorySchema = object('the directory', 'The devices of the site and their passwords.', {
  terminals: optional(
    byName(
      'the terminals',
      'Terminals by SIP user name, or by range: `1001-1010`, `kiosk1-kiosk20`.',
      patterns.user,
      object('a terminal', 'A help terminal, or a range of them.', {
        password,
        place: optional(place('Where it stands, as agents read it. `{id}` becomes the name of the terminal.')),
        locale: optional(localeName('Language of its screen when it names none itself.')),
        class: optional(choice(ticketClasses, 'Class of its calls, in place of that of the flow.')),
        customer: optional(
          Type.String({
            title: 'text of at most 100 characters',
            description:
              'By whom a customer who comes again is known: terminals with one name share their last agent. The terminal itself when absent.',
            minLength: 1,
            maxLength: 100,
            examples: ['platform-1'],
          }),
        ),
      }),
    ),
  ),
  seats: optional(
    byName(
      'the seats',
      'Seats by SIP user name, or by range: `2001-2010`, `a1-a1000`.',
      patterns.user,
      object('a seat', 'The SIP phone of an agent, or a range of them.', {
        password,
        name: optional(
          place('Name of the agent as people read it. `{id}` becomes the name of the seat, which is also the default.'),
        ),
        photo: optional(picture('Picture of the agent.')),
        queues: optional(
          Type.Unsafe({
            type: ['array', 'object'],
            title: 'a list of queues, or a mapping from queues to penalties',
            description:
              'Queues that the seat serves. With a penalty from 0 to 100 it is rung after all seats of the queue with a lower one.',
            items: { type: 'string', title: 'the name of a queue', pattern: patterns.name.pattern },
            uniqueItems: true,
            maxItems: 200,
            propertyNames: { pattern: patterns.name.pattern },
            maxProperties: 200,
            additionalProperties: { type: 'integer', title: 'a penalty from 0 to 100', minimum: 0, maximum: 100 },
            examples: [['support'], { support: 0, sales: 10 }],
          }),
        ),
        skills: optional(
          Type.Unsafe({
            type: ['array', 'object'],
            title: 'a list of skills, or a mapping from skills to levels',
            description: `What the agent is able to do, each at a level from 1 to ${MAX_LEVEL}; ${DEFAULT_LEVEL} in a list.`,
            items: { type: 'string', title: 'the name of a skill', pattern: patterns.name.pattern },
            uniqueItems: true,
            maxItems: 100,
            propertyNames: { pattern: patterns.name.pattern },
            maxProperties: 100,
            additionalProperties: {
              type: 'integer',
              title: `a level from 1 to ${MAX_LEVEL}`,
              minimum: 1,
              maximum: MAX_LEVEL,
            },
            default: [],
            examples: [['video'], { video: 3, fares: 5 }],
          }),
        ),
        groups: optional(
          Type.Array(named('the name of a group', 'A group.'), {
            title: 'a list of groups',
            description: 'Groups that rings may name as `group:<name>`. A group is there when a seat is in it.',
            maxItems: 50,
            uniqueItems: true,
            default: [],
            examples: [['experts']],
          }),
        ),
        media: optional(
          Type.Array(choice(media, 'A medium.'), {
            title: `a list of ${media.join(', ')}`,
            description: 'What the seat can take. Everything when absent.',
            minItems: 1,
            uniqueItems: true,
            examples: [['voice', 'text']],
          }),
        ),
        login: optional(
          choice(
            ['registration', 'code'],
            'When it works: as soon as its phone registers, or only after its agent has dialled the code of login and his PIN.',
            { default: defaults.login },
          ),
        ),
        pin: optional(
          secret(
            'digits in quotes',
            'What the agent dials after the code of login: 4 to 12 digits.',
            { pattern: patterns.pin.pattern },
            ['4711', { env: 'ANNA_PIN' }],
          ),
        ),
      }),
    ),
  ),
});
