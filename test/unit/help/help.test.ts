import { closeSharedRedis } from '../../support/redis';
import { RawPhone } from './raw-phone';
import type { RawMessage } from './raw-phone';
import { startHelpServer } from './server';
import type { HelpServer, TestServerOptions } from './server';

const opened: { close(): Promise<void> }[] = [];
async function start(options?: TestServerOptions): Promise<HelpServer> {
  const server = await startHelpServer(options);
  opened.push(server);

  return server;
}
async function phoneOf(server: HelpServer, user = '1001', password = 'demo-terminal', algorithm = 'SHA-256') {
  const phone = await RawPhone.open(server.port, user, password, algorithm);
  opened.push(phone);

  return phone;
}
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});
afterAll(closeSharedRedis);

const answerIn = (message: RawMessage): Record<string, unknown> => JSON.parse(message.body) as Record<string, unknown>;

describe('registering', () => {
  it.each(['SHA-256', 'MD5'])('works with %s over real SIP', async (algorithm) => {
    const server = await start();
    const phone = await phoneOf(server, '1001', 'demo-terminal', algorithm);
    const answer = await phone.register(['Expires: 300']);
    expect(answer.status).toBe(200);
    expect(answer.get('contact')).toBe(`<sip:1001@127.0.0.1:${phone.port}>;expires=300`);
    // The nonce goes on: no second challenge.
    expect(
      (await phone.exchange({ method: 'REGISTER', uri: 'sip:sightline.test', to: '<sip:1001@sightline.test>' })).status,
    ).toBe(200);
  });

  it('challenges by two headers over real SIP', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    const answer = await phone.exchange({
      method: 'REGISTER',
      uri: 'sip:sightline.test',
      to: '<sip:1001@sightline.test>',
    });
    expect(answer.status).toBe(401);
    expect(answer.all('www-authenticate').map((one) => /algorithm=([\w-]+)/.exec(one)?.[1])).toEqual([
      'SHA-256',
      'MD5',
    ]);
  });

  it('with a wrong password goes on being asked for the right one', async () => {
    const server = await start();
    expect((await (await phoneOf(server, '1001', 'wrong')).register()).status).toBe(401);
    expect((await (await phoneOf(server, '9999', 'wrong')).register()).status).toBe(401);
  });

  it('answers a retransmission as the first time', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    await phone.register();
    const request = { method: 'REGISTER', uri: 'sip:sightline.test', to: '<sip:1001@sightline.test>' };
    const text = phone.text(request, 'z9hG4bKsame', '77 REGISTER');
    for (const _ of [1, 2]) {
      const answer = phone.answerTo('77 REGISTER');
      phone.sendText(text);
      expect((await answer).status).toBe(200);
    }
  });
});

describe('a help request by MESSAGE', () => {
  it('is answered 202 and then a MESSAGE with the number', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    await phone.register();
    const answer = await phone.message('{"id":"a1","context":{"train":"IC 5"},"later":true}');
    expect([answer.status, answer.body]).toEqual([202, '']);
    const message = await phone.incoming('MESSAGE');
    expect(message.startLine).toBe(`MESSAGE sip:1001@127.0.0.1:${phone.port} SIP/2.0`);
    expect(message.get('content-type')).toBe('application/routing-number+json');
    expect(message.get('from')).toContain('<sip:help@sightline.test>');
    expect(message.get('to')).toContain('<sip:1001@sightline.test>');
    expect(answerIn(message)).toEqual({
      request: 'a1',
      number: '7000',
      uri: 'sip:7000@sightline.test',
      expires: 120,
      service: 'tickets',
    });
    expect(await server.numbers.claim('7000', '1001')).toMatchObject({
      flow: 'tickets-flow',
      place: 'Hall 1',
      locale: 'de',
      context: { train: 'IC 5' },
    });
  });

  it.each([
    ['TCP', 'sip:1001@10.9.8.7:5060;transport=tcp'],
    ['WS', 'sip:x7@k3.invalid;transport=ws'],
  ] as const)(
    'reaches a %s client over the connection that it opened, whatever its Contact says',
    async (kind, contact) => {
      const server = await start();
      const port = kind === 'TCP' ? server.tcpPort : server.wsPort;
      const phone = await RawPhone.openStream(kind, port, '1001', 'demo-terminal');
      opened.push(phone);
      const request = { method: 'REGISTER', uri: 'sip:sightline.test', to: '<sip:1001@sightline.test>' };
      expect((await phone.request({ ...request, headers: [`Contact: <${contact}>`] })).status).toBe(200);
      expect((await phone.message('{"id":"a1"}')).status).toBe(202);
      const message = await phone.incoming('MESSAGE');
      expect(message.startLine).toBe(`MESSAGE ${contact} SIP/2.0`);
      expect(answerIn(message)).toMatchObject({ request: 'a1', number: '7000' });
    },
  );

  it('repeated with its id gets the same number', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    await phone.register();
    for (const id of ['a', 'a', 'b']) await phone.message(JSON.stringify({ id }));
    const numbers = [1, 2, 3].map(async () => answerIn(await phone.incoming('MESSAGE')).number);
    expect((await Promise.all(numbers)).sort()).toEqual(['7000', '7000', '7001']);
  });

  it('reaches a terminal that has not registered where it asked from', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    expect((await phone.message('{"id":"a"}')).status).toBe(202);
    const message = await phone.incoming('MESSAGE');
    expect(message.startLine).toBe(`MESSAGE sip:1001@127.0.0.1:${phone.port} SIP/2.0`);
    expect(answerIn(message)).toMatchObject({ number: '7000' });
  });

  it('on a trusted network is for the user of the From header, and answered to the sender only', async () => {
    const server = await start({ trustedNetworks: ['127.0.0.0/8'] });
    const seat = await phoneOf(server, '2001', 'demo-seat');
    await seat.register();
    const stranger = await phoneOf(server, '2001', '');
    expect((await stranger.message('{"id":"a"}')).status).toBe(202);
    expect(answerIn(await stranger.incoming('MESSAGE'))).toMatchObject({ number: '7000' });
    expect(seat.received).toEqual([]);
  });

  it('names the service in the body or in the address', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    await phone.register();
    await phone.message('{"id":"a","service":"lost"}');
    expect(answerIn(await phone.incoming('MESSAGE'))).toMatchObject({ service: 'lost', number: '8000' });
    await phone.message('{"id":"b"}', undefined, 'sip:help-tickets@sightline.test');
    expect(answerIn(await phone.incoming('MESSAGE'))).toMatchObject({ service: 'tickets', number: '7000' });
  });

  it.each([
    ['an unknown service', '{"id":"é","service":"none"}', { request: 'é', error: { code: 'SERVICE_UNKNOWN' } }],
    [
      'no free number',
      '{"id":"x","service":"lost"}',
      { request: 'x', error: { code: 'POOL_EXHAUSTED', retryAfter: expect.any(Number) } },
    ],
  ])('is told of %s in that MESSAGE', async (_what, body, expected) => {
    const server = await start();
    const phone = await phoneOf(server);
    await phone.register();
    await server.help.request('1002', { id: 'r', service: 'lost' });
    expect((await phone.message(body)).status).toBe(202);
    expect(answerIn(await phone.incoming('MESSAGE'))).toEqual(expected);
  });

  it.each([
    [400, 'no JSON', '{"id":'],
    [400, 'no object', '[]'],
    [400, 'no id', '{"service":"tickets"}'],
    [400, 'an id that is no text', '{"id":1}'],
    [400, 'an id that is too long', JSON.stringify({ id: 'x'.repeat(65) })],
    [400, 'a context that is no object', '{"id":"a","context":"x"}'],
    [400, 'no body', ''],
    [413, 'more than 8 kB', JSON.stringify({ id: 'a', context: { x: 'y'.repeat(8_192) } })],
  ])('is refused with %i for %s', async (status, _what, body) => {
    const server = await start();
    const phone = await phoneOf(server);
    const answer = await phone.message(body);
    expect(answer.status).toBe(status);
    expect(answer.get('warning')).toContain(status === 413 ? 'BODY_TOO_LARGE' : 'BAD_REQUEST');
  });

  it('is refused with 415 for another type, and told which one is taken', async () => {
    const server = await start();
    const answer = await (await phoneOf(server)).message('{"id":"a"}', 'application/json');
    expect([answer.status, answer.get('accept')]).toEqual([415, 'application/help-request+json']);
  });

  it('needs credentials, and an address of this site', async () => {
    const server = await start();
    expect((await (await phoneOf(server, '1001', 'wrong')).message('{"id":"a"}')).status).toBe(401);
    const phone = await phoneOf(server);
    expect((await phone.message('{"id":"a"}', undefined, 'sip:help@elsewhere.test')).status).toBe(404);
    expect((await phone.message('{"id":"a"}', undefined, 'sip:1002@sightline.test')).status).toBe(404);
  });

  it('tries the next device when one refuses, and keeps the lease when all do', async () => {
    const server = await start();
    const [deaf, good] = [await phoneOf(server), await phoneOf(server)];
    await good.register();
    await deaf.register();
    deaf.answer = 501;
    await server.help.onMessage(...asked('{"id":"a"}'));
    expect(answerIn(await good.incoming('MESSAGE'))).toMatchObject({ number: '7000' });
    good.answer = 501;
    await server.help.onMessage(...asked('{"id":"b"}'));
    await good.incoming('MESSAGE');
    expect(await server.numbers.find('7001')).toMatchObject({ state: 'leased', request: 'b' });
  });

  it('does not wait long for a device that keeps silent, and not at all when it is closed', async () => {
    const server = await start();
    const [good, silent] = [await phoneOf(server), await phoneOf(server)];
    await good.register();
    await silent.register();
    silent.answer = 0;
    await server.help.onMessage(...asked('{"id":"a"}', silent.port));
    expect(answerIn(await good.incoming('MESSAGE'))).toMatchObject({ number: '7000' });
    good.answer = 0;
    await server.help.onMessage(...asked('{"id":"b"}', silent.port));
    await silent.incoming('MESSAGE');
    await server.help.close();
  });

  it('tries again after a failure that may pass', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    await phone.register();
    phone.answer = 503;
    await server.help.onMessage(...asked('{"id":"a"}', phone.port));
    await phone.incoming('MESSAGE');
    phone.answer = 200;
    expect(answerIn(await phone.incoming('MESSAGE'))).toMatchObject({ number: '7000' });
  });
});

/** A help request as if it had come from this port. */
function asked(body: string, port = 9): Parameters<HelpServer['help']['onMessage']> {
  const headers: Record<string, string> = { 'content-type': 'application/help-request+json' };
  const request = {
    method: 'MESSAGE',
    uri: 'sip:help@sightline.test',
    body,
    source_address: '127.0.0.1',
    source_port: port,
    protocol: 'udp',
    get: (name: string) => headers[name.toLowerCase()],
  };
  const caller = {
    user: '1001',
    kind: 'terminal' as const,
    source: { transport: 'udp', address: '127.0.0.1', port },
  };

  return [request, { send: () => undefined }, caller];
}

describe('a help request that has to wait', () => {
  it('is told so, and gets its number when one comes free', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    await phone.register();
    await server.help.request('1002', { id: 'r', service: 'lost' });
    await phone.message('{"id":"w","service":"patient"}');
    expect(answerIn(await phone.incoming('MESSAGE'))).toMatchObject({
      request: 'w',
      error: { code: 'POOL_EXHAUSTED' },
    });
    await server.numbers.giveBack('8000');
    await server.numbers.sweep();
    await server.numbers.sweep();
    expect(answerIn(await phone.incoming('MESSAGE'))).toMatchObject({
      request: 'w',
      number: '8000',
      service: 'patient',
    });
    expect(await server.numbers.claim('8000', '1001')).toMatchObject({ flow: 'patient-flow' });
  });
});

describe('a call to help', () => {
  const invite = (uri: string) => ({ method: 'INVITE', uri, headers: ['Contact: <sip:1001@127.0.0.1>'] });

  it('is redirected to a number, the same one until it is used', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    const answer = await phone.request(invite('sip:help@sightline.test'));
    expect([answer.status, answer.get('contact')]).toEqual([302, '<sip:7000@sightline.test>;expires=120']);
    expect((await phone.request(invite('sip:help@sightline.test'))).get('contact')).toContain('sip:7000@');
    expect((await phone.request(invite('sip:help-lost@sightline.test'))).get('contact')).toContain('sip:8000@');
    await server.numbers.claim('7000', '1001');
    expect((await phone.request(invite('sip:help@sightline.test'))).get('contact')).toContain('sip:7001@');
  });

  it('is refused for an unknown service, and while no number is free', async () => {
    const server = await start();
    const phone = await phoneOf(server);
    const unknown = await phone.request(invite('sip:help-none@sightline.test'));
    expect(unknown.status).toBe(404);
    expect(unknown.get('warning')).toContain('SERVICE_UNKNOWN');
    await server.help.request('1002', { id: 'r', service: 'patient' });
    const busy = await phone.request(invite('sip:help-patient@sightline.test'));
    expect(busy.status).toBe(503);
    expect(Number(busy.get('retry-after'))).toBeGreaterThan(100);
  });
});

describe('a help request by HTTP', () => {
  it('gives the same body, for terminals of the site only', async () => {
    const { help } = await start();
    expect(await help.request('1002', { id: 'h' })).toEqual({
      request: 'h',
      number: '7000',
      uri: 'sip:7000@sightline.test',
      expires: 120,
      service: 'tickets',
    });
    await expect(help.request('2001', { id: 'h' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(help.request('1002', { id: 'h', service: 'none' })).rejects.toMatchObject({ code: 'SERVICE_UNKNOWN' });
  });
});
