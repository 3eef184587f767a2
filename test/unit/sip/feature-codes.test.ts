import { AgentCodes, pinLimits, type SeatPort } from '../../../src/sip/agent-codes';
import { defaults } from '../../../src/dialplan/schema-parts';
import { parseFeatureCode } from '../../../src/sip/feature-codes';
import { ManualClock } from '../../../src/lib/clock';
import { SightlineError } from '../../../src/lib/errors';
import { createLogger } from '../../../src/lib/logger';

describe('reading a feature code', () => {
  test.each([
    ['*51*1234', { kind: 'login', pin: '1234' }],
    ['*51', { kind: 'login', pin: '' }],
    ['*52', { kind: 'logout' }],
    ['*53', { kind: 'break' }],
    ['*53*2', { kind: 'break', reason: '2' }],
    ['*54', { kind: 'available' }],
    ['*55', { kind: 'done' }],
  ])('%s', (dialled, code) => {
    expect(parseFeatureCode(dialled, defaults.codes)).toEqual(code);
  });

  test.each(['', '51', '*5', '*56', '*511234', '*51*', '*51*12a4', '*51*1*2', '*52*1', '*54*0', '6001', ' *51'])(
    '%j is none',
    (dialled) => {
      expect(parseFeatureCode(dialled, defaults.codes)).toBeUndefined();
    },
  );

  test('a site may have other codes, of which one begins with another', () => {
    const codes = { ...defaults.codes, login: '*1', logout: '*1*9', done: '#7' };
    expect(parseFeatureCode('*1*1234', codes)).toEqual({ kind: 'login', pin: '1234' });
    expect(parseFeatureCode('*1*9', codes)).toEqual({ kind: 'logout' });
    expect(parseFeatureCode('#7', codes)).toEqual({ kind: 'done' });
    expect(parseFeatureCode('*53', codes)).toEqual({ kind: 'break' });
    expect(parseFeatureCode('*51', codes)).toBeUndefined();
  });
});

describe('carrying it out', () => {
  let clock: ManualClock;
  let done: string[];
  let codes: AgentCodes;

  beforeEach(() => {
    clock = new ManualClock();
    done = [];
    const note =
      (what: string) =>
      (...args: (string | undefined)[]): Promise<void> => {
        done.push([what, ...args].join(' ').trim());

        return Promise.resolve();
      };
    const seats: SeatPort = {
      login: note('login'),
      logout: note('logout'),
      pause: note('pause'),
      unpause: note('unpause'),
      endWrapUp: note('endWrapUp'),
    };
    codes = new AgentCodes({
      seats,
      codes: () => defaults.codes,
      pinOf: (seat) => (seat === '2001' ? '1234' : undefined),
      media: () => undefined,
      speech: { say: () => Promise.resolve(undefined) },
      mediaAddress: '127.0.0.1',
      clock,
      log: createLogger('fatal'),
    });
  });

  const login = (pin: string, seat = '2001'): Promise<void> => codes.carryOut(seat, { kind: 'login', pin });

  /** What refuses it. */
  async function refusal(pin: string): Promise<{ sip: number; retryAfter: number | undefined }> {
    const error = await login(pin).catch((thrown: unknown) => thrown);
    if (!(error instanceof SightlineError)) throw new Error('it was not refused');

    return { sip: error.sip, retryAfter: error.retryAfter };
  }

  test('each code is one deed of this seat', async () => {
    await login('1234');
    await codes.carryOut('2001', { kind: 'break', reason: '2' });
    await codes.carryOut('2001', { kind: 'break' });
    await codes.carryOut('2001', { kind: 'available' });
    await codes.carryOut('2001', { kind: 'done' });
    await codes.carryOut('2001', { kind: 'logout' });
    expect(done).toEqual(['login 2001', 'pause 2001 2', 'pause 2001', 'unpause 2001', 'endWrapUp 2001', 'logout 2001']);
  });

  test('a wrong PIN is refused; the fifth in ten minutes closes the door for ten more, also to the right one', async () => {
    for (let tries = 1; tries <= pinLimits.perUser; tries++) {
      expect(await refusal(tries === 1 ? '' : '9999')).toEqual({ sip: 403, retryAfter: undefined });
    }
    expect(await refusal('1234')).toEqual({ sip: 403, retryAfter: 600 });
    // Another seat is not concerned.
    await login('', '2002');
    clock.advance(pinLimits.window);
    await login('1234');
    expect(done).toEqual(['login 2002', 'login 2001']);
  });

  test('wrong ones that are far apart, or before a right one, close nothing', async () => {
    for (let tries = 1; tries < pinLimits.perUser; tries++) await refusal('9999');
    await login('1234');
    for (let tries = 1; tries < pinLimits.perUser; tries++) await refusal('9999');
    clock.advance(pinLimits.window + 1);
    await refusal('9999');
    await login('1234');
    expect(done).toEqual(['login 2001', 'login 2001']);
  });
});
