import type { DemoEvent, Who } from '../../../scripts/demo-call/events';
import { missingSteps, wholeWay } from '../../../scripts/demo-call/expect';
import { Timeline } from '../../../scripts/demo-call/timeline';

let clock = 0;

type Sip = Extract<DemoEvent, { kind: 'sip' }>;

function sip(who: Who, dir: Sip['dir'], method: string, status = 0, more: Partial<Sip> = {}): DemoEvent {
  const ids = { user: who, target: '', callId: 'c', cseq: 1, retransmission: false, contentType: '', body: '' };

  return { at: ++clock, who, kind: 'sip', dir, method, status, ...ids, ...more };
}

function sdp(body: string): Partial<Sip> {
  return { contentType: 'application/sdp', body };
}

function menu(dir: Sip['dir'], message: object): DemoEvent {
  return sip('terminal', dir, 'INFO', 0, {
    contentType: 'application/visual-menu+json',
    body: JSON.stringify({ v: 1, seq: 1, ...message }),
  });
}

function rtp(who: Who, media: 'audio' | 'video'): DemoEvent {
  return { at: ++clock, who, kind: 'rtp', media, sent: 22, received: 21 };
}

const both = sdp('audio sendrecv, video sendrecv');

function wholeCall(): DemoEvent[] {
  const number = { contentType: 'application/routing-number+json', body: '{"request":"r","number":"7003"}' };

  return [
    sip('seat', 'sent', 'REGISTER'),
    sip('seat', 'received', 'REGISTER', 401),
    sip('seat', 'received', 'REGISTER', 200),
    sip('terminal', 'sent', 'REGISTER'),
    sip('terminal', 'received', 'REGISTER', 200),
    sip('terminal', 'sent', 'MESSAGE'),
    sip('terminal', 'received', 'MESSAGE', 202),
    sip('terminal', 'received', 'MESSAGE', 0, number),
    sip('terminal', 'sent', 'INVITE', 0, { ...both, target: '7003' }),
    sip('terminal', 'received', 'INVITE', 200, sdp('audio inactive, video inactive')),
    menu('received', { type: 'page', title: 'How can we help?' }),
    menu('sent', { type: 'choose', item: '5' }),
    menu('received', { type: 'page', title: 'Step-free travel' }),
    menu('sent', { type: 'choose', item: '1' }),
    menu('received', { type: 'queue', position: 1, waiting: 1 }),
    sip('seat', 'received', 'INVITE', 0, both),
    sip('seat', 'sent', 'INVITE', 180),
    sip('seat', 'sent', 'INVITE', 200, both),
    sip('terminal', 'received', 'INVITE', 0, both),
    menu('received', { type: 'connected', agent: { name: 'Anna Weber' } }),
    rtp('terminal', 'audio'),
    rtp('terminal', 'video'),
    rtp('seat', 'audio'),
    rtp('seat', 'video'),
    sip('terminal', 'sent', 'BYE'),
    sip('seat', 'received', 'BYE'),
    sip('terminal', 'received', 'BYE', 200),
  ];
}

test('a whole call misses nothing', () => {
  expect(missingSteps(wholeCall())).toEqual([]);
});

test('nothing at all misses every step', () => {
  expect(missingSteps([])).toEqual(wholeWay.map((step) => step.words));
});

test('a step that is left out is named; those that build on it are not blamed for it', () => {
  const events = wholeCall().filter(
    (event) => !(event.kind === 'sip' && event.method === 'INVITE' && event.status === 180),
  );
  expect(missingSteps(events)).toEqual(['seat rings']);
});

test('media that the server answers as active, or RTP that never came, is noticed', () => {
  const events = wholeCall().map((event) => {
    if (event.kind === 'sip' && event.body.includes('inactive')) return { ...event, body: both.body! };
    return event.kind === 'rtp' && event.who === 'seat' ? { ...event, received: 0 } : event;
  });
  expect(missingSteps(events)).toEqual([
    'the call is answered with inactive media',
    'seat receives audio',
    'seat receives video',
  ]);
});

test('the timeline puts both processes in the order of time and draws each step on its side', () => {
  const lines: string[] = [];
  const timeline = new Timeline((line) => lines.push(line), false, { terminal: 'terminal 1001', seat: 'seat 2001' });
  timeline.head();
  const events = wholeCall();
  for (const event of [...events].reverse()) timeline.add(event);
  timeline.draw(events[2]!.at);
  expect(lines).toHaveLength(4);
  timeline.draw();
  expect(lines).toHaveLength(1 + events.length);
  const text = lines.join('\n');
  expect(text).toContain('── INVITE 7003 audio and video sendrecv ──');
  expect(text).toContain('◀');
  expect(text).toContain('INFO page "How can we help?"');
  expect(text).toContain('INFO queue, place 1 of 1');
  const widths = new Set(lines.slice(1).map((line) => line.length));
  expect(widths.size).toBe(1);
});
