import { readFileSync } from 'node:fs';
import { asSightlineError, errorTable, SightlineError, warningHeader, type ErrorCode } from '../../../src/lib/errors';
import { inProject } from '../../../src/lib/paths';

interface Row {
  code: string;
  http: number;
  sip: number;
  title: string;
}

/** The rows of the table in docs/errors.md: | `CODE` | http | sip | title | what to do | */
function documented(): (Row & { remedy: string })[] {
  const rows = /^\| `([A-Z_]+)` \| (\d+) \| (\d+) \| (.+?) \| (.+?) \|$/gm;

  return [...readFileSync(inProject('docs', 'errors.md'), 'utf8').matchAll(rows)].map(
    ([, code, http, sip, title, remedy]) => ({
      code: code!,
      http: Number(http),
      sip: Number(sip),
      title: title!,
      remedy: remedy!,
    }),
  );
}

const rows: Row[] = Object.entries(errorTable).map(([code, row]) => ({ code, ...row }));

describe('docs/errors.md', () => {
  test('lists exactly the codes of the table, in its order, with both statuses and the title', () => {
    expect(documented().map(({ remedy: _remedy, ...row }) => row)).toEqual(rows);
  });

  test('says for each what to do', () => {
    for (const { code, remedy } of documented()) expect([code, remedy.length > 10]).toEqual([code, true]);
  });
});

describe('the error table', () => {
  test('has valid statuses and one title a code', () => {
    for (const { code, http, sip } of rows) {
      expect([code, http >= 400 && http < 600, sip >= 400 && sip < 700]).toEqual([code, true, true]);
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
    }
    expect(new Set(rows.map(({ title }) => title)).size).toBe(rows.length);
  });
});

describe('SightlineError', () => {
  test('carries its code, both statuses, the detail, the wait and the cause', () => {
    const cause = new Error('below');
    const error = new SightlineError('POOL_EXHAUSTED', 'All of 7000-7999 are leased', { retryAfter: 12, cause });
    expect(error).toMatchObject({ code: 'POOL_EXHAUSTED', http: 503, sip: 503, retryAfter: 12, cause });
    expect(error.message).toBe('All of 7000-7999 are leased');
    expect(error.state).toBeUndefined();
    expect(error).toBeInstanceOf(Error);
  });

  test('without a detail it says the title of its code', () => {
    expect(new SightlineError('LOOP').message).toBe(errorTable.LOOP.title);
    expect(new SightlineError('LOOP').retryAfter).toBeUndefined();
  });

  test.each(Object.keys(errorTable) as ErrorCode[])('%s gives the statuses of its row', (code) => {
    const error = new SightlineError(code);
    expect([error.http, error.sip]).toEqual([errorTable[code].http, errorTable[code].sip]);
  });

  test('anything thrown becomes one: those that are stay, others are INTERNAL with their cause', () => {
    const known = new SightlineError('LOOP');
    expect(asSightlineError(known)).toBe(known);
    for (const thrown of [new TypeError('x'), 'text', undefined, { code: 'LOOP' }]) {
      const error = asSightlineError(thrown);
      expect(error.code).toBe('INTERNAL');
      expect(error.cause).toBe(thrown);
      expect(error.message).toBe(errorTable.INTERNAL.title);
    }
  });
});

describe('the Warning header', () => {
  test('carries the code and the message', () => {
    expect(warningHeader(new SightlineError('NUMBER_USED'))).toBe(
      '399 sightline "NUMBER_USED: The routing number was used already; ask for help again"',
    );
  });

  test('says nothing of the thing that was in a wrong state: that is for REST', () => {
    const error = new SightlineError('WRONG_STATE', 'Too late', { state: { seatId: '2001' } });
    expect(error.state).toEqual({ seatId: '2001' });
    expect(warningHeader(error)).toBe('399 sightline "WRONG_STATE: Too late"');
  });

  test('cannot be broken out of: no quote, backslash, line break or other octet that the grammar forbids', () => {
    const header = warningHeader(new SightlineError('BAD_REQUEST', 'a"b\\c\r\nVia: evil\u0000 – ü'));
    expect(header).toBe('399 sightline "BAD_REQUEST: a\'b\'c??Via: evil? ? ?"');
  });
});
