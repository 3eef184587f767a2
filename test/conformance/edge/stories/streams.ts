import { eventOf } from '../support/application';
import { header, sdp } from '../support/sip-text';
import type { Phone } from '../support/phone';
import { Leg } from '../support/phone';
import type { Stage } from '../support/stage';
import { answerInvite, incomingCall } from './calls';

/** Phones on TCP and browsers on WebSocket: reached again over the connection that they opened. */
export function streamStories(stage: Stage): void {
  const kinds: [string, () => Promise<Phone>][] = [
    ['TCP', () => stage.tcp()],
    ['WS', () => stage.ws()],
  ];

  test.each(kinds)('a call from a %s client, with INFO and BYE of the application', async (kind, open) => {
    const phone = await open();
    const call = await incomingCall(stage, phone);
    expect(header(call.answer, 'contact')).toContain(`transport=${kind.toLowerCase()}`);
    const answered = call.dialog.request({ method: 'INFO', headers: { 'Content-Type': 'text/plain' }, body: 'hi' });
    const info = await phone.takeRequest('INFO');
    expect(header(info, 'via')).toContain(`SIP/2.0/${kind}`);
    phone.respond(info, 200, 'OK');
    expect((await answered).status).toBe(200);
    const gone = call.dialog.destroy();
    const bye = await phone.takeRequest('BYE');
    phone.respond(bye, 200, 'OK');
    await gone;
  });

  test.each(kinds)('a %s client that registered is called by its Contact', async (_kind, open) => {
    const phone = await open();
    const user = stage.user();
    const contact = phone.contact.replace('phone@', `${user}@`);
    stage.app.on('REGISTER', user, (req, res) => {
      res.send(200, { headers: { Contact: `${req.get('Contact')};expires=300` } });
    });
    const register = phone.request('REGISTER', user, { Contact: contact });
    await register.leg.status(register, 200);
    const dialing = stage.app.srf.createUAC(contact.slice(1, -1), { localSdp: sdp() });
    const invite = await phone.takeRequest('INVITE');
    const leg = Leg.of(phone, invite, 'callee');
    answerInvite(phone, invite, leg, { Contact: contact });
    const dialog = await dialing;
    await phone.takeRequest('ACK');
    const ended = eventOf(dialog, 'destroy');
    const bye = leg.request('BYE');
    await leg.status(bye, 200);
    await ended;
  });

  test.each(kinds)('a %s client is called by a proxy route to the address that it sent from', async (kind, open) => {
    const phone = await open();
    const user = stage.user();
    const arrival = stage.app.next('OPTIONS', user);
    const options = phone.request('OPTIONS', user);
    const { req, res } = await arrival;
    res.send(200);
    await options.leg.status(options, 200);
    const route = `sip:${req.source_address}:${req.source_port};transport=${kind.toLowerCase()}`;
    const outcome = stage.app.srf
      .createUAC(`sip:${user}@somewhere.invalid`, { localSdp: sdp(), proxy: route })
      .catch((error: unknown) => error);
    const invite = await phone.takeRequest('INVITE');
    expect(invite.uri).toBe(`sip:${user}@somewhere.invalid`);
    phone.respond(invite, 486, 'Busy Here', { To: `${header(invite, 'to')};tag=x` });
    expect(await outcome).toMatchObject({ status: 486 });
  });
}

/** What only this server promises. */
export function strictStreamStories(stage: Stage): void {
  test('the protocol of a browser is told as ws', async () => {
    const phone = await stage.ws();
    const user = stage.user();
    const arrival = stage.app.next('OPTIONS', user);
    const sent = phone.request('OPTIONS', user);
    const { req, res } = await arrival;
    expect(req.protocol).toBe('ws');
    res.send(200);
    await sent.leg.status(sent, 200);
  });

  test('a browser that goes while its call rings has cancelled it', async () => {
    const phone = await stage.ws();
    const user = stage.user();
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    const { req, res } = await arrival;
    const cancelled = eventOf(req, 'cancel');
    res.send(180);
    await invite.leg.status(invite, 180);
    await phone.close();
    await cancelled;
  });

  test('a call to a browser whose connection is gone fails with 503', async () => {
    const phone = await stage.ws();
    const call = await incomingCall(stage, phone);
    const acknowledged = call.dialog.request({ method: 'INFO', headers: { 'Content-Type': 'text/plain' }, body: '1' });
    const info = await phone.takeRequest('INFO');
    phone.respond(info, 200, 'OK');
    await acknowledged;
    await phone.close();
    const failed = await call.dialog.request({ method: 'INFO', headers: { 'Content-Type': 'text/plain' }, body: '2' });
    expect(failed.status).toBe(503);
  });
}
