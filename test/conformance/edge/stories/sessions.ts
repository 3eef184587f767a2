import { eventOf } from '../support/application';
import type { SrfDialog } from '../support/application';
import type { Leg, Phone } from '../support/phone';
import { header, sdp } from '../support/sip-text';
import type { Message } from '../support/sip-text';
import type { Stage } from '../support/stage';
import { incomingCall, outgoingCall } from './calls';

/** Answers the server's refreshing re-INVITE. */
async function answerRefresh(phone: Phone): Promise<Message> {
  const refresh = await phone.takeRequest('INVITE');
  phone.respond(
    refresh,
    200,
    'OK',
    { Contact: phone.contact, 'Session-Expires': '1;refresher=uac', 'Content-Type': 'application/sdp' },
    sdp(),
  );
  await phone.takeRequest('ACK');

  return refresh;
}

async function hangUp({ leg, dialog }: { leg: Leg; dialog: SrfDialog }): Promise<void> {
  const ended = eventOf(dialog, 'destroy');
  const bye = leg.request('BYE');
  await leg.status(bye, 200);
  await ended;
}

/** Session timers (RFC 4028). The intervals are far below what the RFC allows: only this server can be told to take them. */
export function sessionStories(stage: Stage): void {
  const timed = { Supported: 'timer', 'Session-Expires': '1' };

  test('an interval that is too small gets 422 with Min-SE', async () => {
    const phone = await stage.udp();
    const invite = phone.request('INVITE', stage.user(), { Supported: 'timer', 'Session-Expires': '0' }, sdp());
    const refused = await invite.leg.status(invite, 422);
    expect(header(refused, 'min-se')).toBe('1');
    invite.leg.sameTransaction('ACK', invite);
  });

  test('the caller refreshes unless it says otherwise; without a refresh the server ends the call', async () => {
    const phone = await stage.udp();
    const { answer, dialog } = await incomingCall(stage, phone, timed);
    expect(header(answer, 'session-expires')).toBe('1;refresher=uac');
    expect(header(answer, 'require')).toContain('timer');
    const ended = eventOf(dialog, 'destroy');
    const bye = await phone.takeRequest('BYE');
    expect(header(bye, 'reason')).toContain('Session timer expired');
    phone.respond(bye, 200, 'OK');
    const [, reason] = await ended;
    expect(reason).toBe('Session timer expired');
  });

  test('refreshes of the caller keep the call', async () => {
    const phone = await stage.udp();
    const { leg, dialog } = await incomingCall(stage, phone, {
      Supported: 'timer',
      'Session-Expires': '4',
    });
    // Another call, which the server refreshes every two seconds, tells the time.
    const clock = await stage.udp();
    const ticking = await incomingCall(stage, clock, { Supported: 'timer', 'Session-Expires': '4;refresher=uas' });
    for (let i = 0; i < 3; i += 1) {
      await answerRefresh(clock);
      const update = leg.request('UPDATE', { Supported: 'timer', 'Session-Expires': '4;refresher=uac' });
      const ok = await leg.status(update, 200);
      expect(header(ok, 'session-expires')).toBe('4;refresher=uac');
    }
    expect(phone.inbox.count((message) => message.method === 'BYE')).toBe(0);
    await hangUp(ticking);
    await hangUp({ leg, dialog });
  });

  test('the server refreshes by re-INVITE with the last session description', async () => {
    const phone = await stage.udp();
    const { dialog, leg } = await incomingCall(stage, phone, {
      Supported: 'timer',
      'Session-Expires': '1;refresher=uas',
    });
    const refresh = await answerRefresh(phone);
    expect(refresh.body).toBe(sdp(2));
    expect(header(refresh, 'session-expires')).toBe('1;refresher=uac');
    const second = await phone.takeRequest('INVITE');
    phone.respond(second, 481, 'Gone');
    await phone.takeRequest('ACK');
    const bye = await phone.takeRequest('BYE');
    expect(header(bye, 'to')).toContain(leg.localTag);
    const ended = eventOf(dialog, 'destroy');
    phone.respond(bye, 200, 'OK');
    await ended.catch(() => undefined);
  });

  test('the server refreshes by UPDATE where the peer takes it, with a longer interval when told so', async () => {
    const phone = await stage.udp();
    const { dialog, leg } = await outgoingCall(
      stage,
      phone,
      { 'Session-Expires': '1;refresher=uac' },
      { 'Session-Expires': '1;refresher=uac', Allow: 'INVITE, ACK, BYE, UPDATE' },
    );
    const first = await phone.takeRequest('UPDATE');
    expect(first.body).toBe('');
    phone.respond(first, 422, 'Session Interval Too Small', { 'Min-SE': '2' });
    const second = await phone.takeRequest('UPDATE');
    expect(header(second, 'session-expires')).toBe('2;refresher=uac');
    phone.respond(second, 200, 'OK', { Contact: phone.contact, 'Session-Expires': '2;refresher=uac' });
    await hangUp({ leg, dialog });
  });
}
