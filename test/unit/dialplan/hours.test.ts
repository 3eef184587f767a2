import { DateTime } from 'luxon';
import { type Hours, isDate, isOpen, isZone, nextOpening, parseSpan, type Span } from '../../../src/dialplan/hours';

function spans(...texts: string[]): Span[] {
  return texts.map((text) => parseSpan(text)!);
}

const vienna: Hours = {
  zone: 'Europe/Vienna',
  week: {
    mon: spans('08:00-12:00', '13:00-18:00'),
    tue: spans('08:00-12:00'),
    fri: spans('22:00-06:00'),
    sun: spans('01:00-04:00'),
  },
  holidays: { '2026-12-25': [], '2026-12-28': spans('10:00-11:00') },
};

/** A moment by the clock of Vienna, or of the offset in the text. */
function ms(text: string, zone = 'Europe/Vienna'): number {
  return DateTime.fromISO(text, { zone }).toMillis();
}

function open(text: string, hours = vienna): boolean {
  return isOpen(hours, ms(text, hours.zone));
}

function next(text: string, hours = vienna): string | null | undefined {
  const at = nextOpening(hours, ms(text, hours.zone));

  return at === undefined
    ? undefined
    : DateTime.fromMillis(at, { zone: hours.zone }).toISO({ suppressMilliseconds: true });
}

describe('opening hours', () => {
  it.each([
    ['2026-06-01T07:59:59', false],
    ['2026-06-01T08:00', true],
    ['2026-06-01T11:59:59', true],
    ['2026-06-01T12:00', false],
    ['2026-06-01T13:00', true],
    ['2026-06-03T10:00', false],
    ['2026-06-05T21:59', false],
    ['2026-06-05T23:00', true],
    ['2026-06-06T05:59', true],
    ['2026-06-06T06:00', false],
  ])('at %s: open is %s', (text, expected) => {
    expect(open(text)).toBe(expected);
  });

  it('are those of the holiday on a holiday', () => {
    expect(open('2026-12-28T09:00')).toBe(false);
    expect(open('2026-12-28T10:30')).toBe(true);
    expect(open('2026-12-25T23:00')).toBe(false);
    expect(open('2026-12-26T05:00')).toBe(false);
  });

  it('let a night that began before a holiday come to its end', () => {
    const hours = { ...vienna, holidays: { '2026-06-06': [] } };
    expect(open('2026-06-06T05:00', hours)).toBe(true);
    expect(open('2026-06-06T22:30', hours)).toBe(false);
  });

  it('go to midnight when they say 24:00', () => {
    const always = { zone: 'UTC', week: { mon: spans('00:00-24:00') }, holidays: {} };
    expect(open('2026-06-01T23:59:59.999', always)).toBe(true);
    expect(open('2026-06-02T00:00', always)).toBe(false);
  });

  it.each([
    ['2026-06-01T09:00', '2026-06-01T09:00:00+02:00'],
    ['2026-06-01T12:30', '2026-06-01T13:00:00+02:00'],
    ['2026-06-01T19:00', '2026-06-02T08:00:00+02:00'],
    ['2026-06-02T12:00', '2026-06-05T22:00:00+02:00'],
    ['2026-12-24T12:00', '2026-12-27T01:00:00+01:00'],
    ['2026-12-27T12:00', '2026-12-28T10:00:00+01:00'],
  ])('after %s open at %s', (text, expected) => {
    expect(next(text)).toBe(expected);
  });

  it('have no next opening when it never opens', () => {
    expect(next('2026-06-01T12:00', { ...vienna, week: {}, holidays: {} })).toBeUndefined();
  });

  it('follow the clock on the wall in spring, when an hour is left out', () => {
    const hours: Hours = { ...vienna, week: { sun: spans('02:30-04:00'), sat: spans('02:15-03:10') } };
    expect(open('2026-03-29T01:59', hours)).toBe(false);
    expect(open('2026-03-29T03:00', hours)).toBe(true);
    expect(next('2026-03-29T01:00', hours)).toBe('2026-03-29T03:00:00+02:00');
    const gone: Hours = { ...vienna, week: { sun: spans('02:15-02:45') } };
    expect(next('2026-03-29T00:00', gone)).toBe('2026-04-05T02:15:00+02:00');
    expect(next('2026-03-28T12:00', { ...vienna, week: { mon: spans('08:00-09:00') } })).toBe(
      '2026-03-30T08:00:00+02:00',
    );
  });

  it('are the same both times in autumn, when an hour comes twice', () => {
    const hours: Hours = { ...vienna, week: { sun: spans('02:00-02:30') } };
    expect(open('2026-10-25T02:15:00+02:00', hours)).toBe(true);
    expect(open('2026-10-25T02:45:00+02:00', hours)).toBe(false);
    expect(open('2026-10-25T02:15:00+01:00', hours)).toBe(true);
    expect(next('2026-10-25T00:00:00+02:00', hours)).toBe('2026-10-25T02:00:00+02:00');
    expect(next('2026-10-25T02:45:00+02:00', hours)).toBe('2026-10-25T02:00:00+01:00');
  });

  it('begin by the clock on the wall after the clocks have changed on the same day', () => {
    const hours: Hours = { ...vienna, week: { sun: spans('08:00-12:00') } };
    expect(next('2026-10-25T00:30:00+02:00', hours)).toBe('2026-10-25T08:00:00+01:00');
    expect(next('2026-03-29T00:30:00+01:00', hours)).toBe('2026-03-29T08:00:00+02:00');
  });

  it('say the same of the next opening as of each minute', () => {
    const around = ['2026-03-28T12:00', '2026-10-24T12:00', '2026-12-24T00:00'];
    for (const start of around.map((text) => ms(text))) {
      let after: number | undefined;
      // Backwards, so that the next open minute is known at each.
      for (let minute = start + 40 * 3_600_000; minute >= start; minute -= 60_000) {
        if (isOpen(vienna, minute)) after = minute;
        if (after !== undefined && minute % 420_000 === 0) expect(nextOpening(vienna, minute)).toBe(after);
      }
    }
  });
});

describe('what is written of opening hours', () => {
  it.each(['8:00-12:00', '08:00-25:00', '08:60-09:00', '08:00-08:00', '24:00-06:00', '08:00', '08:00–12:00', ''])(
    'is no span: %s',
    (text) => {
      expect(parseSpan(text)).toBeUndefined();
    },
  );

  it('is a span in minutes', () => {
    expect(parseSpan('22:00 - 06:30')).toEqual({ from: 1_320, to: 390 });
    expect(parseSpan('00:00-24:00')).toEqual({ from: 0, to: 1_440 });
  });

  it('is a zone or a date, or is not', () => {
    expect(['UTC', 'Europe/Vienna', 'Europe/Wien', 'here', ''].map(isZone)).toEqual([true, true, false, false, false]);
    expect(['2026-02-28', '2026-02-30', '2026-2-3', 'Christmas'].map(isDate)).toEqual([true, false, false, false]);
  });
});
