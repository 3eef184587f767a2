import { Stage } from './stage';

test('a request is answered, its repetition absorbed, and all is released after Timers J and K', async () => {
  const stage = new Stage();
  stage.call('MESSAGE');
  await stage.pass(0);
  expect(stage.bob.events).toEqual(['request MESSAGE']);
  expect(stage.served.reply(200)).toBe(true);
  await stage.pass(0);
  expect(stage.alice.events).toEqual(['response 200', 'terminated']);
  expect(stage.bob.events).toEqual(['request MESSAGE', 'terminated']);
  expect(stage.alice.layer.stats().client).toEqual({ completed: 1 });
  expect(stage.bob.layer.stats().server).toEqual({ completed: 1 });
  await stage.pass(5_000);
  expect(stage.alice.layer.stats()).toMatchObject({ client: {}, timers: 0 });
  await stage.pass(27_000);
  stage.expectNothingLeft();
});

test('a lost request is repeated by Timer E: 500 ms, doubling to 4 s, until Timer F ends it after 32 s', async () => {
  const stage = new Stage();
  stage.wire.lose(() => true);
  stage.call('OPTIONS');
  await stage.pass(33_000);
  expect(stage.wire.times('alice', 'OPTIONS')).toEqual([
    0, 500, 1500, 3500, 7500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
  ]);
  expect(stage.alice.events).toEqual(['timeout', 'terminated']);
  stage.expectNothingLeft();
});

test('after a provisional response the request is repeated every T2 only', async () => {
  const stage = new Stage();
  stage.call('INFO');
  await stage.pass(0);
  stage.served.reply(183);
  await stage.pass(9_000);
  expect(stage.wire.times('alice', 'INFO')).toEqual([0, 500, 4500, 8500]);
  // Each repetition is answered with the provisional response.
  expect(stage.wire.times('bob', '183 INFO')).toEqual([0, 500, 4500, 8500]);
  expect(stage.bob.requests).toHaveLength(1);
  expect(stage.alice.events.every((event) => event === 'response 183')).toBe(true);
});

test('a lost response is sent again, byte for byte, when the request is repeated', async () => {
  const stage = new Stage();
  stage.wire.loseNext('200 MESSAGE');
  stage.call('MESSAGE');
  await stage.pass(0);
  stage.served.reply(200, 'Über', [['X-Unicode', 'ж']], Buffer.from([0, 255, 13, 10]));
  await stage.pass(600);
  expect(stage.wire.story()).toEqual([
    '0 alice MESSAGE',
    '0 bob 200 MESSAGE (lost)',
    '500 alice MESSAGE',
    '500 bob 200 MESSAGE',
  ]);
  const [first, second] = stage.wire.lines.filter((line) => line.from === 'bob');
  expect(second!.text).toBe(first!.text);
  expect(second!.text).toContain('X-Unicode: ж');
  expect(stage.bob.requests).toHaveLength(1);
  expect(stage.alice.events).toEqual(['response 200', 'terminated']);
  expect(stage.bob.layer.stats()).toMatchObject({ retransmissionsReceived: 1, retransmissionsSent: 1 });
});

test('a repeated response within Timer K is absorbed; later it is a stray', async () => {
  const stage = new Stage();
  stage.call('MESSAGE');
  await stage.pass(0);
  stage.served.reply(200);
  await stage.pass(0);
  const bytes = Buffer.from(`${stage.wire.lines.at(-1)!.text}\r\n`);
  const flow = stage.bob.requests[0]!.transaction.flow;
  await stage.bob.end.send(bytes, flow);
  await stage.pass(0);
  expect(stage.alice.strays).toHaveLength(0);
  await stage.pass(5_100);
  await stage.bob.end.send(bytes, flow);
  await stage.pass(0);
  expect(stage.alice.events).toEqual(['response 200', 'terminated']);
  expect(stage.alice.strays).toHaveLength(1);
});

test('a second final response is not sent', async () => {
  const stage = new Stage();
  stage.call('MESSAGE');
  await stage.pass(0);
  expect(stage.served.reply(200)).toBe(true);
  expect(stage.served.reply(500)).toBe(false);
  expect(stage.served.finalStatus).toBe(200);
  await stage.pass(0);
  expect(stage.alice.events).toEqual(['response 200', 'terminated']);
});

test('a request that nobody answers in 64*T1 is let go', async () => {
  const stage = new Stage();
  stage.call('MESSAGE');
  await stage.pass(40_000);
  expect(stage.bob.events).toEqual(['request MESSAGE', 'timeout', 'terminated']);
  expect(stage.alice.events).toEqual(['timeout', 'terminated']);
  expect(stage.served.reply(200)).toBe(false);
  stage.expectNothingLeft();
});

test('over a stream nothing is repeated and nothing lingers', async () => {
  const stage = new Stage({ transport: 'tcp' });
  stage.call('MESSAGE');
  await stage.pass(10_000);
  expect(stage.wire.times('alice', 'MESSAGE')).toEqual([0]);
  stage.served.reply(200);
  await stage.pass(0);
  stage.expectNothingLeft();
});

test('a send that fails is told and ends the transaction', async () => {
  const stage = new Stage();
  stage.alice.end.broken = 'EMSGSIZE';
  stage.call('MESSAGE');
  await stage.pass(0);
  expect(stage.alice.events).toEqual(['transportError EMSGSIZE', 'terminated']);
  stage.expectNothingLeft();
});

test('a connection that closes before the response is a transport error at once', async () => {
  const stage = new Stage({ transport: 'ws' });
  const transaction = stage.call('MESSAGE');
  await stage.pass(0);
  stage.alice.end.close(transaction.flow!);
  expect(stage.alice.events).toEqual(['transportError FLOW_CLOSED', 'terminated']);
});

test('a response whose connection is gone takes a new one to the port of sent-by', async () => {
  const stage = new Stage({ transport: 'tcp' });
  stage.call('MESSAGE');
  await stage.pass(0);
  stage.bob.end.close(stage.served.flow);
  stage.served.reply(200);
  await stage.pass(0);
  expect(stage.alice.events).toEqual(['response 200', 'terminated']);
});

test('a response over a WebSocket that is gone is lost', async () => {
  const stage = new Stage({ transport: 'ws' });
  stage.call('MESSAGE');
  await stage.pass(0);
  stage.bob.end.close(stage.served.flow);
  stage.served.reply(200);
  await stage.pass(0);
  expect(stage.wire.times('bob', '200 MESSAGE')).toEqual([]);
  expect(stage.bob.events).toEqual(['request MESSAGE', 'terminated']);
  expect(stage.bob.layer.stats().server).toEqual({});
});

test('a request without a listener is answered 503', async () => {
  const stage = new Stage();
  stage.bob.layer.removeAllListeners();
  stage.call('MESSAGE');
  await stage.pass(0);
  expect(stage.alice.events).toEqual(['response 503', 'terminated']);
});

test('close ends everything without events and may be called twice', async () => {
  const stage = new Stage();
  stage.call('MESSAGE');
  await stage.pass(0);
  for (const { layer } of [stage.alice, stage.bob]) {
    layer.close();
    layer.close();
  }
  stage.expectNothingLeft();
  expect(stage.alice.events).toEqual([]);
  expect(() => stage.call('MESSAGE')).toThrow('closed');
});
