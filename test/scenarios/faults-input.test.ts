import { once } from 'node:events';
import net from 'node:net';
import { Phone, Wire } from '../../scripts/phone';
import { lastingPort } from '../support/ports';
import { closeOf, RawPeer, type Transport } from './raw-peer';
import { dialScreen, eventually, helpNumber, nextCall, World } from './world';

jest.setTimeout(30_000);

let world: World;
let ws: { host: string; port: number };
const peers: RawPeer[] = [];

beforeAll(async () => {
  const [sip, web] = [await lastingPort(), await lastingPort()];
  world = await World.open({ env: { SIGHTLINE_SIP_PORT: String(sip), SIGHTLINE_WS_PORT: String(web) } });
  ws = { host: '127.0.0.1', port: web };
}, 30_000);

afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});

afterAll(() => world.close());

async function peer(transport: Transport = 'udp'): Promise<RawPeer> {
  const one = await RawPeer.open(transport, transport === 'ws' ? ws : world.server.sip);
  peers.push(one);

  return one;
}

/** The server still answers, by SIP and by HTTP, and has not been restarted. */
async function stillThere(): Promise<void> {
  const probe = await peer();
  expect((await probe.ask(probe.request('OPTIONS', 'sip:sightline.test'))).status).toBe(200);
  expect((await world.get('/readyz')).status).toBe(200);
  expect(world.server.child.exit).toBeUndefined();
}

const sdp = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0', ''].join(
  '\r\n',
);
const ofSdp = 'Content-Type: application/sdp';

describe('requests that cannot be served are refused with what is wrong', () => {
  const uri = 'sip:6100@sightline.test';
  const cases: [what: string, status: number, make: (peer: RawPeer) => string][] = [
    ['a CSeq of another method', 400, (p) => p.request('INVITE', uri, ['CSeq: 1 BYE'])],
    ['a body that is cut off', 400, (p) => p.request('INVITE', uri, [ofSdp, 'Content-Length: 9999'], sdp)],
    ['a negative length', 400, (p) => p.request('INVITE', uri, [ofSdp, 'Content-Length: -1'], sdp)],
    ['two names in From', 400, (p) => p.request('INVITE', uri, ['From: <sip:a@b>;tag=1, <sip:c@d>;tag=2'])],
    ['another version', 505, (p) => p.request('INVITE', uri).replace(' SIP/2.0\r\n', ' SIP/7.0\r\n')],
    ['a URI of another kind', 416, (p) => p.request('INVITE', 'mailto:help@sightline.test')],
    ['no hops left', 483, (p) => p.request('INVITE', uri, ['Max-Forwards: 0'])],
    ['an extension that is not there', 420, (p) => p.request('INVITE', uri, ['Require: teleport'])],
    ['a method that is not there', 405, (p) => p.request('DANCE', uri)],
    ['no session description', 415, (p) => p.request('INVITE', uri, ['Content-Type: text/html'], '<b>')],
    ['a session description that is none', 400, (p) => p.request('INVITE', uri, [ofSdp], 'what is this')],
    ['a dialog that is not there', 481, (p) => p.request('BYE', uri, [`To: <${uri}>;tag=none`])],
    ['a CANCEL of nothing', 481, (p) => p.request('CANCEL', uri)],
    ['a session interval that is too small', 422, (p) => p.request('INVITE', uri, ['Session-Expires: 10'])],
    ['no credentials', 401, (p) => p.request('INVITE', uri, [ofSdp], sdp)],
    ['credentials that cannot be read', 400, (p) => p.request('INVITE', uri, ['Authorization: Digest realm="sightli'])],
  ];

  test.each(cases)('%s: %i', async (_what, status, make) => {
    const one = await peer();
    const answer = await one.ask(make(one));
    expect(answer.status).toBe(status);
    await stillThere();
  });

  test.each(['tcp', 'ws'] as const)('a description that is too large, by %s: 413', async (transport) => {
    const one = await peer(transport);
    const large = sdp + 'a=x-fill:'.padEnd(20_000, 'x') + '\r\n';
    expect((await one.ask(one.request('INVITE', uri, [ofSdp], large))).status).toBe(413);
    await stillThere();
  });
});

describe('help requests', () => {
  const type = 'application/help-request+json';
  const bodies: [what: string, status: number, type: string, body: string][] = [
    ['no JSON', 400, type, 'help!'],
    ['JSON that is no object', 400, type, '[1,2]'],
    ['no id', 400, type, '{"service":"tickets"}'],
    ['an id that is no text', 400, type, '{"id":7}'],
    ['deep nesting', 400, type, '['.repeat(4000)],
    ['another type', 415, 'text/plain', 'help!'],
    ['more than is taken', 413, type, JSON.stringify({ id: 'x', context: { text: 'y'.repeat(9000) } })],
  ];

  test.each(bodies)('with %s: %i', async (_what, status, contentType, body) => {
    const terminal = await world.terminal('1001');
    expect((await terminal.message('help', contentType, body)).status).toBe(status);
    await stillThere();
  });

  test('of the same kinds by HTTP', async () => {
    const post = async (body: string, contentType = 'application/json', token = world.server.apiToken) => {
      const response = await fetch(`${world.server.url}/v1/help-requests`, {
        method: 'POST',
        headers: { 'content-type': contentType, authorization: `Bearer ${token}` },
        body,
      });
      const problem = (await response.json()) as { code?: string };

      return [response.status, problem.code];
    };
    expect(await post('help!')).toEqual([400, 'BAD_REQUEST']);
    expect(await post('{"terminal":"1001","colour":"red"}')).toEqual([400, 'BAD_REQUEST']);
    expect(await post('{"terminal":"4711","id":"a"}')).toEqual([404, 'NOT_FOUND']);
    expect(await post('{"terminal":"1001","service":"none"}')).toEqual([404, 'SERVICE_UNKNOWN']);
    expect(await post('x', 'text/plain')).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
    expect(await post(`{"id":"${'y'.repeat(9000)}"}`)).toEqual([413, 'BODY_TOO_LARGE']);
    expect(await post('{}', 'application/json', 'not-the-token')).toEqual([401, 'AUTH_REQUIRED']);
    await stillThere();
  });
});

describe('credentials', () => {
  /** The header line with which a phone has just registered. */
  async function usedCredentials(user: string): Promise<{ line: string; uri: string }> {
    const wire = await Wire.open({ lose: (dir, text) => dir === 'sent' && note(text) });
    let line = '';
    function note(text: string): boolean {
      line = /\r\n(Authorization: .*)\r\n/.exec(text)?.[1] ?? line;

      return false;
    }
    const options = { user, password: 'demo-terminal', domain: 'sightline.test', server: world.server.sip };
    const phone = new Phone(wire, options);
    expect((await phone.register()).status).toBe(200);
    await phone.unregister();
    phone.close();
    await wire.close();

    return { line, uri: 'sip:sightline.test' };
  }

  test('that were used once are challenged again as stale, whoever sends them', async () => {
    const { line, uri } = await usedCredentials('1002');
    for (const transport of ['udp', 'tcp', 'ws'] as const) {
      const thief = await peer(transport);
      const answer = await thief.ask(thief.request('REGISTER', uri, [line]));
      expect(answer.status).toBe(401);
      expect(answer.header('www-authenticate')).toMatch(/stale=true/i);
    }
    await stillThere();
  });

  test('with a nonce of their own, a wrong method or a wrong count are refused', async () => {
    const { line, uri } = await usedCredentials('1002');
    const one = await peer();
    const forged = [
      line.replace(/nonce="[^"]+"/, 'nonce="MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"'),
      line.replace(/nc=\d+/, 'nc=00000099'),
      line.replace(/response="[^"]+"/, `response="${'0'.repeat(64)}"`),
    ];
    for (const credentials of forged) {
      expect((await one.ask(one.request('REGISTER', uri, [credentials]))).status).toBe(401);
    }
    expect((await one.ask(one.request('MESSAGE', 'sip:help@sightline.test', [line]))).status).toBe(401);
    const terminal = await world.terminal('1002');
    expect((await terminal.register()).status).toBe(200);
  });
});

describe('without credentials nobody is told anything, and nothing is taken', () => {
  const domain = 'sip:%@sightline.test';
  const to = (user: string): string => domain.replace('%', user);
  const help = 'Content-Type: application/help-request+json';
  const text = 'Content-Type: text/plain';
  const packages = [
    ...['presence', 'presence.winfo', 'dialog', 'message-summary', 'reg', 'refer', 'conference', 'call-completion'],
    ...[
      'as-feature-event',
      'ua-profile',
      'check-sync',
      'talk',
      'hold',
      'line-seize',
      'call-info',
      'kpml',
      'unheard-of',
    ],
  ];
  type Make = (peer: RawPeer) => string;
  const cases: [what: string, status: number, make: Make[]][] = [
    ['MESSAGE to a seat (GHSA-g7xg)', 401, [(p) => p.request('MESSAGE', to('2006'), [text], 'hello')]],
    ['MESSAGE to a terminal', 401, [(p) => p.request('MESSAGE', to('1002'), [text], 'hello')]],
    ['MESSAGE to help', 401, [(p) => p.request('MESSAGE', to('help'), [help], '{"id":"stranger"}')]],
    [
      'MESSAGE in the name of another',
      401,
      [(p) => p.request('MESSAGE', to('help'), [help, 'P-Asserted-Identity: <sip:1002@sightline.test>'], '{"id":"x"}')],
    ],
    [
      'SUBSCRIBE to any event (GHSA-mjcm)',
      405,
      packages.flatMap((name) =>
        ['3600', '0'].map((seconds): Make => {
          return (p) => p.request('SUBSCRIBE', to('2006'), [`Event: ${name}`, `Expires: ${seconds}`]);
        }),
      ),
    ],
    ['PUBLISH', 405, [(p) => p.request('PUBLISH', to('2006'), ['Event: presence', 'Expires: 60', text], 'open')]],
    ['REFER', 405, [(p) => p.request('REFER', to('2006'), ['Refer-To: <sip:6001@sightline.test>'])]],
    ['NOTIFY', 405, [(p) => p.request('NOTIFY', to('2006'), ['Event: check-sync', 'Subscription-State: active'])]],
  ];

  /** Requests that the server sent, by method; a seat that is told anything is told by one. */
  async function requestsSent(): Promise<string[]> {
    const response = await fetch(`${world.server.url}/v1/metrics`, {
      headers: { authorization: `Bearer ${world.server.apiToken}` },
    });
    const lines = (await response.text()).split('\n').filter((line) => /requests_total\{.*direction="out"/.test(line));
    expect(lines.length).toBeGreaterThan(5);

    return lines;
  }

  test.each(cases)('%s: %i by every transport', async (what, status, makes) => {
    await world.seat('2006');
    const terminal = await world.terminal('1008');
    // A terminal gets only so many; of these methods only MESSAGE can take one.
    const number = async (id: string): Promise<number> => (status === 401 ? Number(await helpNumber(terminal, id)) : 0);
    const before = await number(`before ${what}`);
    const sent = await requestsSent();
    for (const transport of ['udp', 'tcp', 'ws'] as const) {
      const one = await peer(transport);
      for (const make of makes) {
        const answer = await one.ask(make(one));
        expect([transport, answer.status]).toEqual([transport, status]);
        if (status === 401) expect(answer.header('www-authenticate')).toMatch(/^Digest /);
      }
    }
    expect(await requestsSent()).toEqual(sent);
    // The next number in the row: none was taken in between.
    expect((await number(`after ${what}`)) - before).toBe(status === 401 ? 1 : 0);
  });
});

describe('within a call', () => {
  test('INFO that is too large, no JSON, or nonsense leaves the call and its page as they are', async () => {
    const { call, screen } = await dialScreen(await world.terminal('1003', { screen: true }), '6001');
    const home = await screen.waitFor('page');
    const type = 'application/visual-menu+json';
    const bodies: [number, string][] = [
      [415, ''],
      [400, 'null'],
      [400, '{"v":1,"seq":-5,"type":"choose"}'],
      [400, '{"v":99,"seq":1,"type":"home"}'],
      [400, `{"v":1,"seq":1,"type":"submit","page":"home","values":${'['.repeat(500)}`],
      [413, JSON.stringify({ v: 1, seq: 1, type: 'text', text: 'x'.repeat(20_000) })],
    ];
    for (const [status, body] of bodies) {
      expect([body.slice(0, 40), (await call.info(type, body, 'visual-menu')).status]).toEqual([
        body.slice(0, 40),
        status,
      ]);
    }
    await screen.choose('1');
    expect(await screen.waitFor('page', ({ id }) => id !== home.id)).toMatchObject({ id: 'trains' });
    const ended = call.untilEnded();
    call.hangup();
    await ended;
    expect((await call.byeResponse)?.status).toBe(200);
    await stillThere();
  });

  test('a terminal that is dead while it talks keeps neither the seat nor the call when the seat hangs up', async () => {
    const wire = await Wire.open();
    const options = { user: '1004', password: 'demo-terminal', domain: 'sightline.test', server: world.server.sip };
    const terminal = new Phone(wire, options);
    const call = terminal.invite('6100');
    const seat = await world.seat('2001');
    const seatCall = await nextCall(seat);
    seatCall.answer();
    await Promise.all([call.untilEstablished(), seatCall.untilEstablished()]);
    await wire.close();
    seatCall.hangup();
    expect((await seatCall.byeResponse)?.status).toBe(200);
    await eventually(
      async () => [(await world.get('/v1/calls')).body.calls, await world.seatState('2001')],
      ([calls, state]) => (calls as unknown[]).length === 0 && state !== 'talking',
    );
  });
});

describe('floods', () => {
  /** The same bytes at every run: a linear congruential generator (Numerical Recipes). */
  let state = 20_260_101;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;

    return state % below;
  };
  const garbage = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random(256)));

  /** A message with some of its bytes changed, cut or doubled. */
  function mutated(text: string): Buffer {
    const bytes = Buffer.from(text);
    for (let changes = 1 + random(6); changes > 0; changes--) bytes[random(bytes.length)] = random(256);
    const cut = bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length);

    return random(4) === 0 ? Buffer.concat([cut, cut]) : cut;
  }

  function anyRequest(one: RawPeer): Buffer {
    const methods = ['INVITE', 'REGISTER', 'MESSAGE', 'OPTIONS', 'INFO', 'BYE', 'ACK', 'CANCEL'];
    const text = one.request(methods[random(methods.length)]!, 'sip:6100@sightline.test', [ofSdp], sdp);

    return mutated(text);
  }

  /** After a flood a call goes the whole way. */
  async function callsWork(user: string, seatId: string): Promise<void> {
    await stillThere();
    const { call, screen } = await dialScreen(await world.terminal(user, { screen: true }), '6100');
    const seatCall = await nextCall(await world.seat(seatId));
    seatCall.answer();
    await screen.waitFor('connected');
    const ended = seatCall.untilEnded();
    call.hangup();
    await ended;
  }

  test('of garbage and of broken requests by UDP', async () => {
    const one = await peer();
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 50; i++) one.send(random(2) === 0 ? garbage(1 + random(1400)) : anyRequest(one));
      // One at a time with the server, so that the socket's buffer does not throw most of them away.
      expect((await one.ask(one.request('OPTIONS', 'sip:sightline.test'))).status).toBe(200);
    }
    await callsWork('1005', '2002');
  });

  test.each(['tcp', 'ws'] as const)(
    'of garbage and of broken requests by %s, from many connections',
    async (transport) => {
      const some = await Promise.all(Array.from({ length: 60 }, () => peer(transport)));
      for (const one of some) for (let i = 0; i < 20; i++) one.send(random(3) === 0 ? garbage(900) : anyRequest(one));
      await callsWork(transport === 'tcp' ? '1006' : '1007', transport === 'tcp' ? '2003' : '2004');
    },
  );

  test('by TCP of a head, and of a body, without an end: the connection is closed', async () => {
    const [head, body] = [await peer('tcp'), await peer('tcp')];
    head.send(`OPTIONS sip:sightline.test SIP/2.0\r\nX-Endless: ${'x'.repeat(300_000)}`);
    body.send(body.request('MESSAGE', 'sip:help@sightline.test', ['Content-Length: 999999999']));
    await Promise.all([head.closed, body.closed]);
    await stillThere();
  });

  test('by HTTP of what is no HTTP, and of heads without an end', async () => {
    const { host, port } = world.server.http;
    const sockets = Array.from({ length: 40 }, () => net.connect(port, host).on('error', () => undefined));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const closed = sockets.slice(0, 20).map((socket) => closeOf(socket.resume()));
    sockets.forEach((socket, index) => socket.write(index < 20 ? garbage(400) : 'GET /v1/calls HTTP/1.1\r\nX: '));
    await Promise.all(closed);
    await stillThere();
    for (const socket of sockets) socket.destroy();
  });
});
