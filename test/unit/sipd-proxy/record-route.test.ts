import type { SipRequest } from '../../../src/sipd/message/message';
import { ProxyStage } from './stage';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.expectNothingLeft());

const ours = /^<sip:192\.0\.2\.9:5060;lr;pxy=[0-9a-f]{20}>$/;

async function forwarded(method: string, more: Record<string, string> = {}, uri = stage.bob.uri): Promise<SipRequest> {
  await stage.call({ recordRoute: true, targets: [uri] }, method, more);
  const request = stage.bob.request(method);
  stage.bob.answer(200, [], method);

  return request;
}

test('Record-Route stands before those of others (RFC 3261 section 16.6, step 4)', async () => {
  const { headers } = await forwarded('INVITE', { 'Record-Route': '<sip:edge.example.com;lr>' });
  expect(headers.all('Record-Route')).toEqual([expect.stringMatching(ours), '<sip:edge.example.com;lr>']);
});

test('a REGISTER gets a Path instead (RFC 3327)', async () => {
  const { headers } = await forwarded('REGISTER', { Path: '<sip:edge.example.com;lr>', Require: '100rel' });
  expect(headers.all('Path')).toEqual([expect.stringMatching(ours), '<sip:edge.example.com;lr>']);
  expect(headers.all('Require')).toEqual(['100rel', 'path']);
  expect(headers.has('Record-Route')).toBe(false);
});

test('what came by UDP and leaves by TCP passes by both (RFC 5658)', async () => {
  const { headers } = await forwarded('INVITE', {}, `${stage.bob.uri};transport=tcp`);
  expect(headers.all('Record-Route')).toEqual([
    expect.stringMatching(/^<sip:192\.0\.2\.9:5060;transport=tcp;lr;pxy=/),
    expect.stringMatching(ours),
  ]);
});

test('a call by sips keeps it', async () => {
  const { headers } = await forwarded('INVITE', {}, 'sips:bob@192.0.2.2');
  expect(headers.all('Record-Route')[0]).toMatch(/^<sips:192\.0\.2\.9:5060;transport=tls;lr;pxy=/);
});

test('of a Route that led here nothing goes on, of the others all', async () => {
  const path = '<sip:192.0.2.9:5060;transport=tcp;lr;pxy=12345678901234567890>';
  const { headers } = await forwarded('MESSAGE', { Route: `<sip:proxy.example.com;lr>, ${path}, <sip:192.0.2.2;lr>` });
  expect(headers.all('Route')).toEqual(['<sip:192.0.2.2;lr>']);
});

test('headers of the application stand in the place of those of their name, but for what only SIP changes', async () => {
  const headers = [
    ['X-Trunk', 'a'],
    ['x-trunk', 'b'],
    ['Via', 'SIP/2.0/UDP 192.0.2.4;branch=z9hG4bK1'],
    ['Max-Breadth', '1000'],
  ] as const;
  await stage.call({ headers }, 'MESSAGE', { 'X-Trunk': 'c', 'X-Other': 'd' });
  const got = stage.bob.request('MESSAGE').headers;
  expect([got.all('X-Trunk'), got.all('X-Other')]).toEqual([['a', 'b'], ['d']]);
  expect([got.count('Via'), got.get('Max-Breadth')]).toEqual([2, '60']);
  stage.bob.answer(200, [], 'MESSAGE');
});

test('the connections of a request under way are in use', async () => {
  await stage.call({});
  const [alice, bob] = ['192.0.2.1', '192.0.2.2'].map((remote) => `udp-192.0.2.9:5060-${remote}:5060`);
  expect([...stage.proxy.flowsInUse()]).toEqual([alice, bob]);
  stage.bob.answer(486);
  await stage.pass(0);
  expect([...stage.proxy.flowsInUse()]).toEqual([]);
});
