import { SipResponse } from '../../../src/sipd/message/message';
import { bestResponse } from '../../../src/sipd/proxy/best';

/** RFC 3261 section 16.7, step 6. */
const table: [refusals: number[], best: number | undefined, more?: { method?: string; isCancelled?: true }][] = [
  [[], undefined],
  [[404], 404],
  [[404, 486], 404],
  [[486, 404], 486],
  [[404, 603, 407], 603],
  [[600, 603], 600],
  [[503, 404], 404],
  [[302, 404], 302],
  [[500, 302], 302],
  [[404, 415], 415],
  [[486, 401], 401],
  [[404, 484, 420], 484],
  [[408, 486], 486],
  [[487, 480], 480],
  [[408], 408],
  [[503], 500],
  [[503, 502], 502],
  [[401, 503], 401],
  [[486, 487], 487, { isCancelled: true }],
  [[302, 487], 487, { isCancelled: true }],
  [[487, 603], 603, { isCancelled: true }],
  [[408], undefined, { method: 'BYE' }],
  [[408, 503], 500, { method: 'BYE' }],
  [[408, 480], 480, { method: 'MESSAGE' }],
];

test.each(table)('of %j it is %s', (refusals, best, { method = 'INVITE', isCancelled = false } = {}) => {
  const responses = refusals.map((status) => new SipResponse(status, 'No'));
  expect(bestResponse({ refusals: responses, isCancelled, method })?.status).toBe(best);
});
