import { Closer } from '../../src/lib/closer';
import { askForHelp, MenuScreen, menuHeader, Phone, Wire, type Call } from '../../scripts/phone';
import { freeUdpPort } from '../support/ports';
import { startServer, type ServerProcess } from '../support/processes';
import { runSipp, Sipp } from '../support/sipp';

/** The SIP contract of the demo site, walked by sipp: each scenario is named after what it sees or expects. */

const opened = new Closer();
const password = 'demo-terminal';
const terminal = { user: '1001', password };
let server: ServerProcess;

beforeAll(async () => {
  server = await startServer({ site: 'demo' });
  opened.add('server', () => server.stop());
}, 60_000);

afterAll(() => opened.close(), 30_000);

/** A phone of our own for the other part of a story; it leaves with the test. */
async function withPhone<T>(user: string, word: string, act: (phone: Phone) => Promise<T>): Promise<T> {
  const wire = await Wire.open();
  const options = { user, password: word, domain: 'sightline.test', server: server.sip, headers: [menuHeader] };
  const phone = new Phone(wire, options);
  try {
    return await act(phone);
  } finally {
    phone.close();
    await wire.close();
  }
}

async function numberFor(user: string, service: string, use?: (call: Call) => Promise<void>): Promise<string> {
  return withPhone(user, password, async (phone) => {
    expect((await phone.register()).status).toBe(200);
    const { number } = await askForHelp(phone, { id: `for-${user}`, service });
    if (use) await use(phone.invite(number!));
    await phone.unregister();

    return number!;
  });
}

test.each([
  ['uac-menu-walk', '6001'],
  ['uac-item-not-on-page', '6001'],
  ['uac-expect-469', '6001'],
  ['uac-expect-400', '6001'],
  ['uac-expect-415', '6001'],
  ['uac-help-expect-302', 'help'],
  ['uac-help-expect-302', 'help-lost-property'],
  ['uac-expect-404', 'help-nothing'],
  ['uac-expect-404', '5555'],
])('%s at %s', async (scenario, service) => {
  await runSipp({ scenario, service, remote: server.sip, login: terminal });
});

test.each([
  ['a wrong password', { user: '1001', password: 'guessed' }],
  ['an unknown user', { user: '4711', password }],
])('uac-expect-401 with %s', async (_what, login) => {
  await runSipp({ scenario: 'uac-expect-401', service: '6001', remote: server.sip, login });
});

test('uac-expect-403: the routing number of another terminal', async () => {
  const number = await numberFor('1002', 'support');
  await runSipp({ scenario: 'uac-expect-403', service: number, remote: server.sip, login: terminal });
});

test('uac-expect-410: a routing number that was used', async () => {
  const number = await numberFor('1001', 'tickets', async (call) => {
    const screen = new MenuScreen(call);
    for (const key of ['3', '3', '1']) {
      await screen.waitFor('page');
      await screen.choose(key);
    }
    await call.untilEnded();
  });
  await runSipp({ scenario: 'uac-expect-410', service: number, remote: server.sip, login: terminal });
});

test('uac-cancel-while-ringing: the seat that rings is told', async () => {
  await withPhone('2001', 'demo-seat', async (seat) => {
    expect((await seat.register()).status).toBe(200);
    seat.on('incoming', (call) => call.ring());
    const coming = seat.next('incoming');
    const running = runSipp({
      scenario: 'uac-cancel-while-ringing',
      service: '6100',
      remote: server.sip,
      login: terminal,
    });
    const [ringing] = await coming;
    expect(await ringing.untilEnded()).toMatchObject({ by: 'remote', status: 487 });
    await running;
    await seat.unregister();
  });
});

test('uas-seat: sipp as the seat is registered, rung, joined and hung up', async () => {
  const login = { user: '2002', password: 'demo-seat' };
  const port = await freeUdpPort();
  await runSipp({ scenario: 'uac-register', remote: server.sip, login, port });
  const seat = await Sipp.start({ scenario: 'uas-seat', login, port });
  await withPhone('1003', password, async (phone) => {
    const call = phone.invite('6100');
    await call.untilEstablished();
    const media = call.remoteMedia.find((line) => line.kind === 'video' && line.port > 0);
    if (media?.direction !== 'sendrecv') await call.next('media');
    expect(call.remoteMedia.map((line) => line.direction)).toEqual(['sendrecv', 'sendrecv']);
    call.hangup();
    expect((await call.byeResponse)?.status).toBe(200);
  });
  // The report says what went wrong.
  expect(await seat.finish()).toEqual({ code: 0, report: expect.any(String) as string });
});
