import { Type } from '@sinclair/typebox';
import { strategies } from '../acd/config';
import { shorthands } from './rings';
import { asset, byName, choice, defaults, flag, named, object, optional, patterns, seconds } from './schema-parts';
import { skills, texts, whole, yes } from './schema-parts';

const HOUR = 3_600;
const DAY = 86_400;

const conditions = {
  waited: optional(seconds('It has waited at least this long.', 1, DAY)),
  estimate: optional(seconds('The upper end of its estimated wait is at least this.', 1, DAY)),
  waiting: optional(whole('', 'At least so many wait in the queue.', 1, 100_000)),
};

function members(description: string, extra: object = {}) {
  const title = 'a list of seats and groups';
  const item = Type.String({ title: patterns.member.says, pattern: patterns.member.pattern });

  return Type.Array(item, {
    title,
    description,
    uniqueItems: true,
    maxItems: 1_000,
    examples: [['group:experts']],
    ...extra,
  });
}

const ring = object('a ring', 'A step of a search that widens.', {
  name: optional(
    Type.String({
      title: 'text of at most 60 characters',
      description: 'Name of the ring as explanations show it.',
      minLength: 1,
      maxLength: 60,
    }),
  ),
  seats: optional(
    Type.Unsafe({
      type: ['string', 'array'],
      title: patterns.ringSeats.says,
      description:
        'Which seats of the queue it adds: `all`; the one that served this customer last (`last-agent`) or most often (`frequent-agent`); the one that the call asks for (`designated-agent`); or these.',
      pattern: patterns.ringSeats.pattern,
      items: { type: 'string', title: patterns.member.says, pattern: patterns.member.pattern },
      minItems: 1,
      maxItems: 1_000,
      uniqueItems: true,
      default: 'all',
      examples: ['all', ['anna', 'group:experts']],
    }),
  ),
  strategy: optional(
    choice(strategies, 'In which order they are rung. That of the queue when absent.', {
      title: 'the name of a strategy',
    }),
  ),
  after: optional(seconds('How long after the ring before it the ring opens.', 0, DAY, 0)),
  when: optional(
    Type.Object(
      {
        ...conditions,
        free: optional(whole('', 'At least so many seats of the queue are free.', 1, 10_000)),
        occupancy: optional(whole('per cent', 'At least this share of the seats at work are engaged.', 1, 100)),
      },
      {
        title: 'a condition',
        description: 'What must hold besides `after` for the ring to open: all that is given.',
        additionalProperties: false,
        minProperties: 1,
        examples: [{ waiting: 5 }],
      },
    ),
  ),
  skills: optional(skills('Skills that take the place of those of the queue. Those of the call still count.', {})),
  disregard: optional(
    Type.Array(named('the name of a skill', 'A skill.'), {
      title: 'a list of skills',
      description: 'Skills that do not count in this ring, although the call or the queue asks for them.',
      maxItems: 32,
      uniqueItems: true,
      examples: [['fares']],
    }),
  ),
  maxPenalty: optional(whole('', 'Seats with a higher penalty in this queue are left out.', 0, 100)),
});

const overflowRule = object('a rule', 'When calls go elsewhere, and where.', {
  when: Type.Object(
    {
      ...conditions,
      empty: optional(yes('No seat works for the queue: all are offline or on a break.')),
      closed: optional(yes('The queue is closed by its opening hours. Looked at only when the call comes.')),
    },
    {
      title: 'a condition',
      description: 'All that is given must hold.',
      additionalProperties: false,
      minProperties: 1,
      examples: [{ waited: 300 }],
    },
  ),
  to: object('a target', 'Exactly one of queue, number, message and callback.', {
    queue: optional(named('the name of a queue', 'Another queue; the call keeps the time at which it came.')),
    number: optional(
      Type.String({
        title: 'a number of numbers.yaml, in quotes',
        description: 'A number of the site; the call does what is done with calls to it.',
        pattern: patterns.number.pattern,
        examples: ['6001'],
      }),
    ),
    message: optional(texts('A text that is shown or said; then the call ends.', 500)),
    callback: optional(yes('The person hangs up and is called back in his turn, as `callback` of the queue says.')),
  }),
});

const callback = object('callbacks', 'How people are called back who asked for it. Not offered when absent.', {
  order: optional(
    choice(
      ['agent-first', 'caller-first'],
      '`agent-first`: the seat answers, then the terminal is called; `caller-first`: the other way round.',
      { default: defaults.callbackOrder },
    ),
  ),
  attempts: optional(whole('', 'How often the terminal is called at most.', 1, 20, { default: defaults.attempts })),
  retryDelay: optional(seconds('How long between two attempts.', 1, HOUR, defaults.retryDelay)),
  ringTimeout: optional(seconds('How long the terminal is rung.', 1, 300, defaults.callbackRingTimeout)),
  hours: optional(
    named('the name of opening hours', 'Hours of site.yaml in which people are called back. At all times when absent.'),
  ),
});

export const queuesSchema = byName(
  'the queues',
  'Where calls wait for a free seat.',
  patterns.name,
  object('a queue', 'Where calls wait for a free seat.', {
    label: texts('Name of the queue as people read it.', 80),
    strategy: optional(
      choice(
        [...strategies, ...shorthands],
        `In which order the free seats are rung: ${[...strategies, ...shorthands].join(', ')}. docs/strategies.md tells each; the last five are whole searches.`,
        { title: 'the name of a strategy', default: defaults.strategy },
      ),
    ),
    first: optional(
      members('With `vip`: the seats and groups that are rung first, before all others of the queue.', { minItems: 1 }),
    ),
    firstFor: optional(
      seconds(
        'With the strategies that begin with some seats: how long those are rung alone.',
        0,
        3600,
        defaults.firstFor,
      ),
    ),
    rings: optional(
      Type.Array(ring, {
        title: 'a list of rings',
        description:
          'Steps of a search that widens. Each adds seats to those before it, which go on being rung first. All seats at once when absent.',
        minItems: 1,
        maxItems: 20,
      }),
    ),
    ringStep: optional(
      seconds('With `ring-progressively`: how long until one more seat is rung.', 1, 300, defaults.ringStep),
    ),
    skills: optional(skills('Skills that the seat must have for every call of this queue.')),
    weight: optional(
      Type.Number({
        title: 'a number from 0.1 to 10',
        description:
          'Where a seat serves several queues, calls of a queue of weight 2 age twice as fast as those of weight 1.',
        minimum: 0.1,
        maximum: 10,
        default: defaults.weight,
        examples: [2],
      }),
    ),
    ringTimeout: optional(
      seconds('How long a seat rings before the call is offered to another.', 1, 300, defaults.ringTimeout),
    ),
    wrapUp: optional(seconds('How long a seat is left alone after a call.', 0, 3600, defaults.wrapUp)),
    wrapUpUntilDone: optional(
      flag(
        'The seat is left alone until its agent says that he is done; `wrapUp` is the longest then, and 0 sets no limit.',
      ),
    ),
    grace: optional(seconds('How long the place of a caller who was cut off is kept.', 0, 3600, defaults.grace)),
    returnWithin: optional(
      seconds(
        'After a talk that broke off, the same seat is rung first for whoever calls again within this time. 0: never.',
        0,
        86_400,
        defaults.returnWithin,
      ),
    ),
    maxWaiting: optional(
      Type.Integer({
        title: 'a whole number from 1 to 100000',
        description: 'Callers who may wait at once; more are refused. No limit when absent.',
        minimum: 1,
        maximum: 100_000,
        examples: [50],
      }),
    ),
    maxWait: optional(seconds('How long a caller may wait. No limit when absent.', 1, 86_400)),
    noAnswerDelay: optional(
      seconds('How long a seat is left alone after it did not answer.', 0, 3600, defaults.noAnswerDelay),
    ),
    rejectDelay: optional(
      seconds('How long a seat is left alone after it rejected a call.', 0, 3600, defaults.rejectDelay),
    ),
    busyDelay: optional(seconds('How long a seat is left alone after it was busy.', 0, 3600, defaults.busyDelay)),
    unreachableDelay: optional(
      seconds('How long a seat is left alone whose phone could not be reached. As `busyDelay` when absent.', 0, 3600),
    ),
    autoBreak: optional(
      object(
        'the misses that lead to a break',
        'After so many misses of a kind in a row the seat goes on a break by itself. Never when absent.',
        {
          'no-answer': optional(whole('', 'Calls that it let ring out.', 1, 20)),
          rejected: optional(whole('', 'Calls that it rejected.', 1, 20)),
          busy: optional(whole('', 'Calls for which it was busy.', 1, 20)),
          unreachable: optional(whole('', 'Calls for which its phone could not be reached.', 1, 20)),
        },
      ),
    ),
    overflow: optional(
      Type.Array(overflowRule, {
        title: 'a list of rules',
        description:
          'When calls go elsewhere: the first rule whose condition holds, when a call comes and while it waits.',
        maxItems: 20,
      }),
    ),
    callback: optional(callback),
    hours: optional(
      named('the name of opening hours', 'Hours of site.yaml in which the queue is open. At all times when absent.'),
    ),
    closedMessage: optional(texts('What callers are told who come while the queue is closed.', 500)),
    recording: optional(
      choice(
        ['never', 'by-request', 'by-agent', 'always'],
        'Whether talks are recorded: `by-request` by REST or keys sent as SIP INFO; `by-agent` also by keys of the agent that come with the sound, for which media go through the server from the beginning; `always` from the first moment.',
        { default: defaults.recording },
      ),
    ),
    retention: optional(
      Type.Integer({
        title: 'a whole number of days from 1 to 36500',
        description: 'How long recordings and snapshots are kept.',
        minimum: 1,
        maximum: 36_500,
        default: defaults.retention,
        examples: [30],
      }),
    ),
    hold: optional(
      object('what is shown and played', 'What people see and hear who wait at a phone without a screen program.', {
        video: optional(asset('A video shown between the pictures of the place in the queue.', ['hold.mp4'])),
        music: optional(asset('Sound between announcements. Silence when absent.', ['hold.wav'])),
      }),
    ),
  }),
);
