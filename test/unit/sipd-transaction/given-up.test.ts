import { ManualClock } from '../../../src/lib/clock';
import { makeResponse } from '../../../src/sipd/message/response';
import { GivenUpInvites } from '../../../src/sipd/transaction/given-up';
import { defaultTimers } from '../../../src/sipd/transaction/timers';
import type { SipRequest } from '../../../src/sipd/message/message';
import { newRequest, Stage } from './stage';

/** RFC 3261 sections 9.1 and 13.2.2.4: somebody may take a call that its caller has given up. */
interface Late {
  stage: Stage;
  told: { invite: SipRequest; tag: string | undefined }[];
  /** Bob sends this answer now, whatever his own transaction thinks of it. */
  answer(status: number, tag?: string, via?: string): Promise<void>;
}

/** Alice gives a call up after 32 s without any answer. */
async function givenUp(method = 'INVITE', more: Record<string, string> = {}): Promise<Late> {
  const stage = new Stage();
  const told: Late['told'] = [];
  stage.alice.layer.on('lateAnswer', (invite, { toTag }) => told.push({ invite, tag: toTag }));
  stage.wire.lose((_what, from) => from === 'bob');
  stage.call(method, more);
  await stage.pass(32_000);
  expect(stage.alice.events).toEqual(['timeout', 'terminated']);
  stage.wire.lose(() => false);
  const { request, flow } = stage.bob.requests[0]!.transaction;
  const answer = async (status: number, tag = 'bob', via?: string): Promise<void> => {
    const response = makeResponse(request, status, undefined, { toTag: tag });
    if (via !== undefined) response.headers.prepend('Via', via);
    await stage.bob.layer.sendStateless(response, flow);
    await stage.pass(0);
  };

  return { stage, told, answer };
}

test('a 2xx after Timer B is told each time it comes, for as long as a phone may ring', async () => {
  const { stage, told, answer } = await givenUp();
  await stage.pass(100_000);
  await answer(200);
  await answer(200);
  await answer(200, 'carol');
  expect(told.map(({ tag }) => tag)).toEqual(['bob', 'bob', 'carol']);
  expect(new Set(told.map(({ invite }) => invite)).size).toBe(1);
  expect(told[0]!.invite).toMatchObject({ method: 'INVITE', callId: stage.bob.requests[0]!.request.callId });
  expect(stage.alice.strays).toEqual([]);
  await stage.pass(85_000);
  await answer(200);
  expect(told).toHaveLength(3);
  expect(stage.alice.strays).toHaveLength(1);
  stage.expectNothingLeft();
});

test('a connection that is lost gives the INVITE up, too', async () => {
  const stage = new Stage({ transport: 'tcp' });
  const told: unknown[] = [];
  stage.alice.layer.on('lateAnswer', (invite) => told.push(invite));
  const call = stage.call('INVITE');
  await stage.pass(0);
  stage.alice.end.close(call.flow!);
  expect(stage.alice.events).toEqual(['transportError FLOW_CLOSED', 'terminated']);
  const { request, flow } = stage.served;
  await stage.bob.layer.sendStateless(makeResponse(request, 200, undefined, { toTag: 'bob' }), flow);
  await stage.pass(0);
  expect(told).toHaveLength(1);
});

test('nobody is told of any other answer, nor of one that only looks like it', async () => {
  const { stage, told, answer } = await givenUp();
  await answer(180);
  await answer(486);
  await answer(200, 'bob', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKguessed');
  expect(told).toEqual([]);
  expect(stage.alice.strays).toHaveLength(2);
});

test.each([
  ['another method', 'OPTIONS', {}],
  ['a re-INVITE', 'INVITE', { To: '<sip:bob@example.com>;tag=b' }],
  ['an INVITE of somebody else', 'INVITE', { Via: 'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKfrom-elsewhere' }],
])('%s is not remembered', async (_what, method, more) => {
  const { stage } = await givenUp(method, more);
  expect(stage.alice.layer.stats().givenUp).toBe(0);
});

test('nor is what never left', async () => {
  const stage = new Stage();
  stage.alice.end.broken = 'ENETUNREACH';
  stage.call('INVITE');
  await stage.pass(0);
  expect(stage.alice.events).toEqual(['transportError ENETUNREACH', 'terminated']);
  expect(stage.alice.layer.stats().givenUp).toBe(0);
});

describe('the memory', () => {
  function invite(n: number): SipRequest {
    const request = newRequest('INVITE', { 'Call-ID': `call-${n}`, Contact: '<sip:alice@192.0.2.1>' });
    request.headers.prepend('Via', `SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK${n}`);
    request.body = Buffer.from('v=0');

    return request;
  }

  test('it is bounded: the oldest go first', () => {
    const table = new GivenUpInvites(new ManualClock(), defaultTimers.c, 3);
    for (let n = 0; n < 5; n += 1) table.add(`key-${n}`, invite(n));
    expect(table.size).toBe(3);
    expect([0, 1, 2, 3, 4].map((n) => table.find(`key-${n}`)?.callId)).toEqual([
      ...[undefined, undefined],
      ...['call-2', 'call-3', 'call-4'],
    ]);
    table.close();
  });

  test('it holds nothing but what ACK and BYE need', () => {
    const table = new GivenUpInvites(new ManualClock(), defaultTimers.c);
    table.add('key', invite(1));
    expect(table.find('key')?.headers.has('Contact')).toBe(false);
    expect(table.find('key')?.body).toHaveLength(0);
    table.close();
  });

  test('each goes at its own time, by one timer', () => {
    const clock = new ManualClock();
    const table = new GivenUpInvites(clock, 100);
    table.add('first', invite(1));
    clock.advance(60);
    table.add('second', invite(2));
    expect(clock.pendingCount).toBe(1);
    clock.advance(40);
    expect([table.find('first'), table.find('second')?.callId]).toEqual([undefined, 'call-2']);
    clock.advance(60);
    expect([table.size, clock.pendingCount]).toEqual([0, 0]);
    table.add('third', invite(3));
    table.close();
    table.close();
    expect([table.size, clock.pendingCount]).toEqual([0, 0]);
  });
});
