import { EventEmitter } from 'node:events';
import { silentLogger } from '../../../src/lib/logger';
import type {
  AckFunction,
  DrachtioAnswer,
  DrachtioRequest,
  DrachtioResponse,
  Handler,
  SrfLike,
} from '../../../src/sip/drachtio';
import { Edge } from '../../../src/sip/edge';
import { LocalSrf } from '../../../src/sipd/local/local-srf';
import { startSipdEdge } from '../edge/support/edges';
import type { EdgeUnderTest } from '../edge/support/edges';
import { Leg, Phone } from '../edge/support/phone';
import { header, sdp } from '../edge/support/sip-text';

/** What the application works with: drachtio-srf on its connection, or its like in the process. */
const faces: [string, (edge: EdgeUnderTest) => SrfLike][] = [
  ['drachtio-srf', () => new Edge(silentLogger).srf],
  [
    'in the process',
    (edge) => {
      const srf = new LocalSrf(silentLogger);
      srf.serve(edge.local!);

      return srf;
    },
  ],
];

/** The same stories over each, so that the application cannot tell one from the other. */
describe.each(faces)('the face of drachtio-srf: %s', (_name, make) => {
  let edge: EdgeUnderTest;
  let srf: SrfLike;
  let phone: Phone;
  /** The face has left already; drachtio-srf does not take a second word of that. */
  let isGone: boolean;
  const arrivals = new EventEmitter();

  beforeEach(async () => {
    edge = await startSipdEdge();
    isGone = false;
    srf = make(edge);
    for (const method of ['invite', 'info', 'bye', 'update', 'message']) {
      srf.use(method, (...[req, res]: Parameters<Handler>) => void arrivals.emit(method, req, res));
    }
    const hostports = await connect();
    expect(String(hostports)).toContain(`udp/${edge.sip.host}:${edge.sip.port}`);
    phone = await Phone.udp(edge);
  });
  afterEach(async () => {
    await phone.close();
    if (!isGone) srf.disconnect();
    arrivals.removeAllListeners();
    await edge.close();
  });

  function connect(): Promise<unknown> {
    const { host, port, secret } = edge.control;
    const connected = new Promise((resolve) =>
      srf.once('connect', (_error: unknown, hostports: unknown) => resolve(hostports)),
    );
    srf.on('error', () => undefined);
    srf.connect({ host, port, secret });

    return connected.then(async (hostports) => {
      // The answer to any command tells that the routes sent before it are in force.
      await request('sips:nobody@192.0.2.1', { method: 'OPTIONS' }).catch(() => undefined);

      return hostports;
    });
  }

  function arrival(method: string): Promise<{ req: DrachtioRequest; res: DrachtioResponse }> {
    return new Promise((resolve) =>
      arrivals.once(method, (req: DrachtioRequest, res: DrachtioResponse) => resolve({ req, res })),
    );
  }

  function request(uri: string, options: Parameters<SrfLike['request']>[1]): Promise<DrachtioRequest> {
    return new Promise((resolve, reject) => {
      srf.request(uri, options, (error, req) => {
        if (req) resolve(req);
        else reject(error as Error);
      });
    });
  }

  function answers(req: DrachtioRequest): Promise<{ res: DrachtioAnswer; ack: AckFunction }> {
    return new Promise((resolve) =>
      req.on('response', (res: DrachtioAnswer, ack: AckFunction) => res.status >= 200 && resolve({ res, ack })),
    );
  }

  /** A call of the phone that the application has answered. */
  async function answeredCall(): Promise<{ leg: Leg; dialogId: string }> {
    const came = arrival('invite');
    const invite = phone.request('INVITE', 'alice', {}, sdp());
    const { res } = await came;
    const ready = new Promise((resolve) =>
      res.send(200, { headers: { 'Content-Type': 'application/sdp' }, body: sdp(2) }, undefined, resolve),
    );
    await invite.leg.status(invite, 200);
    invite.leg.ack(invite);
    await ready;

    return { leg: invite.leg, dialogId: res.stackDialogId! };
  }

  test('an INVITE is shown with its headers and body, answered, and its ACK handed over', async () => {
    const came = arrival('invite');
    const invite = phone.request('INVITE', 'alice', { 'X-Place': ['track 1', 'track 2'], 'X-Name': 'Zürich' });
    const { req, res } = await came;
    expect(req).toMatchObject({ method: 'INVITE', uri: expect.stringContaining('sip:alice@') as string });
    expect({ address: req.source_address, port: req.source_port, protocol: req.protocol }).toEqual({
      address: '127.0.0.1',
      port: Number(phone.hostPort.split(':')[1]),
      protocol: 'udp',
    });
    expect(req.get('x-place')?.split(/, */)).toEqual(['track 1', 'track 2']);
    expect(req.get('X-Name')).toBe('Zürich');
    expect(req.has('Subject')).toBe(false);
    expect(req.get('Subject')).toBeUndefined();
    expect(req.body || undefined).toBeUndefined();
    res.send(180);
    await invite.leg.status(invite, 180);
    expect(res.finalResponseSent).toBe(false);
    const acknowledged = new Promise<DrachtioRequest>((resolve, reject) =>
      res.send(
        200,
        { headers: { 'Content-Type': 'application/sdp' }, body: sdp(2) },
        (error) => error && reject(error as Error),
        resolve,
      ),
    );
    expect((await invite.leg.status(invite, 200)).body).toBe(sdp(2));
    expect(res.finalResponseSent).toBe(true);
    invite.leg.ack(invite, sdp(3));
    expect((await acknowledged).body).toBe(sdp(3));
    expect(res.stackDialogId).toContain(invite.leg.callId);
  });

  test('a value with line breaks makes several lines of one header', async () => {
    const came = arrival('invite');
    const invite = phone.request('INVITE', 'alice', {}, sdp());
    const { res } = await came;
    res.send(401, { headers: { 'WWW-Authenticate': 'Digest realm="a"\r\nWWW-Authenticate: Digest realm="b"' } });
    const refused = await invite.leg.status(invite, 401);
    expect(refused.headers.get('www-authenticate')).toEqual(['Digest realm="a"', 'Digest realm="b"']);
  });

  test('a CANCEL comes with its Reason, and an answer after it has an error', async () => {
    const came = arrival('invite');
    const invite = phone.request('INVITE', 'alice', {}, sdp());
    const { req, res } = await came;
    const cancelled = new Promise<DrachtioRequest>((resolve) => req.once('cancel', resolve));
    res.send(180);
    await invite.leg.status(invite, 180);
    invite.leg.sameTransaction('CANCEL', invite, { Reason: 'SIP;cause=487' });
    expect((await cancelled).get('Reason')).toBe('SIP;cause=487');
    const outcome = new Promise((resolve) => res.send(486, {}, resolve));
    expect(await outcome).toBeTruthy();
  });

  test('a second final answer is not sent, and says so', async () => {
    const came = arrival('message');
    const message = phone.request('MESSAGE', 'alice', { 'Content-Type': 'text/plain' }, 'hello');
    const { res } = await came;
    res.send(200);
    const outcome = new Promise((resolve) => res.send(500, {}, resolve));
    expect(await outcome).toBeInstanceOf(Error);
    await message.leg.status(message, 200);
  });

  test('a method that nobody takes is refused by the server; a request that is passed on by all is not found', async () => {
    const publish = phone.request('PUBLISH', 'alice');
    await publish.leg.status(publish, 405);
    srf.use('register', (_req, _res, next) => next());
    await request('sips:nobody@192.0.2.1', { method: 'OPTIONS' }).catch(() => undefined);
    const register = phone.request('REGISTER', 'alice');
    await register.leg.status(register, 404);
  });

  test('an INVITE of the application rings, is answered and acknowledged; both sides can say something within it', async () => {
    const req = await request(phone.uri, {
      method: 'INVITE',
      headers: { From: '<sip:seat@localhost>', 'Content-Type': 'application/sdp' },
      body: sdp(),
    });
    const answered = answers(req);
    const rings = new Promise<number>((resolve) => req.once('response', (res: DrachtioAnswer) => resolve(res.status)));
    const invite = await phone.takeRequest('INVITE');
    const leg = Leg.of(phone, invite, 'there');
    const tagged = { To: `${header(invite, 'to')};tag=there`, Contact: phone.contact };
    phone.respond(invite, 180, 'Ringing', tagged);
    expect(await rings).toBe(180);
    phone.respond(invite, 200, 'OK', { ...tagged, 'Content-Type': 'application/sdp', Allow: 'INFO' }, sdp(2));
    const { res, ack } = await answered;
    expect({ reason: res.reason, body: res.body, allow: res.get('Allow') }).toEqual({
      reason: 'OK',
      body: sdp(2),
      allow: 'INFO',
    });
    ack();
    await phone.takeRequest('ACK');
    const info = answers(await request('sip:placeholder', { method: 'INFO', stackDialogId: res.stackDialogId! }));
    phone.respond(await phone.takeRequest('INFO'), 200, 'OK');
    expect((await info).res.status).toBe(200);
    const came = arrival('bye');
    const bye = leg.request('BYE', { Reason: 'Q.850;cause=16' });
    const end = await came;
    expect(end.req.get('Reason')).toBe('Q.850;cause=16');
    expect(end.req.stackDialogId).toBe(res.stackDialogId);
    end.res.send(200);
    await leg.status(bye, 200);
  });

  test('an INVITE of the application is cancelled with a Reason', async () => {
    const req = await request(phone.uri, { method: 'INVITE', body: sdp() });
    const answered = answers(req);
    const invite = await phone.takeRequest('INVITE');
    phone.respond(invite, 180, 'Ringing', { To: `${header(invite, 'to')};tag=there` });
    await new Promise((resolve) => req.once('response', resolve));
    req.cancel({ headers: { Reason: 'SIP;cause=200' } });
    const cancel = await phone.takeRequest('CANCEL');
    expect(header(cancel, 'reason')).toBe('SIP;cause=200');
    phone.respond(cancel, 200, 'OK');
    phone.respond(invite, 487, 'Request Terminated', { To: `${header(invite, 'to')};tag=there` });
    expect((await answered).res.status).toBe(487);
  });

  test('what cannot be sent has an error; a dialog that is gone has a code of its own', async () => {
    const unknown = request('sip:placeholder', { method: 'INFO', stackDialogId: 'none;from-tag=none' });
    await expect(unknown).rejects.toMatchObject({ code: 'ENODIALOG' });
    await expect(request('not a uri', { method: 'INVITE' })).rejects.toBeInstanceOf(Error);
    const cancel = request('sip:placeholder', { method: 'CANCEL', stackTxnId: 'none' });
    await expect(cancel).rejects.toMatchObject({ code: 'EDRACHTIO' });
  });

  test('an UPDATE while an INVITE is open goes to the INVITE of ours, and is put off at one of theirs', async () => {
    const came = arrival('invite');
    const theirs = phone.request('INVITE', 'alice', {}, sdp());
    const { res } = await came;
    res.send(180);
    await theirs.leg.status(theirs, 180);
    const early = theirs.leg.request('UPDATE', {}, sdp(2));
    expect(header(await theirs.leg.status(early, 500), 'retry-after')).not.toBe('');
    const req = await request(phone.uri, { method: 'INVITE', body: sdp() });
    const crossing = new Promise<DrachtioResponse>((resolve) =>
      req.once('update', (_update: DrachtioRequest, answer: DrachtioResponse) => resolve(answer)),
    );
    const invite = await phone.takeRequest('INVITE');
    const leg = Leg.of(phone, invite, 'there');
    phone.respond(invite, 180, 'Ringing', { To: `${header(invite, 'to')};tag=there`, Contact: phone.contact });
    const update = leg.request('UPDATE', {}, sdp(2));
    (await crossing).send(491);
    await leg.status(update, 491);
  });

  test('a call whose ACK never comes is ended by the server, and the application is told', async () => {
    const came = arrival('invite');
    const ended = arrival('bye');
    const invite = phone.request('INVITE', 'alice', {}, sdp());
    const { res } = await came;
    const answer = { headers: { 'Content-Type': 'application/sdp' }, body: sdp(2) };
    await new Promise((resolve) => res.send(200, answer, resolve));
    await invite.leg.status(invite, 200);
    const bye = await ended;
    expect(bye.req.stackTxnId).toBe('unsolicited');
    expect(bye.req.stackDialogId).toBe(res.stackDialogId);
    expect(bye.req.get('Reason')).toContain('ACK timeout');
    // There is nobody to answer: this does nothing, and throws nothing.
    bye.res.send(200);
  });

  test('what the application has not answered is refused when it goes; what it has answered goes on', async () => {
    const { leg, dialogId } = await answeredCall();
    const came = arrival('invite');
    const invite = phone.request('INVITE', 'bob', {}, sdp());
    (await came).res.send(180);
    await invite.leg.status(invite, 180);
    srf.disconnect();
    isGone = true;
    await invite.leg.status(invite, 503);
    await expect(request('sip:placeholder', { method: 'INFO', stackDialogId: dialogId })).rejects.toBeInstanceOf(Error);
    const info = leg.request('INFO');
    const other = make(edge);
    const taken = new Promise<DrachtioResponse>((resolve) => other.use('info', (_req, res) => resolve(res)));
    other.on('error', () => undefined);
    other.connect(edge.control);
    (await taken).send(200);
    await leg.status(info, 200);
    other.disconnect();
  });
});
