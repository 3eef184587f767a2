import { readFile } from 'node:fs/promises';
import { Phone, RtpPresence, Wire, menuHeader } from '../../scripts/phone';
import { Closer } from '../../src/lib/closer';
import { Baresip, type BaresipOptions } from '../support/baresip';
import { Capture } from '../support/capture';
import { Sipp } from '../support/sipp';

/** The drivers of real phones, shown to work against our own phone, before a server comes between them. */

let opened: Closer;
let wire: Wire;
let phone: Phone;
let media: RtpPresence;

beforeEach(async () => {
  opened = new Closer();
  wire = await Wire.open();
  opened.add('wire', () => wire.close());
  media = await RtpPresence.open();
  opened.add('media', () => media.close());
  const server = { host: wire.host, port: wire.port };
  phone = new Phone(wire, { user: 'desk', domain: 'test', server, headers: [menuHeader], media: media.ports });
  opened.add('phone', () => phone.close());
});

afterEach(() => opened.close());

async function startBaresip(options: BaresipOptions): Promise<Baresip> {
  const baresip = await Baresip.start(options);
  opened.add('baresip', () => baresip.stop());

  return baresip;
}

describe('baresip', () => {
  test('calls the phone with audio and video, takes a picture, is hung up', async () => {
    const baresip = await startBaresip({ user: '1001', domain: 'test' });
    phone.on('incoming', (call) => {
      call.ring();
      media.follow(call);
      call.answer();
    });
    const coming = phone.next('incoming');
    const flows = [media.next('first', { where: (kind) => kind === 'audio' })];
    flows.push(media.next('first', { where: (kind) => kind === 'video' }));
    await baresip.dial(`sip:desk@${wire.sentBy}`);
    const [call] = await coming;
    await baresip.waitFor('CALL_ESTABLISHED');
    await baresip.untilMediaFlows();
    await Promise.all(flows);
    expect((await baresip.packets('audio')).sent).toBeGreaterThan(0);
    call.hangup();
    await baresip.waitFor('CALL_CLOSED');
    expect((await call.byeResponse)?.status).toBe(200);
  });

  test('is called by the phone and hangs up', async () => {
    const baresip = await startBaresip({ user: '2001', domain: 'test', answer: 'auto' });
    const call = phone.invite(baresip.uri);
    media.follow(call);
    await call.untilEstablished();
    await baresip.untilMediaFlows();
    await baresip.hangup();
    expect(await call.untilEnded()).toMatchObject({ by: 'remote' });
  });

  test('two of them see each other', async () => {
    const baresip = await startBaresip({ user: '1001', domain: 'test' });
    const other = await startBaresip({ user: '2001', domain: 'test', answer: 'auto' });
    await baresip.dial(other.uri);
    await Promise.all([baresip.untilMediaFlows(), other.untilMediaFlows()]);
    const picture = await readFile(await baresip.snapshot());
    expect(picture.subarray(1, 4).toString()).toBe('PNG');
    await other.stop();
    await baresip.waitFor('CALL_CLOSED');
  });
});

// Only root may listen to an interface.
const testAsRoot = process.getuid?.() === 0 ? test : test.skip;

testAsRoot('the capture sees what is on the wire, whoever sent it', async () => {
  const capture = await Capture.start(`udp port ${wire.port}`);
  opened.add('capture', () => capture.stop());
  const answer = capture.next('sip', { where: ({ sip }) => sip.status === 200 });
  await phone.request('OPTIONS', `sip:desk@${wire.sentBy}`);
  const [{ at, sip }] = await answer;
  expect(sip.method).toBe('OPTIONS');
  expect(at).toBeGreaterThan(capture.messages[0]!.at);
  expect(capture.describe()).toContain('OPTIONS sip:desk@');
});

test('a scenario that fails tells what it saw', async () => {
  const login = { user: '1001', password: 'x' };
  const remote = { host: wire.host, port: wire.port };
  const sipp = await Sipp.start({ scenario: 'uac-expect-404', service: 'desk', remote, login });
  expect(await sipp.finish()).toMatchObject({ code: 1, report: expect.stringContaining('480') as string });
});
