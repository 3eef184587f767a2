import { once } from 'node:events';
import type { LocalAnswer, LocalRequest } from '../../../src/sipd/local/messages';
import { openSocketStage } from './socket-stage';
import type { SocketStage } from './socket-stage';

let stage: SocketStage;
let clock: SocketStage['clock'];
let sipd: SocketStage['sipd'];
let srf: SocketStage['srf'];
let phone: SocketStage['phone'];

beforeEach(async () => {
  stage = await openSocketStage();
  ({ clock, sipd, srf, phone } = stage);
});
afterEach(() => stage.close());

/** The next so many messages that the phone gets. */
async function heard(count: number): Promise<string[]> {
  const messages: string[] = [];
  while (messages.length < count) messages.push(String((await once(phone, 'message'))[0]));

  return messages;
}

const methodOf = (message: string): string => message.slice(0, message.indexOf(' '));

/** Calls the phone, which says nothing until the call is given up. */
async function callInVain(): Promise<string> {
  const arrived = heard(1);
  const given = new Promise<LocalRequest>((resolve, reject) => {
    const uri = `sip:bob@127.0.0.1:${phone.address().port}`;
    srf.request(uri, { method: 'INVITE', body: 'v=0\r\n' }, (error, req) => (req ? resolve(req) : reject(error)));
  });
  const answered = once(await given, 'response') as Promise<[LocalAnswer]>;
  const [invite] = await arrived;
  // What is repeated meanwhile is not looked at.
  clock.advance(32_000);
  expect((await answered)[0].status).toBe(408);
  // The repeats of the INVITE come by the socket, each before what is sent after it.
  await heard(6);

  return invite!;
}

function take(invite: string, tag: string): void {
  const kept = invite.split('\r\n').filter((line) => /^(Via|From|Call-ID|CSeq):/.test(line));
  const to = /^To: .*$/m.exec(invite)![0];
  const { port } = phone.address();
  const lines = ['SIP/2.0 200 OK', ...kept, `${to.trim()};tag=${tag}`, `Contact: <sip:${tag}@127.0.0.1:${port}>`];
  phone.send(`${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`, sipd.addresses.udp!.port, '127.0.0.1');
}

test('a call that is taken after it was given up: ACK and BYE, to each who takes it; to a repeat the ACK again', async () => {
  const invite = await callInVain();
  clock.advance(60_000);
  const first = heard(2);
  take(invite, 'bob');
  const [ack, bye] = await first;
  expect([ack!, bye!].map(methodOf)).toEqual(['ACK', 'BYE']);
  expect(ack).toMatch(/^ACK sip:bob@127\.0\.0\.1:\d+ SIP[^]*\r\nTo: [^\r]*;tag=bob\r\n[^]*\r\nCSeq: (\d+) ACK\r\n/);
  expect(bye).toMatch(/\r\nTo: [^\r]*;tag=bob\r\n[^]*\r\nReason: SIP ;cause=408 ;text="Answered after the call/);
  const number = (text: string): number => Number(/^CSeq: (\d+)/m.exec(text)![1]);
  expect([number(ack!), number(bye!)]).toEqual([number(invite), number(invite) + 1]);
  const second = heard(3);
  take(invite, 'bob');
  take(invite, 'carol');
  expect((await second).map((text) => `${methodOf(text)} ${/^To: .*;tag=(\w+)/m.exec(text)![1]}`)).toEqual([
    ...['ACK bob', 'ACK carol', 'BYE carol'],
  ]);
  expect(sipd.stats()).toMatchObject({ dialogs: 0, outgoing: 2, transactions: { givenUp: 1 }, drops: { stray: 0 } });
});

test('no more than 16 are acknowledged', async () => {
  const invite = await callInVain();
  for (let n = 0; n < 20; n += 1) take(invite, `fork${n}`);
  const bytes = await heard(32);
  expect(bytes.filter((text) => methodOf(text) === 'BYE')).toHaveLength(16);
  take(invite, 'bob');
  take(invite, 'fork0');
  expect((await heard(1)).map((text) => /^To: .*;tag=(\w+)/m.exec(text)![1])).toEqual(['fork0']);
});
