import { once } from 'node:events';
import type { LocalRequest } from '../../../src/sipd/local/messages';
import type { LocalResponse } from '../../../src/sipd/local/response';
import { openSocketStage } from './socket-stage';
import type { SocketStage } from './socket-stage';

let stage: SocketStage;
let clock: SocketStage['clock'];
let sipd: SocketStage['sipd'];
let phone: SocketStage['phone'];

beforeEach(async () => {
  // What is granted is what was asked for.
  stage = await openSocketStage((application) =>
    application.use('subscribe', (req: LocalRequest, res: LocalResponse) => {
      res.send(202, { headers: { Expires: req.get('Expires') ?? '' } });
    }),
  );
  ({ clock, sipd, phone } = stage);
});
afterEach(() => stage.close());

let seq = 0;

/** Sends a SUBSCRIBE, a renewal where it has a tag, and resolves with the tag of the answer. */
async function subscribe(expires: number, toTag = ''): Promise<string> {
  seq += 1;
  const { port } = phone.address();
  const lines = [
    'SUBSCRIBE sip:desk@127.0.0.1 SIP/2.0',
    `Via: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKsub${seq}`,
    'From: <sip:a@127.0.0.1>;tag=a',
    `To: <sip:desk@127.0.0.1>${toTag && `;tag=${toTag}`}`,
    `Call-ID: subscription`,
    `CSeq: ${seq} SUBSCRIBE`,
    `Contact: <sip:a@127.0.0.1:${port}>`,
    'Event: presence',
    `Expires: ${expires}`,
    'Max-Forwards: 70',
    'Content-Length: 0',
  ];
  const answered = once(phone, 'message');
  phone.send(`${lines.join('\r\n')}\r\n\r\n`, sipd.addresses.udp!.port, '127.0.0.1');
  const [answer] = (await answered) as [Buffer];
  expect(answer.toString()).toMatch(/^SIP\/2\.0 202 /);

  return /^To:.*;tag=([^;\r]+)/m.exec(answer.toString())?.[1] ?? '';
}

test('a subscription that nobody renews is over by itself, and with it its dialog', async () => {
  await subscribe(60);
  clock.advance(60_000);
  expect(sipd.stats().dialogs).toBe(1);
  clock.advance(32_000);
  expect(sipd.stats().dialogs).toBe(0);
  clock.advance(1_000);
  expect(clock.pendingCount).toBe(0);
});

test('one that is renewed lives on from then', async () => {
  const tag = await subscribe(60);
  clock.advance(50_000);
  await subscribe(60, tag);
  clock.advance(60_000);
  expect(sipd.stats().dialogs).toBe(1);
  clock.advance(32_000);
  expect(sipd.stats().dialogs).toBe(0);
});

test('one that is taken back waits for the last NOTIFY only', async () => {
  const tag = await subscribe(3600);
  await subscribe(0, tag);
  expect(sipd.stats().dialogs).toBe(1);
  clock.advance(32_000);
  expect(sipd.stats().dialogs).toBe(0);
});
