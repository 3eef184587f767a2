import type { ClientTransaction } from '../../../src/sipd/transaction/types';
import { newRequest } from '../sipd-transaction/stage';
import { ProxyStage } from './stage';

let stage: ProxyStage;
/** What we put into Record-Route, without its brackets. */
let ours: string;
let callId: string;

beforeEach(async () => {
  stage = new ProxyStage();
  const call = await stage.call({ recordRoute: true });
  callId = call.request.callId;
  const recordRoute = stage.bob.request().headers.get('Record-Route')!;
  ours = recordRoute.slice(1, -1);
  stage.bob.answer(200, [['Record-Route', recordRoute]]);
  await stage.pass(0);
});
afterEach(() => stage.expectNothingLeft());

const toBob = '<sip:bob@example.com>;tag=bob';

interface Inside {
  uri?: string;
  route?: string;
  more?: Record<string, string>;
}

/** Alice sends a request inside the call. */
async function inside(
  method: string,
  { uri, route = `<${ours}>`, more = {} }: Inside = {},
): Promise<ClientTransaction> {
  const headers = { To: toBob, 'Call-ID': callId, CSeq: `2 ${method}`, Contact: `<${stage.alice.uri}>`, ...more };
  const request = newRequest(method, route === '' ? headers : { ...headers, Route: route });
  request.uri = uri ?? stage.bob.uri;
  const transaction = stage.alice.send(request);
  await stage.pass(0);

  return transaction;
}

/** Alice acknowledges the call. */
async function acknowledge({ uri, route = `<${ours}>`, more = {} }: Inside = {}): Promise<void> {
  const request = newRequest('ACK', { To: toBob, 'Call-ID': callId, Route: route, ...more });
  request.uri = uri ?? stage.bob.uri;
  await stage.alice.layer.sendStateless(request, { transport: 'udp', address: '192.0.2.9', port: 5060 });
  await stage.pass(0);
}

describe('the way of a request inside a dialog', () => {
  test('we take ourselves out of Route', async () => {
    await inside('BYE');
    const bye = stage.bob.request('BYE');
    expect([bye.uri, bye.headers.has('Route'), bye.headers.get('Max-Forwards')]).toEqual([stage.bob.uri, false, '69']);
    stage.bob.answer(200, [], 'BYE');
    await stage.pass(0);
    expect(stage.alice.heard).toEqual(['200', '200']);
  });

  test('it goes to the next Route', async () => {
    await inside('BYE', { route: `<${ours}>, "Carol" <sip:192.0.2.3;lr>;x=y` });
    const bye = stage.carol.request('BYE');
    expect([bye.uri, bye.headers.all('Route')]).toEqual([stage.bob.uri, ['"Carol" <sip:192.0.2.3;lr>;x=y']]);
    stage.carol.answer(200, [], 'BYE');
  });

  test('a strict router before us put us into the Request-URI (RFC 3261 section 16.4)', async () => {
    await inside('BYE', { uri: ours, route: `<${stage.bob.uri};method=BYE?Subject=spam>` });
    const bye = stage.bob.request('BYE');
    expect([bye.uri, bye.headers.has('Route')]).toEqual([stage.bob.uri, false]);
    stage.bob.answer(200, [], 'BYE');
    await acknowledge({ uri: ours, route: `<${stage.bob.uri}>` });
    expect(stage.bob.heard).toEqual(['INVITE', 'BYE', 'ACK']);
  });

  test('a strict router behind us looks for itself there (section 16.6, step 6)', async () => {
    await inside('BYE', { route: `<${ours}>, <sip:192.0.2.3>, <sip:192.0.2.4;lr>` });
    const bye = stage.carol.request('BYE');
    expect(bye.uri).toBe('sip:192.0.2.3');
    expect(bye.headers.all('Route')).toEqual(['<sip:192.0.2.4;lr>', `<${stage.bob.uri}>`]);
    stage.carol.answer(200, [], 'BYE');
  });

  test('an ACK goes the same way', async () => {
    await acknowledge();
    expect(stage.bob.heard).toEqual(['INVITE', 'ACK']);
  });

  test('a CANCEL follows its INVITE', async () => {
    const reinvite = await inside('INVITE');
    stage.bob.answer(180);
    await stage.pass(0);
    reinvite.cancel();
    await stage.pass(0);
    stage.bob.answer(487);
    await stage.pass(0);
    expect(stage.alice.heard).toEqual(['200', '180', '487']);
    expect(stage.bob.heard).toEqual(['INVITE', 'INVITE', 'CANCEL']);
  });
});

describe('what is not passed on', () => {
  test.each([
    ['a proof of another call', () => ({ route: `<${ours}>`, more: { 'Call-ID': 'another@example.com' } }), '481'],
    ['a proof that is false', () => ({ route: `<${ours.slice(0, -1)}>` }), '481'],
    ['a Route of somebody else', () => ({ route: '<sip:192.0.2.9;lr>' }), '481'],
    ['no Route at all', () => ({ route: '' }), '481'],
    ['nothing behind us', () => ({ uri: ours, route: '' }), '481'],
    ['a Route that cannot be read', () => ({ route: `<${ours}>, <sip:` }), '400'],
    ['no hop left', () => ({ more: { 'Max-Forwards': '0' } }), '483'],
    ['no way to the next hop', () => ({ uri: 'tel:+431234' }), '500'],
    ['an extension that we do not know', () => ({ more: { 'Proxy-Require': 'magic' } }), '420'],
  ])('%s', async (_what, how: () => Inside, status) => {
    await inside('INFO', how());
    expect(stage.alice.heard).toEqual(['200', status]);
    expect(stage.bob.heard).toEqual(['INVITE']);
    const before = stage.wire.lines.length;
    await acknowledge({ route: '', ...how() });
    if (status !== '500' && status !== '420') expect(stage.wire.lines).toHaveLength(before + 1);
  });

  test('an extension that only the far end has to know does not hold it up', async () => {
    await inside('INFO', { more: { Require: 'magic' } });
    expect(stage.bob.heard).toEqual(['INVITE', 'INFO']);
    stage.bob.answer(200, [], 'INFO');
  });

  test('nobody is told that the far end did not answer, unless it was an INVITE', async () => {
    await inside('BYE');
    await inside('INVITE', { more: { CSeq: '3 INVITE' } });
    await stage.pass(33_000);
    expect(stage.alice.heard.sort()).toEqual(['100', '200', '408', 'timeout']);
    expect(stage.sent('408 BYE')).toBe(0);
  });
});
