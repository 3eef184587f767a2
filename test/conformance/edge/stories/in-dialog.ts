import { eventOf } from '../support/application';
import type { SrfDialog, SrfRequest, SrfResponse } from '../support/application';
import { header, sdp, uriOf } from '../support/sip-text';
import type { Stage } from '../support/stage';
import { incomingCall, outgoingCall } from './calls';
import type { IncomingCall } from './calls';

async function hangUp({ leg, dialog }: Pick<IncomingCall, 'leg' | 'dialog'>): Promise<void> {
  const ended = eventOf(dialog, 'destroy');
  const bye = leg.request('BYE');
  await leg.status(bye, 200);
  await ended;
}

function onRequest(dialog: SrfDialog, event: string, answer: (req: SrfRequest, res: SrfResponse) => void): void {
  dialog.on(event, answer);
}

/** Requests inside a call. */
export function inDialogStories(stage: Stage): void {
  test('the phone renegotiates the session', async () => {
    const call = await incomingCall(stage, await stage.udp());
    onRequest(call.dialog, 'modify', (req, res) => res.send(200, { body: req.body.replace('7 5 IN', '7 6 IN') }));
    const invite = call.leg.request('INVITE', {}, sdp(5));
    const ok = await call.leg.status(invite, 200);
    expect(ok.body).toBe(sdp(6));
    expect(header(ok, 'content-type')).toBe('application/sdp');
    expect(uriOf(header(ok, 'contact'))).toContain(String(stage.edge.sip.port));
    const acknowledged = eventOf(call.dialog, 'ack');
    call.leg.ack(invite);
    await acknowledged;
    await hangUp(call);
  });

  test('the phone renegotiates without an offer and answers in the ACK', async () => {
    const call = await incomingCall(stage, await stage.udp());
    onRequest(call.dialog, 'modify', (_req, res) => res.send(200, { body: sdp(6) }));
    const invite = call.leg.request('INVITE', { 'Content-Type': 'application/sdp' });
    await call.leg.status(invite, 200);
    const acknowledged = eventOf(call.dialog, 'ack');
    call.leg.ack(invite, sdp(8));
    const [ack] = await acknowledged;
    expect((ack as SrfRequest).body).toBe(sdp(8));
    await hangUp(call);
  });

  test('the application renegotiates the session', async () => {
    const call = await outgoingCall(stage, await stage.udp());
    const changed = call.dialog.modify(sdp(5));
    const invite = await call.phone.takeRequest('INVITE');
    expect(invite.body).toBe(sdp(5));
    call.phone.respond(invite, 200, 'OK', { Contact: call.phone.contact, 'Content-Type': 'application/sdp' }, sdp(6));
    await call.phone.takeRequest('ACK');
    expect(await changed).toBe(sdp(6));
    await hangUp(call);
  });

  test('the application renegotiates without an offer and answers in the ACK', async () => {
    const call = await incomingCall(stage, await stage.udp());
    const offered = call.dialog.modify({ noAck: true });
    const invite = await call.phone.takeRequest('INVITE');
    expect(invite.body).toBe('');
    call.phone.respond(invite, 200, 'OK', { Contact: call.phone.contact, 'Content-Type': 'application/sdp' }, sdp(6));
    const { sdp: offer, ack } = await offered;
    expect(offer).toBe(sdp(6));
    ack(sdp(7));
    expect((await call.phone.takeRequest('ACK')).body).toBe(sdp(7));
    await hangUp(call);
  });

  test('a refused renegotiation leaves the call as it was', async () => {
    const call = await incomingCall(stage, await stage.udp());
    const outcome = call.dialog.modify(sdp(5)).catch((error: unknown) => error);
    const invite = await call.phone.takeRequest('INVITE');
    call.phone.respond(invite, 491, 'Request Pending');
    await call.phone.takeRequest('ACK');
    expect(await outcome).toMatchObject({ status: 491 });
    await hangUp(call);
  });

  test('a re-INVITE that the application refuses is acknowledged and forgotten', async () => {
    const call = await incomingCall(stage, await stage.udp());
    onRequest(call.dialog, 'modify', (_req, res) => res.send(488));
    const invite = call.leg.request('INVITE', {}, sdp(5));
    await call.leg.status(invite, 488);
    call.leg.sameTransaction('ACK', invite);
    await hangUp(call);
  });

  test('UPDATE goes both ways', async () => {
    const call = await incomingCall(stage, await stage.udp());
    onRequest(call.dialog, 'update', (_req, res) => res.send(200, { body: sdp(6) }));
    const update = call.leg.request('UPDATE', {}, sdp(5));
    expect((await call.leg.status(update, 200)).body).toBe(sdp(6));
    const answered = call.dialog.request({ method: 'UPDATE', body: sdp(7) });
    const ours = await call.phone.takeRequest('UPDATE');
    if (stage.edge.isSipd) expect(header(ours, 'contact')).toContain(String(stage.edge.sip.port));
    call.phone.respond(ours, 200, 'OK', { Contact: call.phone.contact, 'Content-Type': 'application/sdp' }, sdp(8));
    expect((await answered).status).toBe(200);
    await hangUp(call);
  });

  test('INFO goes both ways, and a 469 is passed on', async () => {
    const call = await incomingCall(stage, await stage.udp());
    onRequest(call.dialog, 'info', (req, res) => {
      const isKnown = req.get('Info-Package') === 'visual-menu';
      res.send(isKnown ? 200 : 469, { headers: { 'Recv-Info': 'visual-menu' } });
    });
    const type = { 'Content-Type': 'application/visual-menu+json' };
    const known = call.leg.request('INFO', { 'Info-Package': 'visual-menu', ...type }, '{"v":1,"text":"grüß"}');
    expect((await call.leg.final(known)).status).toBe(200);
    const unknown = call.leg.request('INFO', { 'Info-Package': 'other', ...type }, '{}');
    const refused = await call.leg.final(unknown);
    expect(refused.status).toBe(469);
    expect(header(refused, 'recv-info')).toBe('visual-menu');
    const answered = call.dialog.request({
      method: 'INFO',
      headers: { 'Info-Package': 'visual-menu', 'Content-Disposition': 'Info-Package', ...type },
      body: '{"page":"Hilfe für Sie"}',
    });
    const info = await call.phone.takeRequest('INFO');
    expect(info.body).toBe('{"page":"Hilfe für Sie"}');
    expect(header(info, 'info-package')).toBe('visual-menu');
    expect(info.uri).toBe(call.phone.uri);
    call.phone.respond(info, 469, 'Bad Info Package');
    expect((await answered).status).toBe(469);
    await hangUp(call);
  });

  test('a request of a dialog that is not there gets 481', async () => {
    const phone = await stage.udp();
    for (const method of stage.edge.isSipd ? ['BYE', 'UPDATE', 'INVITE', 'INFO'] : ['BYE', 'UPDATE', 'INVITE']) {
      const user = stage.user();
      const sent = phone.request(method, user, { To: `<sip:${user}@127.0.0.1>;tag=nobody` });
      expect((await sent.leg.final(sent)).status).toBe(481);
      if (method === 'INVITE') sent.leg.sameTransaction('ACK', sent);
    }
  });

  test('a request of the application for a dialog that is over fails with ENODIALOG', async () => {
    const call = await incomingCall(stage, await stage.udp());
    await hangUp(call);
    await expect(call.dialog.request({ method: 'INFO' })).rejects.toMatchObject({ code: 'ENODIALOG' });
  });
}

/** What this server does and drachtio-server leaves to chance. */
export function strictInDialogStories(stage: Stage): void {
  test('the target of a call moves with its re-INVITE', async () => {
    const call = await incomingCall(stage, await stage.udp());
    onRequest(call.dialog, 'modify', (_req, res) => res.send(200, { body: sdp(6) }));
    const moved = call.phone.uri.replace('phone@', 'elsewhere@');
    const invite = call.leg.request('INVITE', { Contact: `<${moved}>` }, sdp(5));
    await call.leg.status(invite, 200);
    const acknowledged = eventOf(call.dialog, 'ack');
    call.leg.ack(invite);
    await acknowledged;
    const gone = call.dialog.destroy();
    const bye = await call.phone.takeRequest('BYE');
    expect(bye.uri).toBe(moved);
    call.phone.respond(bye, 200, 'OK');
    await gone;
  });

  test('a request with an old CSeq gets 500', async () => {
    const call = await incomingCall(stage, await stage.udp());
    const first = call.leg.request('OPTIONS');
    await call.leg.status(first, 200);
    const old = call.leg.request('OPTIONS', {}, '', { seq: call.invite.seq - 1 });
    expect((await call.leg.final(old)).status).toBe(500);
    await hangUp(call);
  });

  test('a re-INVITE that meets one of ours gets 491', async () => {
    const call = await incomingCall(stage, await stage.udp());
    const changed = call.dialog.modify(sdp(5));
    const ours = await call.phone.takeRequest('INVITE');
    const theirs = call.leg.request('INVITE', {}, sdp(9));
    await call.leg.status(theirs, 491);
    call.leg.sameTransaction('ACK', theirs);
    call.phone.respond(ours, 200, 'OK', { Contact: call.phone.contact, 'Content-Type': 'application/sdp' }, sdp(6));
    await call.phone.takeRequest('ACK');
    await changed;
    await hangUp(call);
  });

  test('a re-INVITE while one is unanswered gets 500 with Retry-After', async () => {
    const call = await incomingCall(stage, await stage.udp());
    const held = new Promise<SrfResponse>((resolve) => onRequest(call.dialog, 'modify', (_req, res) => resolve(res)));
    const first = call.leg.request('INVITE', {}, sdp(5));
    const res = await held;
    const second = call.leg.request('INVITE', {}, sdp(6));
    const refused = await call.leg.status(second, 500);
    expect(header(refused, 'retry-after')).toMatch(/^[0-9]$/);
    call.leg.sameTransaction('ACK', second);
    res.send(200, { body: sdp(7) });
    await call.leg.status(first, 200);
    call.leg.ack(first);
    await hangUp(call);
  });

  test('a BYE of the application waits for the ACK', async () => {
    const phone = await stage.udp();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req, res } = await arrival;
    const dialog = await stage.app.srf.createUAS(req, res, { localSdp: sdp(2) });
    const gone = dialog.destroy();
    await invite.leg.status(invite, 200);
    await invite.leg.status(invite, 200);
    expect(phone.inbox.count((message) => message.method === 'BYE')).toBe(0);
    invite.leg.ack(invite);
    const bye = await phone.takeRequest('BYE');
    phone.respond(bye, 200, 'OK');
    await gone;
  });

  test('a BYE ends an unanswered re-INVITE with 487', async () => {
    const call = await incomingCall(stage, await stage.udp());
    const arrived = new Promise((resolve) => onRequest(call.dialog, 'modify', resolve));
    const invite = call.leg.request('INVITE', {}, sdp(5));
    await arrived;
    const bye = call.leg.request('BYE');
    await call.leg.status(invite, 487);
    call.leg.sameTransaction('ACK', invite);
    await call.leg.status(bye, 200);
  });

  test('each branch of a forked call but the first gets ACK and BYE', async () => {
    const phone = await stage.udp();
    const call = await outgoingCall(stage, phone);
    const to = header(call.invite, 'to');
    phone.respond(call.invite, 200, 'OK', { To: `${to};tag=other`, Contact: phone.contact }, sdp(4));
    const ack = await phone.takeRequest('ACK');
    expect(header(ack, 'to')).toContain('tag=other');
    const bye = await phone.takeRequest('BYE');
    expect(header(bye, 'to')).toContain('tag=other');
    phone.respond(bye, 200, 'OK');
    await hangUp(call);
  });
}
