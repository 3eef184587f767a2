import { eventOf } from '../support/application';
import type { SrfRequest, SrfResponse } from '../support/application';
import { cseqOf, header, sdp, tagOf, uriOf } from '../support/sip-text';
import type { Stage } from '../support/stage';
import { incomingCall } from './calls';

/** Calls from a phone to the application. */
export function incomingStories(stage: Stage): void {
  test('a call rings, is answered, acknowledged, and ended by the phone', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, { 'X-Place': 'platform 4' }, sdp());
    const { req, res } = await arrival;
    expect(req.source_port).toBe(Number(phone.hostPort.split(':')[1]));
    expect(req.protocol).toBe('udp');
    expect(req.get('X-Place')).toBe('platform 4');
    expect(req.body).toBe(sdp());
    await invite.leg.status(invite, 100);
    res.send(180);
    const ringing = await invite.leg.status(invite, 180);
    expect(tagOf(header(ringing, 'to'))).not.toBe('');
    const dialog = await stage.app.srf.createUAS(req, res, { localSdp: sdp(2), headers: { 'X-Answer': 'yes' } });
    const ok = await invite.leg.status(invite, 200);
    expect(tagOf(header(ok, 'to'))).toBe(tagOf(header(ringing, 'to')));
    expect(header(ok, 'x-answer')).toBe('yes');
    expect(header(ok, 'content-type')).toBe('application/sdp');
    expect(uriOf(header(ok, 'contact'))).toBe(`sip:${stage.edge.sip.host}:${stage.edge.sip.port}`);
    expect(ok.body).toBe(sdp(2));
    expect(dialog.id).toBe(`${invite.leg.callId};from-tag=${invite.leg.localTag}`);
    const acknowledged = eventOf(dialog, 'ack');
    invite.leg.ack(invite);
    await acknowledged;
    const ended = eventOf(dialog, 'destroy');
    const bye = invite.leg.request('BYE', { Reason: 'Q.850;cause=16' });
    await invite.leg.status(bye, 200);
    const [request, reason] = await ended;
    expect((request as SrfRequest).get('Reason')).toBe('Q.850;cause=16');
    expect(reason).toBe('normal release');
  });

  test('the application ends a call with a header of its own', async () => {
    const phone = await stage.udp();
    const { dialog, leg } = await incomingCall(stage, phone);
    const gone = dialog.destroy({ headers: { Reason: 'SIP;cause=200;text="Call completed elsewhere"' } });
    const bye = await phone.takeRequest('BYE');
    expect(bye.uri).toBe(phone.uri);
    expect(header(bye, 'reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    expect(tagOf(header(bye, 'to'))).toBe(leg.localTag);
    expect(tagOf(header(bye, 'from'))).toBe(leg.remoteTag);
    phone.respond(bye, 200, 'OK');
    await gone;
  });

  test('a call is refused with the headers of the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    stage.app.on('INVITE', user, (_req, res) => res.send(486, 'On The Phone', { headers: { 'Retry-After': '60' } }));
    const invite = phone.request('INVITE', user, {}, sdp());
    const busy = await invite.leg.status(invite, 486);
    invite.leg.sameTransaction('ACK', invite);
    expect(busy.reason).toBe('On The Phone');
    expect(header(busy, 'retry-after')).toBe('60');
    expect(tagOf(header(busy, 'to'))).not.toBe('');
  });

  test('a redirection carries the Contact of the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    stage.app.on('INVITE', user, (_req, res) => {
      res.send(302, { headers: { Contact: '<sip:7001@sightline.test>;expires=60' } });
    });
    const invite = phone.request('INVITE', user, {}, sdp());
    const moved = await invite.leg.status(invite, 302);
    invite.leg.sameTransaction('ACK', invite);
    expect(moved.headers.get('contact')).toEqual(['<sip:7001@sightline.test>;expires=60']);
  });

  test('the caller cancels while it rings: the application gets the CANCEL with its Reason', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req, res } = await arrival;
    const cancelled = eventOf(req, 'cancel');
    res.send(180);
    await invite.leg.status(invite, 180);
    const { remoteTag } = invite.leg;
    invite.leg.remoteTag = '';
    const cancel = invite.leg.sameTransaction('CANCEL', invite, { Reason: 'SIP;cause=600;text="Busy everywhere"' });
    await invite.leg.status(cancel, 200);
    const terminated = await invite.leg.status(invite, 487);
    expect(tagOf(header(terminated, 'to'))).toBe(remoteTag);
    invite.leg.remoteTag = remoteTag;
    invite.leg.sameTransaction('ACK', invite);
    const [message] = await cancelled;
    expect((message as SrfRequest).get('Reason')).toBe('SIP;cause=600;text="Busy everywhere"');
    const refused = await new Promise((resolve) => res.send(200, {}, (error) => resolve(error)));
    expect(refused).toContain('unknown transaction');
  });

  test('a CANCEL before the application said anything ends the call too', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req } = await arrival;
    const cancelled = eventOf(req, 'cancel');
    invite.leg.sameTransaction('CANCEL', invite);
    await invite.leg.status(invite, 487);
    invite.leg.sameTransaction('ACK', invite);
    await cancelled;
  });

  test('the route that an INVITE recorded is used by the requests of the application', async () => {
    const phone = await stage.udp();
    const route = `<sip:${phone.hostPort};lr>`;
    const far = '<sip:proxy.example.test;lr>';
    const { dialog } = await incomingCall(stage, phone, {
      'Record-Route': `${route}, ${far}`,
      Contact: '<sip:x@192.0.2.9>',
    });
    const gone = dialog.destroy();
    const bye = await phone.takeRequest('BYE');
    expect(bye.uri).toBe('sip:x@192.0.2.9');
    expect((bye.headers.get('route') ?? []).join(',').replace(/\s/g, '')).toBe(`${route},${far}`);
    phone.respond(bye, 200, 'OK');
    await gone;
  });

  test('the 200 carries the recorded route', async () => {
    const phone = await stage.udp();
    const { answer } = await incomingCall(stage, phone, { 'Record-Route': `<sip:${phone.hostPort};lr>` });
    expect(answer.headers.get('record-route')).toEqual([`<sip:${phone.hostPort};lr>`]);
  });

  test('a 200 is repeated until its ACK comes', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req, res } = await arrival;
    const dialog = await stage.app.srf.createUAS(req, res, { localSdp: sdp(2) });
    for (let i = 0; i < 3; i += 1) await invite.leg.status(invite, 200);
    const acknowledged = eventOf(dialog, 'ack');
    invite.leg.ack(invite);
    await acknowledged;
    const bye = invite.leg.request('BYE');
    await invite.leg.status(bye, 200);
  });

  test('a repeated INVITE gets the 200 again and reaches the application once', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    let arrivals = 0;
    stage.app.on('INVITE', user, (req, res) => {
      arrivals += 1;
      void stage.app.srf.createUAS(req, res, { localSdp: sdp(2) });
    });
    const invite = phone.request('INVITE', user, {}, sdp());
    await invite.leg.status(invite, 200);
    phone.sendText(invite.text);
    await invite.leg.status(invite, 200);
    invite.leg.ack(invite);
    const bye = invite.leg.request('BYE');
    await invite.leg.status(bye, 200);
    expect(arrivals).toBe(1);
  });

  test('a reliable provisional response is repeated until PRACK, and the 200 comes after it', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, { Supported: '100rel' }, sdp());
    const { req, res } = await arrival;
    const pracked = new Promise<SrfRequest>((resolve) => {
      res.send(183, { headers: { Require: '100rel' }, body: sdp(2) }, () => undefined, resolve);
    });
    const progress = await invite.leg.status(invite, 183);
    await invite.leg.status(invite, 183);
    expect(header(progress, 'require')).toContain('100rel');
    const rseq = header(progress, 'rseq');
    if (stage.edge.isSipd) {
      const wrong = invite.leg.request('PRACK', { RAck: `${Number(rseq) + 7} ${invite.seq} INVITE` });
      expect((await invite.leg.final(wrong)).status).toBe(481);
    }
    const prack = invite.leg.request('PRACK', { RAck: `${rseq} ${invite.seq} INVITE` });
    await invite.leg.status(prack, 200);
    expect((await pracked).get('RAck')).toBe(`${rseq} ${invite.seq} INVITE`);
    void stage.app.srf.createUAS(req, res, { localSdp: sdp(2) });
    const ok = await invite.leg.status(invite, 200);
    expect(cseqOf(ok).number).toBe(invite.seq);
    invite.leg.ack(invite);
    const bye = invite.leg.request('BYE');
    await invite.leg.status(bye, 200);
  });

  test('UPDATE before the answer reaches the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req, res } = await arrival;
    req.on('update', (update: SrfRequest, updateRes: SrfResponse) => updateRes.send(200, { body: update.body }));
    res.send(180);
    await invite.leg.status(invite, 180);
    const update = invite.leg.request('UPDATE', {}, sdp(4));
    expect((await invite.leg.status(update, 200)).body).toBe(sdp(4));
    void stage.app.srf.createUAS(req, res, { localSdp: sdp(2) });
    await invite.leg.status(invite, 200);
    invite.leg.ack(invite);
    const bye = invite.leg.request('BYE');
    await invite.leg.status(bye, 200);
  });

  test('a reliable response to a phone that does not know them is refused to the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { res } = await arrival;
    const error = await new Promise((resolve) => {
      res.send(183, { headers: { Require: '100rel' } }, (refused) => resolve(refused));
    });
    expect(error).toBe('Remote endpoint does not support 100rel');
    res.send(603);
    await invite.leg.status(invite, 603);
    invite.leg.sameTransaction('ACK', invite);
  });

  test('the application chooses the To tag', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    stage.app.on('INVITE', user, (_req, res) =>
      res.send(480, { headers: { To: '<sip:any@where>;tag=chosen-by-app' } }),
    );
    const invite = phone.request('INVITE', user, {}, sdp());
    expect(tagOf(header(await invite.leg.status(invite, 480), 'to'))).toBe('chosen-by-app');
    invite.leg.sameTransaction('ACK', invite);
  });
}

/** What this server does and drachtio-server leaves to the application. */
export function strictIncomingStories(stage: Stage): void {
  test('an extension that nobody here knows is refused with 420', async () => {
    const phone = await stage.udp();
    const invite = phone.request('INVITE', stage.user(), { Require: '100rel, nothingSupportsThis' }, sdp());
    const refused = await invite.leg.status(invite, 420);
    expect(header(refused, 'unsupported')).toBe('nothingSupportsThis');
    invite.leg.sameTransaction('ACK', invite);
  });

  test('an INVITE without a Contact is refused with 400', async () => {
    const phone = await stage.udp();
    const invite = phone.request('INVITE', stage.user(), { Contact: [] as unknown as string }, sdp());
    await invite.leg.status(invite, 400);
    invite.leg.sameTransaction('ACK', invite);
  });

  test('without a PRACK the INVITE ends with 504, and the application hears of it', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, { Require: '100rel' }, sdp());
    const { req, res } = await arrival;
    const cancelled = eventOf(req, 'cancel');
    res.send(180);
    const ringing = await invite.leg.status(invite, 180);
    expect(header(ringing, 'rseq')).not.toBe('');
    await invite.leg.status(invite, 504);
    invite.leg.sameTransaction('ACK', invite);
    const [message] = await cancelled;
    expect((message as SrfRequest).get('Reason')).toContain('PRACK timeout');
  });

  test('a BYE before the answer is a CANCEL to the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req, res } = await arrival;
    const cancelled = eventOf(req, 'cancel');
    res.send(180);
    await invite.leg.status(invite, 180);
    const bye = invite.leg.request('BYE');
    await invite.leg.status(bye, 200);
    await invite.leg.status(invite, 487);
    invite.leg.sameTransaction('ACK', invite);
    await cancelled;
  });

  test('a 2xx waits for the PRACK of the response before it', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, { Supported: '100rel' }, sdp());
    const { res } = await arrival;
    res.send(183, { headers: { Require: '100rel' }, body: sdp(2) });
    const progress = await invite.leg.status(invite, 183);
    // Not createUAS: the dialog that it makes in drachtio-srf complains of a PRACK.
    res.send(200, { body: sdp(2) });
    await invite.leg.status(invite, 183);
    await invite.leg.status(invite, 183);
    expect(phone.inbox.count((message) => message.status === 200)).toBe(0);
    const prack = invite.leg.request('PRACK', { RAck: `${header(progress, 'rseq')} ${invite.seq} INVITE` });
    await invite.leg.status(prack, 200);
    await invite.leg.status(invite, 200);
    invite.leg.ack(invite);
    const bye = invite.leg.request('BYE');
    const ended = await stage.app.strays.take('BYE', ({ req }) => req.get('Call-ID') === invite.leg.callId);
    ended.res.send(200);
    await invite.leg.status(bye, 200);
  });
}

/** Slow on real timers: the ACK never comes. */
export function lostAckStories(stage: Stage): void {
  test('when the ACK never comes the server ends the call and tells the application', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req, res } = await arrival;
    const dialog = await stage.app.srf.createUAS(req, res, { localSdp: sdp(2) });
    const ended = eventOf(dialog, 'destroy');
    const bye = await phone.takeRequest('BYE', 80 * stage.edge.t1);
    expect(header(bye, 'reason')).toContain('ACK timeout');
    phone.respond(bye, 200, 'OK');
    const [message, reason] = await ended;
    expect((message as SrfRequest).source).toBe('application');
    expect(reason).toBe('ACK timeout');
    expect(invite.leg.phone.inbox.count((one) => one.status === 200)).toBeGreaterThan(5);
  });
}
