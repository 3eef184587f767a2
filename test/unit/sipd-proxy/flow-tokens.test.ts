import { FlowTokens } from '../../../src/sipd/proxy/flow-tokens';
import type { Flow } from '../../../src/sipd/transport/types';

const end = { address: '127.0.0.1', port: 1 };
const flow = (id: string): Flow => ({ transport: 'ws', local: end, remote: end, id });

test('a connection has one name, which is gone with it', () => {
  const tokens = new FlowTokens();
  const [one, other] = [tokens.tokenOf(flow('ws-1')), tokens.tokenOf(flow('ws-2'))];
  expect(one).not.toBe(other);
  expect(tokens.tokenOf(flow('ws-1'))).toBe(one);
  expect(tokens.flowOf(one)).toEqual(flow('ws-1'));
  tokens.forget(flow('ws-1'));
  tokens.forget(flow('ws-1'));
  expect([tokens.flowOf(one), tokens.flowOf(other), tokens.size]).toEqual([undefined, flow('ws-2'), 1]);
  tokens.forget(flow('ws-2'));
  expect(tokens.size).toBe(0);
});

test('of too many the one that was told longest ago goes', () => {
  const tokens = new FlowTokens(2);
  const names = ['ws-1', 'ws-2', 'ws-1', 'ws-3'].map((id) => tokens.tokenOf(flow(id)));
  expect(names.map((name) => tokens.flowOf(name)?.id)).toEqual(['ws-1', undefined, 'ws-1', 'ws-3']);
  expect(tokens.size).toBe(2);
});
