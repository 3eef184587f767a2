import { UserError } from '../../../src/sipd/dialog/user-error';
import { parseOrder } from '../../../src/sipd/proxy/order';

const parse = (text: string) => parseOrder(text.split('|'), []);

test('a flag is its name, or nothing', () => {
  expect(parse('id|remainInDialog|fullResponse|followRedirects|simultaneous|2s|1500ms|sip:a|sip:b')).toEqual({
    transactionId: 'id',
    ...{ recordRoute: true, fullResponse: true, followRedirects: true, simultaneous: true },
    ...{ provisionalTimeout: 2000, finalTimeout: 1500, targets: ['sip:a', 'sip:b'], headers: [] },
  });
  expect(parse('id||||serial|||sip:a')).toMatchObject({
    ...{ recordRoute: false, fullResponse: false, followRedirects: false, simultaneous: false },
    ...{ provisionalTimeout: undefined, finalTimeout: undefined },
  });
});

test('a limit of nothing is none', () => {
  expect(parse('id|||||0s|0ms|sip:a')).toMatchObject({ provisionalTimeout: undefined, finalTimeout: undefined });
});

test.each(['', 'id', 'id|||||||', '|||||||sip:a', 'id|||||2m||sip:a', 'id||||||-1s|sip:a', 'id|||||12345678s||sip:a'])(
  '%j is refused',
  (text) => {
    expect(() => parse(text)).toThrow(UserError);
  },
);
