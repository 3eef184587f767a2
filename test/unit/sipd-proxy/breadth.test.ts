import { ProxyStage } from './stage';
import type { Party } from './stage';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});
afterEach(() => stage.expectNothingLeft());

const all = () => ({ targets: [stage.bob.uri, stage.carol.uri, stage.dave.uri] });
const breadth = (party: Party): string | undefined => party.request().headers.get('Max-Breadth');

/** RFC 5393 section 5.3.3. */
test('those who are asked at once share the breadth', async () => {
  await stage.call({ ...all(), simultaneous: true }, 'INVITE', { 'Max-Breadth': '8' });
  expect([stage.bob, stage.carol, stage.dave].map(breadth)).toEqual(['2', '3', '3']);
  for (const party of [stage.bob, stage.carol, stage.dave]) party.answer(486);
});

test('those who are asked in turn have all of it, which is 60 when nothing is said', async () => {
  await stage.call(all());
  stage.bob.answer(486);
  await stage.pass(0);
  expect([stage.bob, stage.carol].map(breadth)).toEqual(['60', '60']);
  stage.carol.answer(603);
});

test('when it does not do for all at once, the others are asked as it becomes free', async () => {
  await stage.call({ ...all(), simultaneous: true, finalTimeout: 1000 }, 'INVITE', { 'Max-Breadth': '2' });
  expect([stage.bob.heard, stage.carol.heard, stage.dave.heard]).toEqual([['INVITE'], ['INVITE'], []]);
  stage.carol.answer(486);
  await stage.pass(0);
  expect(breadth(stage.dave)).toBe('1');
  stage.dave.answer(486);
  stage.bob.answer(180);
  await stage.pass(1000);
  stage.bob.answer(487);
  expect(stage.alice.heard).toEqual(['180', '486']);
});

test('a request without any goes nowhere', async () => {
  await stage.call(all(), 'INVITE', { 'Max-Breadth': '0' });
  expect([stage.alice.heard, stage.bob.heard]).toEqual([['440'], []]);
  expect(stage.failures).toEqual(['Rejected with 440 Max-Breadth Exceeded due to Max-Breadth value of 0']);
});
