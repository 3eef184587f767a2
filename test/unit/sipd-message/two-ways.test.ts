import { readTwoWays } from '../../../scripts/fuzz/two-ways';
import { parseDatagram } from '../../../src/sipd/message/parse';

test('the quick way of reading a message and the strict one come to the same', () => {
  const { taken, refused, findings } = readTwoWays(8000, 2);
  expect(findings).toEqual([]);
  expect(taken).toBeGreaterThan(2000);
  expect(refused).toBeGreaterThan(2000);
});

test('a way that reads one header otherwise is found', () => {
  const { findings } = readTwoWays(500, 2, (bytes, isQuick) => {
    const message = parseDatagram(bytes, isQuick);
    if (isQuick) message.from.params.tag = message.fromTag?.slice(0, 20);

    return message;
  });
  expect(findings.length).toBeGreaterThan(10);
});
