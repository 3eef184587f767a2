import { Type } from '@sinclair/typebox';
import { FIELD_TYPES, ITEM_KEYS } from '../ivr/model';
import {
  byName,
  choice,
  named,
  object,
  optional,
  patterns,
  picture,
  priority,
  skills,
  texts,
  wish,
} from './schema-parts';

const actionMeaning = 'What a choice leads to: exactly one of page, queue, flow, home, back and end.';

const action = object(
  'an action',
  actionMeaning,
  {
    page: optional(named('the name of a page', 'Another page of this menu.')),
    queue: optional(named('the name of a queue', 'A queue: the person wants a human.')),
    priority: optional(priority('With queue: seconds of head start, in place of those of the flow.', {})),
    skills: optional(skills('With queue: skills that the seat must have, in place of those of the flow.', {})),
    ...wish('With queue: ', ', in place of that of the flow'),
    flow: optional(named('the name of a flow', 'Another flow, from its beginning.')),
    home: optional(Type.Unsafe({ const: true, title: 'true', description: 'The first page of the menu.' })),
    back: optional(Type.Unsafe({ const: true, title: 'true', description: 'The page before.' })),
    end: optional(
      named('a word such as done', 'The end of the call; the word is the reason that the terminal is told.', {
        examples: ['done'],
      }),
    ),
  },
  [{ page: 'hours' }],
);

const item = object('an item', 'Something a person can choose.', {
  key: Type.Unsafe({
    type: ['string', 'integer'],
    title: `one of ${ITEM_KEYS.join(', ')}`,
    examples: ['1'],
    description:
      'Digit that chooses the item on a phone; unique on its page. `*` and `#` are kept for back and paging.',
  }),
  label: texts('What the item says.', 80),
  icon: optional(picture('Name of an icon of the terminal (`train`), or a picture as for `image`.')),
  action,
});

const field = object('a field', 'A question of a form.', {
  name: Type.String({
    title: patterns.field.says,
    description: 'Name of the answer in what the agent and other systems get.',
    pattern: patterns.field.pattern,
    examples: ['item'],
  }),
  label: texts('The question.', 120),
  type: choice(FIELD_TYPES, 'Kind of answer.'),
  required: optional(
    Type.Boolean({ title: 'true or false', description: 'Whether it must be answered.', default: false }),
  ),
  options: optional(
    Type.Array(
      object('an option', 'An answer of a field of type choice.', {
        value: Type.String({
          title: 'text in quotes, at most 60 characters',
          description: 'Value passed on.',
          minLength: 1,
          maxLength: 60,
        }),
        label: texts('What the option says.', 80),
      }),
      { title: 'a list of options', description: 'Answers of a field of type choice.', minItems: 1, maxItems: 50 },
    ),
  ),
});

const form = object('a form', 'Questions answered on the screen.', {
  fields: Type.Array(field, { title: 'a list of fields', description: 'The questions.', minItems: 1, maxItems: 20 }),
  submit: texts('What the button says.', 40),
  action,
});

const page = object('a page', 'One screen of the menu.', {
  title: texts('Heading.', 100),
  text: optional(texts('What there is to read. Line breaks are kept.', 4000)),
  image: optional(picture('Picture: an http(s) URL, or a path below assetBase.')),
  items: optional(
    Type.Array(item, {
      title: 'a list of items',
      description: 'What can be chosen.',
      maxItems: ITEM_KEYS.length,
      default: [],
    }),
  ),
  form: optional(form),
  back: optional(
    Type.Boolean({
      title: 'true or false',
      description:
        'Whether a person may go back from here. True in any case when an item or the form has the action back.',
      default: false,
    }),
  ),
});

export const menuSchema = object(
  'a menu',
  'Pages on the screen of a terminal. The name of the menu is that of its file.',
  {
    start: named('the name of a page', 'Page shown first, and by `home`.'),
    pages: byName('the pages', 'The pages by name.', patterns.name, page),
  },
);
