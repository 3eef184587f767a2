import { SipRequest } from '../../../src/sipd/message/message';
import { ProxyStage } from './stage';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.expectNothingLeft());

/** Bob is a proxy too, which sends back what it gets, with such changes. */
async function sendBack(more: { uri?: string; headers?: Record<string, string> } = {}): Promise<void> {
  const { uri = 'sip:service@192.0.2.9', headers = {} } = more;
  const got = stage.bob.request();
  const copy = new SipRequest(got.method, uri, got.headers.clone());
  for (const [name, value] of Object.entries(headers)) copy.headers.set(name, value);
  stage.bob.send(copy);
  await stage.pass(0);
}

test('what comes back as it was is refused (RFC 3261 section 16.3, step 4)', async () => {
  await stage.call({});
  await sendBack();
  expect(stage.bob.heard).toEqual(['INVITE', '482']);
  stage.bob.answer(482);
  await stage.pass(0);
  expect(stage.alice.heard).toEqual(['482']);
});

test('so it is inside a dialog', async () => {
  await stage.call({ recordRoute: true });
  const recordRoute = stage.bob.request().headers.get('Record-Route')!;
  stage.bob.answer(200);
  const call = stage.alice;
  await stage.pass(0);
  const route = { Route: recordRoute, To: '<sip:bob@example.com>;tag=bob', CSeq: '2 INVITE' };
  const { callId, headers } = stage.bob.request();
  const more = { ...route, 'Call-ID': callId, From: headers.get('From')! };
  await stage.call({}, 'INVITE', { ...more, Route: `${recordRoute}, <${stage.bob.uri};lr>` });
  await sendBack({ headers: { Route: `${recordRoute}, <${stage.bob.uri};lr>` } });
  expect(stage.bob.heard).toEqual(['INVITE', 'INVITE', '482']);
  stage.bob.answer(482);
  await stage.pass(0);
  expect(call.heard).toEqual(['200', '482']);
});

test.each([
  ['for somebody else', { uri: 'sip:other@192.0.2.9' }],
  ['by another Route', { headers: { Route: '<sip:192.0.2.9;lr>' } }],
  ['with what a proxy has asked for', { headers: { 'Proxy-Authorization': 'Digest username="a"' } }],
])('what comes back %s goes on', async (_how, more) => {
  await stage.call({});
  stage.order = { targets: [stage.carol.uri] };
  await sendBack(more);
  expect(stage.carol.request().headers.get('Max-Forwards')).toBe('68');
  stage.carol.answer(486);
  await stage.pass(0);
  stage.bob.answer(486);
  await stage.pass(0);
  expect([stage.alice.heard, stage.bob.heard]).toEqual([['486'], ['INVITE', '486']]);
});

test('what comes back by two ways is one request', async () => {
  await stage.call({});
  stage.order = { targets: [stage.carol.uri] };
  const uri = 'sip:other@192.0.2.9';
  await sendBack({ uri });
  await sendBack({ uri });
  expect([stage.bob.heard, stage.carol.heard]).toEqual([['INVITE', '482'], ['INVITE']]);
  // It was refused here, and not by Carol.
  expect(stage.sent('INVITE')).toBe(2);
  stage.carol.answer(486);
  await stage.pass(0);
  stage.bob.answer(486);
});

test('Max-Forwards ends what marks do not catch', async () => {
  await stage.call({});
  await sendBack({ uri: 'sip:other@192.0.2.9', headers: { 'Max-Forwards': '0' } });
  expect(stage.bob.heard).toEqual(['INVITE', '483']);
  stage.bob.answer(483);
});
