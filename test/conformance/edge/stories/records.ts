import { Recorder } from '../support/recorder';
import type { CallRecord } from '../support/recorder';
import type { Stage } from '../support/stage';
import { header, sdp } from '../support/sip-text';
import { incomingCall, outgoingCall } from './calls';

/** Call detail records for an application that asked for them. */
export function recordStories(stage: Stage): void {
  let recorder: Recorder;

  beforeEach(async () => {
    recorder = await Recorder.connect(stage.edge);
  });
  afterEach(() => recorder.close());

  const record = (): Promise<CallRecord> => recorder.next();

  test('a call to the application, that the phone ends', async () => {
    const { leg } = await incomingCall(stage, await stage.udp());
    const attempt = await record();
    expect(attempt.fields).toEqual(['cdr:attempt', 'network']);
    expect(attempt.startLine).toMatch(/^INVITE /);
    expect(attempt.sip).toContain(leg.callId);
    expect(await record()).toMatchObject({ fields: ['cdr:start', 'application', 'uas'], startLine: 'SIP/2.0 200 OK' });
    await leg.status(leg.request('BYE'), 200);
    const stop = await record();
    expect(stop.fields).toEqual(['cdr:stop', 'network', 'normal-release']);
    expect(stop.startLine).toMatch(/^BYE /);
  });

  test('a call of the application, that it ends', async () => {
    const { dialog, phone, leg } = await outgoingCall(stage, await stage.udp());
    expect((await record()).fields).toEqual(['cdr:attempt', 'application']);
    const start = await record();
    expect(start).toMatchObject({ fields: ['cdr:start', 'network', 'uac'], startLine: 'SIP/2.0 200 OK' });
    expect(start.sip).toContain(leg.callId);
    const gone = dialog.destroy();
    phone.respond(await phone.takeRequest('BYE'), 200, 'OK');
    await gone;
    expect((await record()).fields).toEqual(['cdr:stop', 'application', 'normal-release']);
  });

  test('a call that the application refuses, and one that the phone refuses', async () => {
    const [phone, user] = [await stage.udp(), stage.user()];
    stage.app.on('INVITE', user, (_req, res) => res.send(486));
    const refused = phone.request('INVITE', user, {}, sdp());
    await refused.leg.status(refused, 486);
    expect((await record()).fields).toEqual(['cdr:attempt', 'network']);
    expect((await record()).fields).toEqual(['cdr:stop', 'application', 'call-rejected']);
    const calling = stage.app.srf.createUAC(phone.uri, { localSdp: sdp() }).catch(() => undefined);
    const invite = await phone.takeRequest('INVITE');
    phone.respond(invite, 603, 'Decline', { To: `${header(invite, 'to')};tag=no` });
    await calling;
    expect((await record()).fields).toEqual(['cdr:attempt', 'application']);
    expect(await record()).toMatchObject({
      fields: ['cdr:stop', 'network', 'call-rejected'],
      startLine: 'SIP/2.0 603 Decline',
    });
  });

  test('a call that the phone cancels', async () => {
    const [phone, user] = [await stage.udp(), stage.user()];
    const arrival = stage.app.next('INVITE', user);
    const invite = phone.request('INVITE', user, {}, sdp());
    (await arrival).res.send(180);
    await invite.leg.status(invite, 180);
    invite.leg.sameTransaction('CANCEL', invite);
    await invite.leg.status(invite, 487);
    expect((await record()).fields).toEqual(['cdr:attempt', 'network']);
    const stop = await record();
    expect(stop.fields).toEqual(['cdr:stop', 'network', 'call-canceled']);
    expect(stop.startLine).toMatch(/^INVITE /);
  });
}
