import { DialError } from '../../../src/calls/leg';
import { SrfSeatDialer, type Contact } from '../../../src/sip/dialer';
import type { LegHome } from '../../../src/sip/leg';
import { silentLogger } from '../../../src/lib/logger';

const request = { seatId: '2001', sdp: '', from: { user: '1001', name: 'Hall' }, headers: {} };

/** A dialer on a location service that counts how often it is asked, and knows nobody. */
function dialer(lookup: () => Promise<Contact[]> = () => Promise.resolve([])): {
  dialer: SrfSeatDialer;
  asked(): number;
} {
  let asked = 0;
  const ports = {
    // Nobody is there, so nothing is ever sent.
    home: {} as LegHome,
    lookup: () => {
      asked++;

      return lookup();
    },
    domain: () => 'sightline.test',
    log: silentLogger,
  };

  return { dialer: new SrfSeatDialer(ports), asked: () => asked };
}

test('a seat that is prepared for is looked up once, for what it is and for its INVITE', async () => {
  const { dialer: one, asked } = dialer();
  one.prepare('2001');
  expect(await one.isBrowser('2001')).toBe(false);
  await expect(one.dial(request).answered).rejects.toEqual(new DialError('unreachable', 480));
  expect(asked()).toBe(1);
});

test('what was looked up is used for one INVITE only', async () => {
  const { dialer: one, asked } = dialer();
  one.prepare('2001');
  await expect(one.dial(request).answered).rejects.toThrow();
  await expect(one.dial(request).answered).rejects.toThrow();
  expect(asked()).toBe(2);
});

test('a location service that fails while it is prepared is asked again', async () => {
  const answers = [() => Promise.reject(new Error('away')), () => Promise.resolve([])];
  const { dialer: one, asked } = dialer(() => (answers.shift() ?? answers[0])!());
  one.prepare('2001');
  await new Promise((resolve) => setImmediate(resolve));
  expect(await one.isBrowser('2001')).toBe(false);
  expect(asked()).toBe(2);
});
