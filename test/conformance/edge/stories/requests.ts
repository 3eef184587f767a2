import { header, tagOf } from '../support/sip-text';
import { Leg } from '../support/phone';
import type { SrfResponse } from '../support/application';
import type { Stage } from '../support/stage';

/** Requests outside calls. */
export function requestStories(stage: Stage): void {
  test('MESSAGE with a body, answered 202', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('MESSAGE', user);
    const body = '{"id":"1","place":"Gleis 4 – Süd"}';
    const sent = phone.request('MESSAGE', user, { 'Content-Type': 'application/help-request+json' }, body);
    const { req, res } = await arrival;
    expect(req.body).toBe(body);
    expect(req.get('Content-Type')).toBe('application/help-request+json');
    res.send(202, { headers: { 'X-Id': '1' } });
    const accepted = await sent.leg.status(sent, 202);
    expect(header(accepted, 'x-id')).toBe('1');
    expect(tagOf(header(accepted, 'to'))).not.toBe('');
  });

  test('MESSAGE of the application to a phone', async () => {
    const phone = await stage.udp();
    const sent = await stage.app.srf.request(phone.uri, {
      method: 'MESSAGE',
      headers: { 'Content-Type': 'application/routing-number+json', From: '<sip:help@sightline.test>' },
      body: '{"number":"7001"}',
    });
    const responded = new Promise<SrfResponse>((resolve) => sent.once('response', resolve));
    const message = await phone.takeRequest('MESSAGE');
    expect(message.body).toBe('{"number":"7001"}');
    expect(header(message, 'from')).toMatch(/^<sip:help@sightline\.test>;tag=/);
    expect(message.headers.has('contact')).toBe(false);
    phone.respond(message, 200, 'OK', { To: `${header(message, 'to')};tag=p` });
    expect((await responded).status).toBe(200);
  });

  test('REGISTER with two challenges, then with bindings', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    stage.app.on('REGISTER', user, (req, res) => {
      if (req.has('Authorization')) {
        res.send(200, { headers: { Contact: `${req.get('Contact')};expires=300` } });
      } else {
        // Two header lines by one value: the way that drachtio-srf leaves for it.
        res.send(401, {
          headers: { 'WWW-Authenticate': 'Digest realm="a",nonce="1"\r\nWWW-Authenticate: Digest realm="b",nonce="2"' },
        });
      }
    });
    const first = phone.request('REGISTER', user);
    const challenged = await first.leg.status(first, 401);
    expect(challenged.headers.get('www-authenticate')?.map((one) => one.replace(/\s+/g, ''))).toEqual([
      'Digestrealm="a",nonce="1"',
      'Digestrealm="b",nonce="2"',
    ]);
    const second = phone.request('REGISTER', user, { Authorization: 'Digest username="x"' });
    const bound = await second.leg.status(second, 200);
    expect(header(bound, 'contact').replace(/\s/g, '')).toBe(`${phone.contact};expires=300`);
  });

  test('OPTIONS, and a method with several header lines of one name', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    stage.app.on('OPTIONS', user, (req, res) =>
      res.send(200, { headers: { 'X-Seen': req.get('Supported'), Allow: 'INVITE, ACK' } }),
    );
    const sent = phone.request('OPTIONS', user, { Supported: ['timer', '100rel'] });
    const ok = await sent.leg.status(sent, 200);
    expect(header(ok, 'x-seen').replace(/\s/g, '')).toBe('timer,100rel');
    expect(header(ok, 'allow')).toBe('INVITE, ACK');
  });

  test('a repeated request is answered again without asking the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    let arrivals = 0;
    stage.app.on('MESSAGE', user, (_req, res) => {
      arrivals += 1;
      res.send(202);
    });
    const sent = phone.request('MESSAGE', user, { 'Content-Type': 'text/plain' }, 'x');
    await sent.leg.status(sent, 202);
    phone.sendText(sent.text);
    await sent.leg.status(sent, 202);
    expect(arrivals).toBe(1);
  });

  test('an answer that comes twice is refused to the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('OPTIONS', user);
    const sent = phone.request('OPTIONS', user);
    const { res } = await arrival;
    res.send(200);
    await sent.leg.status(sent, 200);
    const late = Object.assign(Object.create(Object.getPrototypeOf(res) as object), res, {
      finished: false,
    }) as SrfResponse;
    const error = await new Promise((resolve) => late.send(200, {}, (refused) => resolve(refused)));
    expect(error).toContain('unknown transaction');
  });

  test('the source of a message is told', async () => {
    const phone = await stage.udp();
    const leg = new Leg(phone, `sip:${stage.user()}@${stage.edge.sip.host}:${stage.edge.sip.port}`);
    const user = /sip:([^@]*)@/.exec(leg.target)![1]!;
    const arrival = stage.app.next('OPTIONS', user);
    const sent = leg.request('OPTIONS');
    const { req, res } = await arrival;
    expect([req.source, req.protocol, req.source_address, req.source_port]).toEqual([
      'network',
      'udp',
      '127.0.0.1',
      Number(phone.hostPort.split(':')[1]),
    ]);
    res.send(200);
    await leg.status(sent, 200);
  });
}
