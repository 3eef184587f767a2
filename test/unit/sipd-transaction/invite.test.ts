import { Headers, SipRequest } from '../../../src/sipd/message/message';
import { makeResponse } from '../../../src/sipd/message/response';
import { newRequest, Stage } from './stage';

/** The ACK of Alice's dialog layer to a 2xx. */
async function acknowledge(stage: Stage, invite: SipRequest, branchOfInvite = false): Promise<void> {
  const ack = new SipRequest('ACK', invite.uri, Headers.from({ 'Max-Forwards': '70' }));
  if (branchOfInvite) ack.headers.append('Via', invite.headers.get('Via')!);
  for (const name of ['From', 'Call-ID']) ack.headers.append(name, invite.headers.get(name)!);
  ack.headers.append('To', `${invite.headers.get('To')};tag=b`);
  ack.headers.append('CSeq', '1 ACK');
  await stage.alice.layer.sendStateless(ack, { transport: 'udp', address: '192.0.2.2', port: 5060 });
}

describe('an INVITE that is answered', () => {
  test('100 by the layer after 200 ms, 180, 200, ACK; released after Timers L and M', async () => {
    const stage = new Stage();
    const call = stage.call('INVITE');
    await stage.pass(250);
    stage.served.reply(180);
    await stage.pass(250);
    stage.served.reply(200, undefined, [['Contact', '<sip:bob@192.0.2.2>']]);
    await stage.pass(0);
    await acknowledge(stage, call.request);
    await stage.pass(0);
    expect(stage.wire.story()).toEqual([
      '0 alice INVITE',
      '200 bob 100 INVITE',
      '250 bob 180 INVITE',
      '500 bob 200 INVITE',
      '500 alice ACK',
    ]);
    expect(stage.alice.events).toEqual(['response 100', 'response 180', 'response 200']);
    expect(stage.bob.acks).toHaveLength(1);
    expect(stage.alice.layer.stats().client).toEqual({ accepted: 1 });
    await stage.pass(32_000);
    expect(stage.alice.events.at(-1)).toBe('terminated');
    expect(stage.bob.events.at(-1)).toBe('terminated');
    stage.expectNothingLeft();
  });

  test('no 100 is made when the user was quicker', async () => {
    const stage = new Stage();
    stage.call('INVITE');
    await stage.pass(50);
    stage.served.reply(180);
    await stage.pass(1000);
    expect(stage.wire.times('bob', '100 INVITE')).toEqual([]);
  });

  test('all responses above 100 carry the same To tag, and it is the localTag', async () => {
    const stage = new Stage();
    stage.call('INVITE');
    await stage.pass(300);
    stage.served.reply(180);
    stage.served.reply(200);
    await stage.pass(0);
    const tags = stage.wire.lines
      .filter(({ from }) => from === 'bob')
      .map(({ text }) => /To:.*;tag=(.*)/.exec(text)?.[1]);
    expect(tags).toEqual([undefined, stage.served.localTag, stage.served.localTag]);
  });

  test('the 2xx is repeated by the dialog layer, each one told to the caller, until it is acknowledged', async () => {
    const stage = new Stage();
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(200);
    await stage.pass(500);
    stage.served.resend();
    await stage.pass(0);
    expect(stage.alice.events).toEqual(['response 200', 'response 200']);
    stage.served.acknowledged();
    stage.served.resend();
    await stage.pass(0);
    expect(stage.wire.times('bob', '200 INVITE')).toEqual([0, 500]);
    expect(stage.bob.events.at(-1)).toBe('terminated');
    expect(stage.bob.layer.stats()).toMatchObject({ server: { accepted: 1 } });
    await stage.pass(31_500);
    expect(stage.bob.layer.stats()).toMatchObject({ server: {}, timers: 0 });
  });

  test('a repeated INVITE is absorbed before and after the acknowledgement (RFC 6026)', async () => {
    const stage = new Stage();
    const call = stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(200);
    const again = Buffer.from(`${stage.wire.lines[0]!.text}\r\n`);
    await stage.alice.end.send(again, call.flow!);
    await stage.pass(0);
    stage.served.acknowledged();
    await stage.alice.end.send(again, call.flow!);
    await stage.pass(0);
    expect(stage.bob.requests).toHaveLength(1);
    expect(stage.wire.times('bob', '200 INVITE')).toEqual([0]);
  });

  test('an ACK to a 2xx with the branch of the INVITE is told like any other', async () => {
    const stage = new Stage();
    const call = stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(200);
    await acknowledge(stage, call.request, true);
    await stage.pass(0);
    stage.served.acknowledged();
    await acknowledge(stage, call.request, true);
    await stage.pass(0);
    expect(stage.bob.acks).toHaveLength(2);
  });

  test('every 2xx of a fork is told within Timer M; one that comes later is a stray', async () => {
    const stage = new Stage();
    stage.call('INVITE');
    await stage.pass(0);
    const { request, flow } = stage.served;
    stage.served.reply(200);
    const fork = makeResponse(request, 200, undefined, { toTag: 'another' });
    await stage.bob.layer.sendStateless(fork, flow);
    await stage.pass(0);
    expect(stage.alice.events).toEqual(['response 200', 'response 200']);
    await stage.pass(33_000);
    await stage.bob.layer.sendStateless(fork, flow);
    await stage.pass(0);
    expect(stage.alice.strays).toHaveLength(1);
    expect(stage.alice.strays[0]!.toTag).toBe('another');
  });

  test('a lost 180 comes again with the repeated INVITE', async () => {
    const stage = new Stage();
    stage.wire.loseNext('180 INVITE');
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(180);
    await stage.pass(600);
    expect(stage.wire.story()).toEqual([
      '0 alice INVITE',
      '0 bob 180 INVITE (lost)',
      '500 alice INVITE',
      '500 bob 180 INVITE',
    ]);
    expect(stage.bob.requests).toHaveLength(1);
  });
});

describe('an INVITE that is refused', () => {
  test('the ACK is made here; after it Timer I and D run out', async () => {
    const stage = new Stage();
    const request = newRequest('INVITE', { Route: '<sip:proxy.example.com;lr>' });
    const call = stage.alice.layer.request(request, { transport: 'udp', address: '192.0.2.2', port: 5060 });
    await stage.pass(0);
    stage.served.reply(486);
    await stage.pass(0);
    expect(stage.wire.story()).toEqual(['0 alice INVITE', '0 bob 486 INVITE', '0 alice ACK']);
    expect(stage.bob.events).toEqual(['request INVITE', 'terminated']);
    expect(stage.bob.acks).toEqual([]);
    const ack = stage.wire.lines.at(-1)!.text;
    expect(ack).toContain(`Via: ${call.request.headers.get('Via')}\r\n`);
    expect(ack).toContain('Route: <sip:proxy.example.com;lr>\r\n');
    expect(ack).toContain(`;tag=${stage.served.localTag}\r\n`);
    expect(ack).toContain('CSeq: 1 ACK\r\n');
    expect(stage.bob.layer.stats().server).toEqual({ confirmed: 1 });
    await stage.pass(5_000);
    expect(stage.bob.layer.stats().server).toEqual({});
    await stage.pass(27_000);
    stage.expectNothingLeft();
  });

  test('a lost ACK: Timer G repeats the response, which is acknowledged again', async () => {
    const stage = new Stage();
    let lost = 0;
    stage.wire.lose((what) => what === 'ACK' && (lost += 1) <= 3);
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(486);
    await stage.pass(6_000);
    expect(stage.wire.times('bob', '486 INVITE')).toEqual([0, 500, 1500, 3500]);
    expect(stage.wire.times('alice', 'ACK')).toEqual([0, 500, 1500, 3500]);
    expect(stage.alice.events).toEqual(['response 486', 'terminated']);
  });

  test('an ACK that never comes: Timer G doubles to T2, Timer H ends it', async () => {
    const stage = new Stage();
    stage.wire.lose((what) => what === 'ACK');
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(486);
    await stage.pass(32_000);
    expect(stage.wire.times('bob', '486 INVITE')).toEqual([
      0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
    ]);
    expect(stage.bob.events).toEqual(['request INVITE', 'timeout', 'terminated']);
    await stage.pass(1000);
    stage.expectNothingLeft();
  });

  test('a lost response comes again with the repeated INVITE', async () => {
    const stage = new Stage();
    stage.wire.loseNext('404 INVITE');
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(404);
    await stage.pass(500);
    expect(stage.alice.events).toEqual(['response 404', 'terminated']);
  });

  test('over a stream nothing is repeated and nothing lingers', async () => {
    const stage = new Stage({ transport: 'tcp' });
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(486);
    await stage.pass(0);
    expect(stage.wire.story()).toEqual(['0 alice INVITE', '0 bob 486 INVITE', '0 alice ACK']);
    stage.expectNothingLeft();
  });

  test('over a stream Timer H waits for the ACK all the same', async () => {
    const stage = new Stage({ transport: 'tcp' });
    stage.wire.lose((what) => what === 'ACK');
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(486);
    await stage.pass(32_000);
    expect(stage.wire.times('bob', '486 INVITE')).toEqual([0]);
    expect(stage.bob.events.slice(-2)).toEqual(['timeout', 'terminated']);
  });
});

describe('an INVITE that gets no answer', () => {
  test('Timer A doubles without a bound, Timer B ends it', async () => {
    const stage = new Stage();
    stage.wire.lose(() => true);
    stage.call('INVITE');
    await stage.pass(33_000);
    expect(stage.wire.times('alice', 'INVITE')).toEqual([0, 500, 1500, 3500, 7500, 15_500, 31_500]);
    expect(stage.alice.events).toEqual(['timeout', 'terminated']);
    stage.expectNothingLeft();
  });

  test('what only rings is cancelled by Timer C, which every provisional response restarts', async () => {
    const stage = new Stage();
    stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(180);
    await stage.pass(100_000);
    stage.served.reply(180);
    await stage.pass(100_000);
    expect(stage.wire.times('alice', 'CANCEL')).toEqual([]);
    await stage.pass(90_000);
    expect(stage.wire.times('alice', 'CANCEL')).toEqual([285_000]);
    expect(stage.bob.events).toContain('cancel');
    stage.served.reply(487);
    await stage.pass(0);
    expect(stage.alice.events.slice(-2)).toEqual(['response 487', 'terminated']);
  });

  test('a transport error is told at once', async () => {
    const stage = new Stage();
    stage.alice.end.broken = 'ENETUNREACH';
    stage.call('INVITE');
    await stage.pass(0);
    expect(stage.alice.events).toEqual(['transportError ENETUNREACH', 'terminated']);
    stage.expectNothingLeft();
  });

  test('a final response that cannot be sent is told and ends the transaction', async () => {
    const stage = new Stage();
    stage.call('INVITE');
    await stage.pass(0);
    stage.bob.end.broken = 'ENETUNREACH';
    stage.served.reply(486);
    await stage.pass(0);
    expect(stage.bob.events).toEqual(['request INVITE', 'transportError ENETUNREACH', 'terminated']);
  });
});

describe('CANCEL', () => {
  test('is answered 200 with the tag of the INVITE, told, and the user answers 487', async () => {
    const stage = new Stage();
    const call = stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(180);
    await stage.pass(1000);
    const headers = Headers.from({
      Reason: 'SIP;cause=200;text="Call completed elsewhere"',
      Via: 'SIP/2.0/UDP x',
      Contact: '<sip:x@y>',
    });
    expect(call.cancel(headers)).toBe(true);
    expect(call.cancel()).toBe(true);
    await stage.pass(0);
    expect(stage.bob.events).toEqual(['request INVITE', 'cancel']);
    stage.served.reply(487);
    await stage.pass(0);
    expect(stage.wire.story().slice(2)).toEqual([
      '1000 alice CANCEL',
      '1000 bob 200 CANCEL',
      '1000 bob 487 INVITE',
      '1000 alice ACK',
    ]);
    const cancel = stage.wire.lines[2]!.text;
    expect(cancel).toContain('Reason: SIP;cause=200;text="Call completed elsewhere"\r\n');
    expect(cancel).toContain(`Via: ${call.request.headers.get('Via')}\r\n`);
    expect(cancel).not.toContain('Contact');
    expect(stage.wire.lines[3]!.text).toContain(`;tag=${stage.served.localTag}`);
    expect(stage.alice.events).toEqual(['response 180', 'response 487', 'terminated']);
    expect(call.cancel()).toBe(false);
    await stage.pass(33_000);
    stage.expectNothingLeft();
  });

  test('is held back until a provisional response came', async () => {
    const stage = new Stage();
    const call = stage.call('INVITE');
    expect(call.cancel()).toBe(true);
    await stage.pass(100);
    expect(stage.wire.times('alice', 'CANCEL')).toEqual([]);
    await stage.pass(100);
    expect(stage.wire.story().slice(0, 3)).toEqual(['0 alice INVITE', '200 bob 100 INVITE', '200 alice CANCEL']);
  });

  test('is never sent when the final response came first', async () => {
    const stage = new Stage();
    const call = stage.call('INVITE');
    call.cancel();
    await stage.pass(0);
    stage.served.reply(200);
    await stage.pass(1000);
    expect(stage.wire.times('alice', 'CANCEL')).toEqual([]);
    expect(stage.alice.events).toEqual(['response 200']);
    expect(call.cancel()).toBe(false);
  });

  test('crosses a 200: it is answered 200 and nobody is told', async () => {
    const stage = new Stage({ latency: 50 });
    const call = stage.call('INVITE');
    await stage.pass(100);
    stage.served.reply(180);
    await stage.pass(100);
    call.cancel();
    stage.served.reply(200);
    await stage.pass(200);
    expect(stage.bob.events).toEqual(['request INVITE']);
    expect(stage.wire.times('bob', '200 CANCEL')).toHaveLength(1);
    expect(stage.alice.events).toEqual(['response 180', 'response 200']);
  });

  test('is repeated when lost, and a repeated one is told once', async () => {
    const stage = new Stage();
    stage.wire.loseNext('200 CANCEL');
    const call = stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(180);
    await stage.pass(0);
    call.cancel();
    await stage.pass(600);
    expect(stage.wire.times('alice', 'CANCEL')).toEqual([0, 500]);
    expect(stage.bob.events.filter((event) => event === 'cancel')).toHaveLength(1);
  });

  test('an INVITE that stays without an answer after its CANCEL ends after 64*T1', async () => {
    const stage = new Stage();
    const call = stage.call('INVITE');
    await stage.pass(0);
    stage.served.reply(180);
    await stage.pass(0);
    call.cancel();
    await stage.pass(32_000);
    expect(stage.alice.events).toEqual(['response 180', 'timeout', 'terminated']);
  });

  test('without its INVITE it is answered 481', async () => {
    const stage = new Stage();
    const invite = newRequest('INVITE');
    invite.headers.prepend('Via', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKnone');
    const cancel = new SipRequest('CANCEL', invite.uri, invite.headers.clone());
    cancel.headers.set('CSeq', '1 CANCEL');
    await stage.alice.layer.sendStateless(cancel, { transport: 'udp', address: '192.0.2.2', port: 5060 });
    await stage.pass(0);
    expect(stage.wire.story().at(-1)).toBe('0 bob 481 CANCEL');
    expect(stage.bob.events).toEqual([]);
  });

  test('nothing but an INVITE can be cancelled', async () => {
    const stage = new Stage();
    const call = stage.call('MESSAGE');
    expect(call.cancel()).toBe(false);
    await stage.pass(0);
    expect(stage.wire.times('alice', 'CANCEL')).toEqual([]);
  });
});
