import { Headers, SipRequest } from '../../../src/sipd/message/message';
import { parseDatagram, SipSyntaxError } from '../../../src/sipd/message/parse';
import { makeResponse } from '../../../src/sipd/message/response';
import { newBranch } from '../../../src/sipd/transaction/keys';
import type { Flow } from '../../../src/sipd/transport/types';
import { Stage } from './stage';

const toBob: Flow = {
  transport: 'udp',
  local: { address: '192.0.2.1', port: 5060 },
  remote: { address: '192.0.2.2', port: 5060 },
  id: 'to bob',
};

/** A request as text, sent by Alice as it is. */
async function raw(
  stage: Stage,
  method: string,
  options: { via?: string; to?: string; more?: string[] } = {},
): Promise<void> {
  const { via = 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx', to = '<sip:bob@example.com>', more = [] } = options;
  const lines = [
    `${method} sip:bob@192.0.2.2 SIP/2.0`,
    `Via: ${via}`,
    'From: <sip:alice@example.com>;tag=a',
    `To: ${to}`,
    'Call-ID: matching@example.com',
    `CSeq: 7 ${method}`,
    ...more,
  ];
  await stage.alice.end.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), toBob);
  await stage.pass(0);
}

describe('requests', () => {
  test('the same branch, sent-by and method are one transaction', async () => {
    const stage = new Stage();
    await raw(stage, 'OPTIONS');
    await raw(stage, 'OPTIONS');
    expect(stage.bob.requests).toHaveLength(1);
  });

  test('another sent-by is another transaction', async () => {
    const stage = new Stage();
    await raw(stage, 'OPTIONS', { to: '<sip:b@b>;tag=1' });
    await raw(stage, 'OPTIONS', { via: 'SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKx', to: '<sip:b@b>;tag=1' });
    await raw(stage, 'OPTIONS', { via: 'SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bKx', to: '<sip:b@b>;tag=1' });
    expect(stage.bob.requests).toHaveLength(3);
  });

  test('a copy that came by another way is a merged request: 482, acknowledged like any refusal', async () => {
    const stage = new Stage();
    await raw(stage, 'INVITE');
    await raw(stage, 'INVITE', { via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKother' });
    expect(stage.bob.requests).toHaveLength(1);
    expect(stage.wire.story().at(-1)).toBe('0 bob 482 INVITE');
    await raw(stage, 'ACK', { via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKother' });
    expect(stage.bob.acks).toHaveLength(0);
    expect(stage.bob.layer.stats()).toMatchObject({ refused: 1, server: { proceeding: 1, confirmed: 1 } });
    // The refused copy leaves; the first one is still known by its mark.
    await stage.pass(6_000);
    await raw(stage, 'INVITE', { via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKthird' });
    expect(stage.bob.requests).toHaveLength(1);
  });

  test('requests within a dialog are never merged', async () => {
    const stage = new Stage();
    for (const branch of ['z9hG4bK1', 'z9hG4bK2']) {
      await raw(stage, 'INFO', { via: `SIP/2.0/UDP 192.0.2.1;branch=${branch}`, to: '<sip:bob@example.com>;tag=b' });
    }
    expect(stage.bob.requests).toHaveLength(2);
  });

  test('the mark of a merged request goes with its transaction', async () => {
    const stage = new Stage();
    await raw(stage, 'MESSAGE');
    stage.served.reply(200);
    await stage.pass(32_000);
    await raw(stage, 'MESSAGE', { via: 'SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKlater' });
    expect(stage.bob.requests).toHaveLength(2);
  });

  test.each([
    ['without a branch', 'SIP/2.0/UDP 192.0.2.1:5060'],
    ['with a branch of RFC 2543', 'SIP/2.0/UDP 192.0.2.1:5060;branch=1'],
    ['with nothing behind the cookie (RFC 4475 badbranch)', 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK'],
  ])('%s they are matched as RFC 2543 had it', async (_, via) => {
    const stage = new Stage();
    await raw(stage, 'INVITE', { via });
    await raw(stage, 'INVITE', { via });
    expect(stage.bob.requests).toHaveLength(1);
    stage.served.reply(486);
    await stage.pass(0);
    await raw(stage, 'ACK', { via, to: `<sip:bob@example.com>;tag=${stage.served.localTag}` });
    expect(stage.bob.events).toEqual(['request INVITE', 'terminated']);
    await raw(stage, 'CANCEL', { via });
    expect(stage.wire.story().at(-1)).toContain('200 CANCEL');
    expect(stage.bob.events).not.toContain('cancel');
  });

  test('another Call-ID, tag or CSeq without a branch is another request', async () => {
    const stage = new Stage();
    const via = 'SIP/2.0/UDP 192.0.2.1:5060';
    await raw(stage, 'OPTIONS', { via });
    const { request } = stage.bob.requests[0]!;
    for (const [name, value] of [
      ['Call-ID', 'x'],
      ['From', '<sip:a@b>;tag=9'],
      ['CSeq', '8 OPTIONS'],
    ] as const) {
      const other = new SipRequest('OPTIONS', request.uri, request.headers.clone());
      other.headers.set(name, value);
      await stage.alice.layer.sendStateless(other, toBob);
      await stage.pass(0);
    }
    expect(stage.bob.requests).toHaveLength(4);
  });

  test('an ACK that belongs to no transaction is told', async () => {
    const stage = new Stage();
    await raw(stage, 'ACK');
    expect(stage.bob.acks).toHaveLength(1);
    expect(stage.bob.layer.stats().server).toEqual({});
  });

  test('a CANCEL with another branch finds nothing', async () => {
    const stage = new Stage();
    await raw(stage, 'INVITE');
    await raw(stage, 'CANCEL', { via: 'SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKy' });
    expect(stage.bob.events).toEqual(['request INVITE']);
    expect(stage.wire.story().at(-1)).toBe('0 bob 481 CANCEL');
  });
});

describe('responses', () => {
  test('are matched by branch and method', async () => {
    const stage = new Stage();
    const call = stage.call('MESSAGE');
    await stage.pass(0);
    const { request, flow } = stage.served;
    const wrongMethod = makeResponse(request, 200);
    wrongMethod.headers.set('CSeq', '1 INVITE');
    const wrongBranch = makeResponse(request, 200);
    wrongBranch.headers.set('Via', request.headers.get('Via')!.replace(/branch=[^;]+/, `branch=${newBranch()}`));
    for (const response of [wrongMethod, wrongBranch]) await stage.bob.layer.sendStateless(response, flow);
    await stage.pass(0);
    expect(stage.alice.events).toEqual([]);
    expect(stage.alice.strays).toHaveLength(2);
    expect(call.state).toBe('trying');
  });

  test('with a sent-by that is not ours, or more than one Via, are dropped (RFC 4475 bcast)', async () => {
    const stage = new Stage();
    stage.call('MESSAGE');
    await stage.pass(0);
    const { request, flow } = stage.served;
    const twoVias = makeResponse(request, 200);
    twoVias.headers.append('Via', 'SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1');
    const joined = makeResponse(request, 200);
    joined.headers.set('Via', `${request.headers.get('Via')}, SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1`);
    const foreign = makeResponse(request, 200);
    foreign.headers.set('Via', 'SIP/2.0/UDP 192.0.2.99:5060;branch=z9hG4bK1');
    for (const response of [twoVias, joined, foreign]) await stage.bob.layer.sendStateless(response, flow);
    await stage.pass(0);
    expect(stage.alice.events).toEqual([]);
    expect(stage.alice.strays).toEqual([]);
  });
});

describe('checks before the user hears of a request', () => {
  const checks = { methods: ['INVITE', 'OPTIONS'], extensions: ['timer', '100rel'] };

  test.each([
    ['an unknown method', 'BOOK', [], 405, 'Allow: INVITE, OPTIONS'],
    ['a spent Max-Forwards', 'OPTIONS', ['Max-Forwards: 0'], 483, ''],
    [
      'an unknown extension',
      'OPTIONS',
      ['Require: timer, telepathy', 'Proxy-Require: magic'],
      420,
      'Unsupported: telepathy, magic',
    ],
  ])('%s', async (_, method, more, status, header) => {
    const stage = new Stage({ checks });
    await raw(stage, method, { more });
    expect(stage.bob.requests).toHaveLength(0);
    expect(stage.wire.lines.at(-1)).toMatchObject({ what: `${status} ${method}` });
    expect(stage.wire.lines.at(-1)!.text).toContain(header);
    expect(stage.bob.layer.stats().refused).toBe(1);
  });

  test('an unknown scheme in the Request-URI', async () => {
    const stage = new Stage({ checks });
    const bytes =
      'OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n';
    await stage.alice.end.send(Buffer.from(bytes), toBob);
    await stage.pass(0);
    expect(stage.wire.story().at(-1)).toBe('0 bob 416 OPTIONS');
  });

  test('within a dialog Max-Forwards may be spent: the request has arrived', async () => {
    const stage = new Stage({ checks });
    await raw(stage, 'OPTIONS', { more: ['Max-Forwards: 0'], to: '<sip:bob@example.com>;tag=b' });
    expect(stage.bob.requests).toHaveLength(1);
  });

  test('what is known passes', async () => {
    const stage = new Stage({ checks });
    await raw(stage, 'OPTIONS', { more: ['Require: 100rel', 'Max-Forwards: 1'] });
    expect(stage.bob.requests).toHaveLength(1);
  });

  test('without checks every method and extension is the business of the user', async () => {
    const stage = new Stage();
    await raw(stage, 'BOOK', { more: ['Require: telepathy'] });
    expect(stage.bob.requests).toHaveLength(1);
  });
});

describe('malformed input', () => {
  /** Gives Bob's layer a fault as its transport would. */
  function fault(stage: Stage, text: string): void {
    try {
      parseDatagram(Buffer.from(text));
      throw new Error('This message was to be malformed');
    } catch (thrown) {
      if (!(thrown instanceof SipSyntaxError)) throw thrown;
      const flow: Flow = { ...toBob, local: toBob.remote, remote: toBob.local };
      stage.bob.end.emit('malformed', thrown, flow, Buffer.from(text));
    }
  }

  const head =
    'Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n';

  test('is answered without a transaction, with the same To tag for every copy', async () => {
    const stage = new Stage();
    const text = `OPTIONS sip:a@b SIP/2.0\r\n${head}CSeq: 1 INVITE\r\n\r\n`;
    fault(stage, text);
    fault(stage, text);
    await stage.pass(0);
    const [first, second] = stage.wire.lines;
    expect(first!.text).toMatch(/^SIP\/2\.0 400 CSeq is of another method\r\n/);
    expect(first!.text).toMatch(/To: <sip:a@b>;tag=[0-9a-f]{16}\r\n/);
    expect(second!.text).toBe(first!.text);
    expect(stage.bob.layer.stats()).toMatchObject({ malformed: 2, server: {} });
  });

  test.each([
    ['an ACK', `ACK sip:a@b SIP/2.0\r\n${head}CSeq: x ACK\r\n\r\n`],
    ['a request without a Via', 'OPTIONS sip:a@b SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n'],
    ['a request without a CSeq', `OPTIONS sip:a@b SIP/2.0\r\n${head}\r\n`],
    ['a response', `SIP/2.0 200 OK\r\n${head}CSeq: x OPTIONS\r\n\r\n`],
    [
      'control characters in what would be copied',
      `OPTIONS sip:a@b SIP/2.0\r\n${head.replace('Call-ID: 1', 'Call-ID: 1\x01')}CSeq: 1 OPTIONS\r\n\r\n`,
    ],
    ['what is no message at all', 'GET / HTTP/1.1\r\n\r\n'],
  ])('%s gets no answer', async (_, text) => {
    const stage = new Stage();
    fault(stage, text);
    await stage.pass(0);
    expect(stage.wire.lines).toEqual([]);
    expect(stage.bob.layer.stats().malformed).toBe(1);
  });
});

test('an ACK cannot be sent in a transaction', () => {
  const stage = new Stage();
  expect(() => stage.alice.layer.request(new SipRequest('ACK', 'sip:b@b', Headers.from({})), toBob)).toThrow(
    'without a transaction',
  );
});
