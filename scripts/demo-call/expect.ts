import type { DemoEvent, Who } from './events';

/** One thing that must be seen in the demo. */
export interface Expectation {
  /** In words, as the list of missing steps says it. */
  words: string;
  matches(event: DemoEvent): boolean;
  /** Looked for only after the step with these words. */
  after?: string;
}

interface SipFacts {
  dir?: 'sent' | 'received';
  method: string;
  /** Left out: the request. */
  status?: number;
  body?: (body: string) => boolean;
}

function sip(who: Who, facts: SipFacts): Expectation['matches'] {
  return (event) =>
    event.kind === 'sip' &&
    event.who === who &&
    event.method === facts.method &&
    event.status === (facts.status ?? 0) &&
    (facts.dir === undefined || event.dir === facts.dir) &&
    (facts.body === undefined || facts.body(event.body));
}

function menu(dir: 'sent' | 'received', type: string): Expectation['matches'] {
  return sip('terminal', { dir, method: 'INFO', body: (body) => body.includes(`"type":"${type}"`) });
}

function rtp(who: Who, media: 'audio' | 'video'): Expectation['matches'] {
  return (event) => event.kind === 'rtp' && event.who === who && event.media === media && event.received > 0;
}

const inactive = (body: string): boolean => /^audio (inactive|off)(, video (inactive|off))?$/.test(body);
const bothWays = (body: string): boolean => body === 'audio sendrecv, video sendrecv';
const json = (member: string) => (body: string) => body.includes(`"${member}"`);

/** Puts the steps of one side in their order: each is looked for after the one before. */
function inOrder(first: string | undefined, steps: Expectation[]): Expectation[] {
  return steps.map((step, index) => ({ after: index === 0 ? first : steps[index - 1]!.words, ...step }));
}

const seatReady = inOrder(undefined, [
  { words: 'seat registers', matches: sip('seat', { dir: 'sent', method: 'REGISTER' }) },
  { words: 'seat is challenged', matches: sip('seat', { method: 'REGISTER', status: 401 }) },
  { words: 'seat is registered', matches: sip('seat', { method: 'REGISTER', status: 200 }) },
]);

const terminalAsks = inOrder(undefined, [
  { words: 'terminal registers', matches: sip('terminal', { dir: 'sent', method: 'REGISTER' }) },
  { words: 'terminal is registered', matches: sip('terminal', { method: 'REGISTER', status: 200 }) },
  { words: 'terminal asks for help by MESSAGE', matches: sip('terminal', { dir: 'sent', method: 'MESSAGE' }) },
  { words: 'the help request is accepted with 202', matches: sip('terminal', { method: 'MESSAGE', status: 202 }) },
]);

const terminalCalls = inOrder('terminal asks for help by MESSAGE', [
  {
    words: 'a MESSAGE brings the routing number',
    matches: sip('terminal', { dir: 'received', method: 'MESSAGE', body: json('number') }),
  },
  { words: 'terminal dials the number', matches: sip('terminal', { dir: 'sent', method: 'INVITE' }) },
  {
    words: 'the call is answered with inactive media',
    matches: sip('terminal', { dir: 'received', method: 'INVITE', status: 200, body: inactive }),
  },
  { words: 'the first page comes by INFO', matches: menu('received', 'page') },
  { words: 'terminal chooses an item', matches: menu('sent', 'choose') },
  { words: 'the next page comes by INFO', matches: menu('received', 'page') },
  { words: 'terminal chooses a person', matches: menu('sent', 'choose') },
  { words: 'the place in the queue comes by INFO', matches: menu('received', 'queue') },
]);

const joined = [
  {
    words: 'seat is rung with audio and video',
    after: 'terminal chooses a person',
    matches: sip('seat', { dir: 'received', method: 'INVITE', body: (body) => /audio .*video/.test(body) }),
  },
  {
    words: 'seat rings',
    after: 'seat is rung with audio and video',
    matches: sip('seat', { dir: 'sent', method: 'INVITE', status: 180 }),
  },
  {
    words: 'seat answers with audio and video',
    after: 'seat rings',
    matches: sip('seat', { dir: 'sent', method: 'INVITE', status: 200, body: (body) => /audio .*video/.test(body) }),
  },
  {
    words: 'a re-INVITE joins the media of terminal and seat',
    after: 'seat answers with audio and video',
    matches: sip('terminal', { dir: 'received', method: 'INVITE', body: bothWays }),
  },
  {
    words: 'terminal is told by INFO who it talks to',
    after: 'seat answers with audio and video',
    matches: menu('received', 'connected'),
  },
  { words: 'terminal receives audio', matches: rtp('terminal', 'audio') },
  { words: 'terminal receives video', matches: rtp('terminal', 'video') },
  { words: 'seat receives audio', matches: rtp('seat', 'audio') },
  { words: 'seat receives video', matches: rtp('seat', 'video') },
  {
    words: 'terminal hangs up',
    after: 'terminal receives audio',
    matches: sip('terminal', { dir: 'sent', method: 'BYE' }),
  },
  {
    words: 'the hang-up is confirmed',
    after: 'terminal hangs up',
    matches: sip('terminal', { method: 'BYE', status: 200 }),
  },
  {
    words: 'seat is hung up',
    after: 'terminal hangs up',
    matches: sip('seat', { dir: 'received', method: 'BYE' }),
  },
];

/** The whole way of the demo call. */
export const wholeWay: readonly Expectation[] = [...seatReady, ...terminalAsks, ...terminalCalls, ...joined];

/** The words of the expected steps that the events, sorted by time, do not show. */
export function missingSteps(events: readonly DemoEvent[], expected: readonly Expectation[] = wholeWay): string[] {
  const found = new Map<string, number>();
  const missing: string[] = [];
  for (const step of expected) {
    const from = step.after === undefined ? 0 : (found.get(step.after) ?? -1) + 1;
    const index = events.findIndex((event, at) => at >= from && step.matches(event));
    if (index < 0) missing.push(step.words);
    else found.set(step.words, index);
  }

  return missing;
}
