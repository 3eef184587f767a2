import { agentWordsFor } from '../../../src/ivr/agent-words';

test('agents hear what was done in their language, in English where that is not known', () => {
  expect(agentWordsFor('de-CH').break).toBe('Sie haben Pause.');
  expect(agentWordsFor('zh').done).toBe('话后处理已结束。');
  expect(agentWordsFor('pt')).toEqual(agentWordsFor('en'));
});

test.each(['en', 'de', 'fr', 'it', 'es', 'nl', 'zh', 'ja'])('each deed sounds different in %s', (locale) => {
  expect(new Set(Object.values(agentWordsFor(locale))).size).toBe(5);
});
