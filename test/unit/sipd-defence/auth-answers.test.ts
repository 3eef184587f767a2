import { AuthAnswers } from '../../../src/sipd/defence/auth-answers';
import type { AuthFailure } from '../../../src/sipd/defence/security-log';
import { Headers, SipRequest, SipResponse } from '../../../src/sipd/message/message';
import { UdpFlow } from '../../../src/sipd/transport/flow';
import type { Flow } from '../../../src/sipd/transport/types';

const here = { address: '192.0.2.100', port: 5060 };
const datagrams = (address: string): Flow => new UdpFlow(here, { address, port: 5060 });
const stream = (address: string): Flow => ({
  transport: 'tcp',
  local: here,
  remote: { address, port: 9 },
  id: 'tcp-1',
});

function setUp(capacity = 100) {
  const told: string[] = [];
  const lines: AuthFailure[] = [];
  const answers = new AuthAnswers({
    defence: {
      wrote: (response) => response.headers.get('Server') === undefined,
      trusts: (address) => address === '198.51.100.1',
      authFailed: (address) => void told.push(`failed ${address}`),
      authSucceeded: (address) => void told.push(`succeeded ${address}`),
    },
    failed: (failure) => void lines.push(failure),
    capacity,
  });
  /** A request with credentials for this nonce, or without any, and the answer to it. */
  const ask = (flow: Flow, nonce: string | undefined, status: number, more: Partial<Ask> = {}): void => {
    const { method = 'REGISTER', header = 'Authorization', challenge } = more;
    const request = new SipRequest(method, 'sip:example.com');
    const user = `Digest username="1001", realm="example.com", nonce="${nonce}", uri="sip:example.com", response="0"`;
    if (nonce !== undefined) request.headers.append(header, user);
    const response = new SipResponse(status, 'x', Headers.from(challenge ?? {}));
    answers.answered(request, response, flow);
  };

  return { answers, told, lines, ask };
}

interface Ask {
  method: string;
  header: string;
  challenge: Record<string, string | string[]>;
}

const challenge = (nonce: string, more = ''): Pick<Ask, 'challenge'> => ({
  challenge: { 'WWW-Authenticate': `Digest realm="example.com", nonce="${nonce}", qop="auth"${more}` },
});

test('who is challenged, and challenged again, has failed; who is taken then has succeeded', () => {
  const { told, lines, ask } = setUp();
  const phone = datagrams('192.0.2.1');
  ask(phone, undefined, 401, challenge('n1'));
  ask(phone, 'n1', 401, challenge('n2'));
  expect(told).toEqual(['failed 192.0.2.1']);
  expect(lines).toEqual([{ source: '192.0.2.1', method: 'REGISTER', user: '1001', domain: 'example.com' }]);
  ask(phone, 'n2', 403);
  ask(phone, 'n2', 200);
  expect(told.slice(1)).toEqual(['failed 192.0.2.1', 'succeeded 192.0.2.1']);
});

test('a challenge that is handed on from somebody else proves nothing: he knows its nonce, too', () => {
  const { answers, told, ask } = setUp();
  const handedOn = { 'WWW-Authenticate': 'Digest realm="x", nonce="chosen"', Server: 'of the one who was called' };
  ask(datagrams('192.0.2.1'), undefined, 401, { challenge: handedOn });
  ask(datagrams('192.0.2.1'), 'chosen', 401, challenge('n1'));
  expect([told, answers.size]).toEqual([[], 1]);
});

test('407, and challenges of two algorithms', () => {
  const { told, ask } = setUp();
  const challenges = ['a', 'b'].map((nonce) => `Digest realm="x", nonce = "${nonce}", stale=FALSE`);
  const more = { method: 'INVITE', header: 'Proxy-Authorization', challenge: { 'Proxy-Authenticate': challenges } };
  ask(datagrams('192.0.2.1'), undefined, 407, more);
  ask(datagrams('192.0.2.1'), 'b', 407, more);
  expect(told).toEqual(['failed 192.0.2.1']);
});

test.each<[string, Flow, string, number, Partial<Ask>]>([
  ['a datagram with a nonce that was never sent there', datagrams('192.0.2.7'), 'n1', 401, challenge('n2')],
  ['a nonce that is only stale', datagrams('192.0.2.1'), 'n1', 401, challenge('n2', ', stale=TRUE')],
  ['a call that is forbidden', datagrams('192.0.2.1'), 'n1', 403, { method: 'INVITE' }],
  ['any other answer', datagrams('192.0.2.1'), 'n1', 500, {}],
  ['an address that is trusted', stream('198.51.100.1'), 'n1', 401, challenge('n2')],
  ['success of a method that was never challenged', datagrams('192.0.2.1'), 'n1', 200, { method: 'OPTIONS' }],
  ['success with a nonce of somebody else', datagrams('192.0.2.7'), 'n1', 200, {}],
])('%s is neither', (_what, flow, nonce, status, more) => {
  const { told, lines, ask } = setUp();
  ask(datagrams('192.0.2.1'), undefined, 401, challenge('n1'));
  ask(flow, nonce, status, more);
  expect([told, lines]).toEqual([[], []]);
});

test('nobody writes the address of a stream himself: it counts without a nonce that is known', () => {
  const { told, ask } = setUp();
  ask(stream('192.0.2.1'), 'made-up', 401, challenge('n1'));
  expect(told).toEqual(['failed 192.0.2.1']);
});

test('what is remembered is bounded, the oldest go first; nonces without end are not remembered', () => {
  const { answers, told, ask } = setUp(3);
  for (let n = 0; n < 10; n += 1) ask(datagrams('192.0.2.1'), undefined, 401, challenge(`n${n}`));
  ask(datagrams('192.0.2.1'), undefined, 401, challenge('x'.repeat(10_000)));
  expect(answers.size).toBe(3);
  ask(datagrams('192.0.2.1'), 'n6', 403);
  expect(told).toEqual([]);
  ask(datagrams('192.0.2.1'), 'n7', 403);
  expect(told).toHaveLength(1);
});

test('credentials that cannot be read do no harm', () => {
  const { answers, lines } = setUp();
  for (const text of ['', 'Digest', 'Digest username="', `Digest username="${'\\'.repeat(5_000)}`, 'Basic eA==']) {
    const request = new SipRequest('REGISTER', 'sip:example.com', Headers.from([['Authorization', text]]));
    answers.answered(request, new SipResponse(403, 'x'), stream('192.0.2.1'));
  }
  expect(lines.map(({ user }) => user)).toEqual(['', '', '', '', '']);
});
