import { eventOf } from '../support/application';
import type { SrfRequest, SrfResponse } from '../support/application';
import { cseqOf, header, sdp, tagOf } from '../support/sip-text';
import type { Message } from '../support/sip-text';
import { Leg } from '../support/phone';
import type { Phone } from '../support/phone';
import type { Stage } from '../support/stage';
import { answerInvite, outgoingCall, withTag } from './calls';

interface Dialling {
  phone: Phone;
  invite: Message;
  request: SrfRequest;
  outcome: Promise<unknown>;
  provisionals: SrfResponse[];
  provisional: () => Promise<SrfResponse>;
}

/** The application calls a phone; the INVITE is there, nothing is answered yet. */
async function dial(stage: Stage, options: object = {}, to?: string): Promise<Dialling> {
  const phone = await stage.udp();
  let request: SrfRequest | undefined;
  const provisionals: SrfResponse[] = [];
  let waiting: ((res: SrfResponse) => void) | undefined;
  const outcome = stage.app.srf
    .createUAC(
      to ?? phone.uri,
      { localSdp: sdp(), ...options },
      {
        cbRequest: (_error: unknown, sent: SrfRequest) => (request = sent),
        cbProvisional: (res: SrfResponse) => {
          provisionals.push(res);
          waiting?.(res);
        },
      },
    )
    .catch((error: unknown) => error);
  const invite = await phone.takeRequest('INVITE');
  await waitFor(() => request !== undefined);
  const provisional = (): Promise<SrfResponse> => {
    const next = provisionals.shift();

    return next ? Promise.resolve(next) : new Promise((resolve) => (waiting = resolve));
  };

  return { phone, invite, request: request!, outcome, provisionals, provisional };
}

/** Lets the event loop turn until it is so. */
async function waitFor(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}

/** Calls from the application to a phone. */
export function outgoingStories(stage: Stage): void {
  test('a call rings, is answered, acknowledged, and ended by the phone', async () => {
    const { phone, invite, outcome, provisional } = await dial(stage, {
      headers: { 'X-Ticket': '17', From: '<sip:desk@localhost>' },
    });
    expect(header(invite, 'x-ticket')).toBe('17');
    expect(header(invite, 'from')).toMatch(
      new RegExp(`sip:desk@${stage.edge.sip.host}(:${stage.edge.sip.port})?>;tag=`),
    );
    expect(header(invite, 'contact')).toContain(`${stage.edge.sip.host}:${stage.edge.sip.port}`);
    expect(header(invite, 'content-type')).toBe('application/sdp');
    expect(invite.body).toBe(sdp());
    const leg = Leg.of(phone, invite, 'callee');
    phone.respond(invite, 180, 'Ringing', { To: withTag(invite, 'callee'), Contact: phone.contact });
    expect((await provisional()).status).toBe(180);
    answerInvite(phone, invite, leg);
    const dialog = (await outcome) as Awaited<ReturnType<typeof outgoingCall>>['dialog'];
    const ack = await phone.takeRequest('ACK');
    expect(cseqOf(ack).number).toBe(cseqOf(invite).number);
    expect(ack.uri).toBe(phone.uri);
    expect(dialog.id).toBe(`${header(invite, 'call-id')};from-tag=${tagOf(header(invite, 'from'))}`);
    const ended = eventOf(dialog, 'destroy');
    const bye = leg.request('BYE');
    await leg.status(bye, 200);
    await ended;
  });

  test('the application ends the call', async () => {
    const phone = await stage.udp();
    const { dialog, leg, invite } = await outgoingCall(stage, phone);
    const gone = dialog.destroy();
    const bye = await phone.takeRequest('BYE');
    expect(cseqOf(bye).number).toBe(cseqOf(invite).number + 1);
    expect(tagOf(header(bye, 'to'))).toBe(leg.localTag);
    phone.respond(bye, 200, 'OK');
    await gone;
  });

  test('a refusal reaches the application, and the server acknowledges it', async () => {
    const { phone, invite, outcome } = await dial(stage);
    phone.respond(invite, 486, 'Busy Here', { To: withTag(invite, 'x') });
    const ack = await phone.takeRequest('ACK');
    expect(header(ack, 'via')).toBe(header(invite, 'via'));
    expect(await outcome).toMatchObject({ status: 486 });
  });

  test('the application cancels with a Reason', async () => {
    const { phone, invite, request, outcome, provisional } = await dial(stage);
    phone.respond(invite, 180, 'Ringing', { To: withTag(invite, 'x') });
    await provisional();
    request.cancel({ headers: { Reason: 'SIP;cause=200;text="Call completed elsewhere"' } });
    const cancel = await phone.takeRequest('CANCEL');
    expect(header(cancel, 'reason')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    expect(header(cancel, 'via')).toBe(header(invite, 'via'));
    expect(cancel.uri).toBe(invite.uri);
    phone.respond(cancel, 200, 'OK');
    phone.respond(invite, 487, 'Request Terminated', { To: withTag(invite, 'x') });
    await phone.takeRequest('ACK');
    expect(await outcome).toMatchObject({ status: 487 });
  });

  test('a 200 that crosses the CANCEL gets ACK and BYE', async () => {
    const { phone, invite, request, outcome, provisional } = await dial(stage);
    phone.respond(invite, 180, 'Ringing', { To: withTag(invite, 'callee') });
    await provisional();
    request.cancel({});
    const cancel = await phone.takeRequest('CANCEL');
    const leg = Leg.of(phone, invite, 'callee');
    answerInvite(phone, invite, leg);
    phone.respond(cancel, 200, 'OK');
    await phone.takeRequest('ACK');
    const bye = await phone.takeRequest('BYE');
    expect(header(bye, 'reason')).toContain('cancel race');
    phone.respond(bye, 200, 'OK');
    await outcome;
  });

  test('cancelling what is over is refused', async () => {
    const { phone, invite, request, outcome } = await dial(stage);
    phone.respond(invite, 404, 'Not Found', { To: withTag(invite, 'x') });
    await outcome;
    const error = await new Promise<unknown>((resolve) => request.cancel({}, (refused) => resolve(refused)));
    expect((error as Error).message).toContain('unable to cancel unknown transaction id');
  });

  test('a repeated 200 gets its ACK again', async () => {
    const phone = await stage.udp();
    const { invite, leg, ack } = await outgoingCall(stage, phone);
    answerInvite(phone, invite, leg);
    const again = await phone.takeRequest('ACK');
    expect(header(again, 'via')).toBe(header(ack, 'via'));
    const bye = leg.request('BYE');
    await leg.status(bye, 200);
  });

  test('a call without an offer is acknowledged with the answer', async () => {
    const phone = await stage.udp();
    const offered = stage.app.srf.createUAC(phone.uri, { noAck: true }) as unknown as Promise<{
      sdp: string;
      ack: (answer: string) => Promise<{ id: string }>;
    }>;
    const invite = await phone.takeRequest('INVITE');
    expect(invite.body).toBe('');
    const leg = Leg.of(phone, invite, 'callee');
    answerInvite(phone, invite, leg, {}, sdp(9));
    const { sdp: offer, ack } = await offered;
    expect(offer).toBe(sdp(9));
    await ack(sdp(10));
    const acknowledgement = await phone.takeRequest('ACK');
    expect(acknowledgement.body).toBe(sdp(10));
    expect(header(acknowledgement, 'content-type')).toBe('application/sdp');
    const bye = leg.request('BYE');
    await leg.status(bye, 200);
  });

  test('a reliable provisional response is acknowledged by PRACK, once', async () => {
    const { phone, invite, outcome, provisional } = await dial(stage, { headers: { Supported: '100rel' } });
    const leg = Leg.of(phone, invite, 'callee');
    const progress = (): void =>
      phone.respond(invite, 183, 'Session Progress', {
        To: withTag(invite, 'callee'),
        Contact: phone.contact,
        Require: '100rel',
        RSeq: '321',
      });
    progress();
    const prack = await phone.takeRequest('PRACK');
    expect(header(prack, 'rack')).toBe(`321 ${cseqOf(invite).number} INVITE`);
    expect(tagOf(header(prack, 'to'))).toBe('callee');
    progress();
    phone.respond(prack, 200, 'OK');
    expect((await provisional()).status).toBe(183);
    answerInvite(phone, invite, leg);
    await outcome;
    await phone.takeRequest('ACK');
    expect(
      phone.inbox.count((message) => message.method === 'PRACK' && cseqOf(message).number !== cseqOf(prack).number),
    ).toBe(0);
    const bye = leg.request('BYE');
    await leg.status(bye, 200);
  });

  test('a request goes to the proxy route and keeps its own Request-URI', async () => {
    const phone = await stage.udp();
    const outcome = stage.app.srf
      .createUAC('sip:2001@sightline.test', { localSdp: sdp(), proxy: `sip:${phone.hostPort}` })
      .catch((error: unknown) => error);
    const invite = await phone.takeRequest('INVITE');
    expect(invite.uri).toBe('sip:2001@sightline.test');
    expect(invite.headers.has('route')).toBe(false);
    phone.respond(invite, 480, 'Away', { To: withTag(invite, 'x') });
    expect(await outcome).toMatchObject({ status: 480 });
  });

  test('the route recorded in the 200 is used, last hop first', async () => {
    const phone = await stage.udp();
    const near = `<sip:${phone.hostPort};lr>`;
    const { dialog, ack } = await outgoingCall(
      stage,
      phone,
      {},
      { 'Record-Route': `<sip:far.example.test;lr>, ${near}` },
    );
    const routes = (message: Message): string => (message.headers.get('route') ?? []).join(',').replace(/\s/g, '');
    expect(routes(ack)).toBe(`${near},<sip:far.example.test;lr>`);
    const gone = dialog.destroy();
    const bye = await phone.takeRequest('BYE');
    expect(routes(bye)).toBe(`${near},<sip:far.example.test;lr>`);
    phone.respond(bye, 200, 'OK');
    await gone;
  });

  test('a phone that asks for a password gets it', async () => {
    const phone = await stage.udp();
    const options = { localSdp: sdp(), auth: { username: '17', password: 'x' } };
    const dialing = stage.app.srf.createUAC(phone.uri, options);
    const first = await phone.takeRequest('INVITE');
    phone.respond(first, 401, 'Unauthorized', {
      To: withTag(first, 'x'),
      'WWW-Authenticate': 'Digest realm="test",nonce="abc",qop="auth"',
    });
    await phone.takeRequest('ACK');
    const second = await phone.takeRequest('INVITE');
    expect(header(second, 'authorization')).toContain('username="17"');
    expect(header(second, 'call-id')).toBe(header(first, 'call-id'));
    expect(header(second, 'from')).toBe(header(first, 'from'));
    expect(cseqOf(second).number).toBe(cseqOf(first).number + 1);
    const leg = Leg.of(phone, second, 'callee');
    answerInvite(phone, second, leg);
    await dialing;
    await phone.takeRequest('ACK');
    const bye = leg.request('BYE');
    await leg.status(bye, 200);
  });

  test('what cannot be sent is refused with the cause', async () => {
    await expect(stage.app.srf.createUAC('sips:x@127.0.0.1', { localSdp: sdp() })).rejects.toThrow();
    const { host, port } = stage.edge.sip;
    await expect(stage.app.srf.createUAC(`sip:x@${host}:${port}`, { localSdp: sdp() })).rejects.toThrow('myself');
    const phone = await stage.udp();
    await expect(stage.app.srf.request(phone.uri, { method: 'MESSAGE', body: 'hello' })).rejects.toThrow(
      'missing content-type',
    );
  });
}

/** What this server does and drachtio-server leaves to chance. */
export function strictOutgoingStories(stage: Stage): void {
  test('each branch of a fork has a dialog of its own: PRACK goes to the one that it answers', async () => {
    const { phone, invite, outcome } = await dial(stage);
    const progress = (tag: string, rseq: string): void =>
      phone.respond(invite, 183, 'Session Progress', {
        To: withTag(invite, tag),
        Contact: phone.contact,
        Require: '100rel',
        RSeq: rseq,
      });
    progress('one', '10');
    const first = await phone.takeRequest('PRACK');
    expect(tagOf(header(first, 'to'))).toBe('one');
    phone.respond(first, 200, 'OK');
    progress('two', '20');
    const second = await phone.takeRequest('PRACK');
    expect(tagOf(header(second, 'to'))).toBe('two');
    phone.respond(second, 200, 'OK');
    progress('one', '11');
    const third = await phone.takeRequest('PRACK');
    expect(tagOf(header(third, 'to'))).toBe('one');
    phone.respond(third, 200, 'OK');
    const leg = Leg.of(phone, invite, 'two');
    answerInvite(phone, invite, leg);
    const dialog = (await outcome) as { sip: { remoteTag: string } };
    expect(dialog.sip.remoteTag).toBe('two');
    expect(tagOf(header(await phone.takeRequest('ACK'), 'to'))).toBe('two');
    const bye = leg.request('BYE');
    await leg.status(bye, 200);
  });

  test('a 200 without a Contact is acknowledged and the call ended', async () => {
    const { phone, invite, outcome } = await dial(stage);
    phone.respond(invite, 200, 'OK', { To: withTag(invite, 'callee') }, '');
    await phone.takeRequest('ACK');
    phone.respond(await phone.takeRequest('BYE'), 200, 'OK');
    expect(await outcome).toMatchObject({ status: 500 });
  });

  test('a name without an address: the application gets 503', async () => {
    const outcome = stage.app.srf.createUAC('sip:x@no-such-host.invalid', { localSdp: sdp() });
    await expect(outcome).rejects.toMatchObject({ status: 503 });
  });

  test('localhost is this machine', async () => {
    const { phone, invite, outcome } = await dial(stage, {}, undefined);
    phone.respond(invite, 603, 'Decline', { To: withTag(invite, 'x') });
    await outcome;
    const again = stage.app.srf.createUAC(`sip:x@localhost:${phone.hostPort.split(':')[1]}`, { localSdp: sdp() });
    const second = await phone.takeRequest('INVITE');
    phone.respond(second, 603, 'Decline', { To: withTag(second, 'x') });
    await expect(again).rejects.toMatchObject({ status: 603 });
  });

  test('an INVITE inside a call while another runs is answered 491 for the peer', async () => {
    const phone = await stage.udp();
    const call = await outgoingCall(stage, phone);
    const first = call.dialog.request({ method: 'INVITE', body: sdp(5) });
    const invite = await phone.takeRequest('INVITE');
    expect((await call.dialog.request({ method: 'INVITE', body: sdp(6) })).status).toBe(491);
    phone.respond(invite, 200, 'OK', { Contact: phone.contact, 'Content-Type': 'application/sdp' }, sdp(7));
    expect((await first).status).toBe(200);
    await phone.takeRequest('ACK');
    const bye = call.leg.request('BYE');
    await call.leg.status(bye, 200);
  });
}

/** Slow on real timers: nobody answers. */
export function unansweredStories(stage: Stage): void {
  test('a phone that is not there: the application gets 408', async () => {
    const phone = await stage.udp();
    const uri = phone.uri;
    await phone.close();
    const outcome = await stage.app.srf.createUAC(uri, { localSdp: sdp() }).catch((error: unknown) => error);
    expect([408, 503]).toContain((outcome as { status: number }).status);
  });
}
