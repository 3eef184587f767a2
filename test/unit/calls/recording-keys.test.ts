import { KeyReader } from '../../../src/calls/recording-keys';
import { ManualClock } from '../../../src/lib/clock';

let clock: ManualClock;
let keys: KeyReader;

beforeEach(() => {
  clock = new ManualClock();
  keys = new KeyReader(clock);
});

/** What each key of a text completes. */
function read(text: string): (string | undefined)[] {
  return [...text].map((digit) => keys.read(digit));
}

test.each([
  ['*1', 'record'],
  ['*2', 'mask'],
  ['*3', 'snapshot'],
])('%s is for: %s', (code, meaning) => {
  expect(read(code)).toEqual([undefined, meaning]);
});

test.each(['1', '2', '12', '*4', '*#', '*A', '#1', '1*'])('%s is for nothing', (code) => {
  expect(read(code).every((meaning) => meaning === undefined)).toBe(true);
});

test('the last star counts, and each counts once', () => {
  expect(read('**1')).toEqual([undefined, undefined, 'record']);
  expect(read('*11')).toEqual([undefined, 'record', undefined]);
  expect(read('*5*2')).toEqual([undefined, undefined, undefined, 'mask']);
});

test('who waits longer than three seconds has to begin again', () => {
  keys.read('*');
  clock.advance(3000);
  expect(keys.read('1')).toBe('record');
  keys.read('*');
  clock.advance(3001);
  expect(keys.read('1')).toBeUndefined();
});
