import { ManualClock } from '../../../src/lib/clock';
import { prometheus, startSipd } from '../../../src/sipd';
import type { Sipd, SipdStats } from '../../../src/sipd';
import { requestText, udpClient } from '../sipd-transport/helpers';

let sipd: Sipd;
let client: Awaited<ReturnType<typeof udpClient>>;
const clock = new ManualClock();

beforeEach(async () => {
  sipd = await startSipd({ clock });
  client = await udpClient();
});
afterEach(async () => {
  client.socket.close();
  await sipd.close();
  await sipd.close();
});

function say(text: string): void {
  client.socket.send(text, sipd.addresses.udp!.port, '127.0.0.1');
}

const via = (branch: string): string => `SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK${branch}`;

test('messages by method and by class of status, repeats, drops', async () => {
  say('STUN?'.replace('S', '\x00'));
  say(requestText({ via: via('a') }));
  const first = await client.inbox.take();
  say(requestText({ via: via('a') }));
  expect(await client.inbox.take()).toBe(first);
  say(requestText({ via: via('b'), method: 'FROBNICATE' }));
  await client.inbox.take();
  say(requestText({ via: via('c') }).replace('CSeq: 1', 'CSeq: x'));
  await client.inbox.take();
  say(requestText({ via: via('d'), more: ['Require: levitation'] }));
  await client.inbox.take();
  // An answer to a question that nobody has asked, and an own question to see that it was taken in.
  say(requestText({ via: via('e') }).replace(/^.*/, 'SIP/2.0 200 OK'));
  say(requestText({ via: via('f'), method: 'BYE' }));
  await client.inbox.take();

  const stats = sipd.stats();
  expect(stats.messages.in.requests).toMatchObject({ OPTIONS: 3, other: 1, BYE: 1, INVITE: 0 });
  expect(stats.messages.in.responses).toMatchObject({ '2xx': 1, '4xx': 0 });
  expect(stats.messages.out.responses).toEqual({ '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 3, '5xx': 3, '6xx': 0 });
  expect(stats.drops).toEqual({ malformed: 1, ignored: 1, refused: 1, stray: 1, sendErrors: 0, banned: 0, flood: 0 });
  expect(stats.transactions).toMatchObject({ serverTotal: 4, clientTotal: 0 });
  expect(stats.transactions).toMatchObject({ retransmissionsSent: 1, retransmissionsReceived: 1 });
});

test('what is given is a copy', () => {
  sipd.stats().messages.in.requests.INVITE = 99;
  expect(sipd.stats().messages.in.requests.INVITE).toBe(0);
});

test('transactions and their timers are gone when their time is', async () => {
  say(requestText({ via: via('a') }));
  await client.inbox.take();
  expect(sipd.stats().transactions).toMatchObject({ server: { completed: 1 }, timers: 1 });
  clock.advance(32_100);
  expect(sipd.stats().transactions).toMatchObject({ server: {}, timers: 0, serverTotal: 1 });
});

/** Every number of the counters that is no table of its own. */
function numbers(part: object): number[] {
  return Object.values(part).flatMap((value) =>
    typeof value === 'object' ? numbers(value as object) : typeof value === 'number' ? [value] : [],
  );
}

test('the text for Prometheus has every counter, in its format', async () => {
  say(requestText({ via: via('a') }));
  await client.inbox.take();
  const text = prometheus(sipd.stats());
  const sample = /^sightline_sip_[a-z_]+(\{[a-z]+="[\w]+"(,[a-z]+="[\w]+")*\})? \d+$/;
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(line.startsWith('#') ? /^# (HELP|TYPE) \w+ \w/ : sample);
  expect(text).toContain('# TYPE sightline_sip_requests_total counter\n');
  expect(text).toContain('sightline_sip_requests_total{direction="in",method="OPTIONS"} 1\n');
  expect(text).toContain('sightline_sip_responses_total{direction="out",class="5xx"} 1\n');
  expect(text).toContain('sightline_sip_transactions{side="server",state="completed"} 1\n');

  // Each number once: made different from all others, it must be found in the text.
  let next = 1_000;
  const distinct = JSON.parse(JSON.stringify(sipd.stats()), (_key, value: unknown) =>
    typeof value === 'number' ? (next += 1) : value,
  ) as SipdStats;
  const told = new Set([...prometheus(distinct).matchAll(/ (\d+)$/gm)].map((match) => Number(match[1])));
  const { malformed, refused, stray } = distinct.transactions;
  const { ignored, sendErrors, malformed: unread } = distinct.transport;
  const { banned, flood } = distinct.defence.dropped;
  const twice = new Set([malformed, refused, stray, ignored, sendErrors, unread, banned, flood]);
  expect(numbers(distinct).filter((one) => !told.has(one) && !twice.has(one))).toEqual([]);
});
