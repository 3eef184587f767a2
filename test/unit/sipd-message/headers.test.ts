import { Headers, splitList } from '../../../src/sipd/message/headers';
import { headerKey, headerName } from '../../../src/sipd/message/names';

function sample(): Headers {
  return Headers.from([
    ['v', 'SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2'],
    ['VIA', 'SIP/2.0/TCP c'],
    ['f', '<sip:a@b>'],
    ['X-Thing', 'one'],
    ['x-thing', 'two, three'],
  ]);
}

test('names are compared without case, compact forms are the same as long ones', () => {
  const headers = sample();
  expect(headers.get('via')).toBe('SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2');
  expect(headers.get('From')).toBe('<sip:a@b>');
  expect(headers.has('V')).toBe(true);
  expect(headers.has('To')).toBe(false);
  expect(headers.count('X-THING')).toBe(2);
  expect(headers.size).toBe(5);
});

test('list headers are split at commas, others are not', () => {
  const headers = sample();
  expect(headers.all('Via')).toEqual(['SIP/2.0/UDP a;branch=1', 'SIP/2.0/UDP b;branch=2', 'SIP/2.0/TCP c']);
  expect(headers.all('X-Thing')).toEqual(['one', 'two, three']);
  expect(headers.first('Via')).toBe('SIP/2.0/UDP a;branch=1');
  expect(headers.first('X-Thing')).toBe('one');
  expect(headers.first('None')).toBeUndefined();
});

test('known names are written in their canonical form, unknown ones as they came, in order', () => {
  expect(sample().toString()).toBe(
    'Via: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b;branch=2\r\nVia: SIP/2.0/TCP c\r\nFrom: <sip:a@b>\r\nX-Thing: one\r\nx-thing: two, three\r\n',
  );
});

test('set replaces in place, append and prepend add, remove removes every line', () => {
  const headers = sample();
  headers.set('Via', ['x', 'y']).set('To', '<sip:t@t>').append('X-Thing', 'four');
  headers.prepend('Via', 'w');
  headers.prepend('Max-Forwards', '70');
  expect([...headers].map(([name, value]) => `${name}=${value}`)).toEqual([
    'Max-Forwards=70',
    'Via=w',
    'Via=x',
    'Via=y',
    'From=<sip:a@b>',
    'X-Thing=one',
    'x-thing=two, three',
    'To=<sip:t@t>',
    'X-Thing=four',
  ]);
  expect(headers.remove('x-thing')).toBe(true);
  expect(headers.remove('x-thing')).toBe(false);
  expect(headers.all('X-Thing')).toEqual([]);
  headers.set('Via', []);
  expect(headers.has('Via')).toBe(false);
});

test('the first element of a list can be replaced and removed', () => {
  const headers = sample();
  headers.replaceFirst('Via', 'new');
  expect(headers.all('Via')).toEqual(['new', 'SIP/2.0/UDP b;branch=2', 'SIP/2.0/TCP c']);
  expect(headers.removeFirst('Via')).toBe('new');
  expect(headers.removeFirst('Via')).toBe('SIP/2.0/UDP b;branch=2');
  expect(headers.removeFirst('Via')).toBe('SIP/2.0/TCP c');
  expect(headers.removeFirst('Via')).toBeUndefined();
  expect(() => headers.replaceFirst('Via', 'x')).toThrow(RangeError);
});

test('a clone is apart from its original', () => {
  const headers = sample();
  const copy = headers.clone();
  copy.set('From', 'other');
  expect(headers.get('From')).toBe('<sip:a@b>');
  expect(copy.toJSON()).toHaveLength(5);
});

test('commas in quotes and angle brackets do not split', () => {
  expect(splitList('"a, \\", b" <sip:x,y@z>;p=1 , <sip:c>')).toEqual(['"a, \\", b" <sip:x,y@z>;p=1', '<sip:c>']);
  expect(splitList('a')).toEqual(['a']);
  expect(splitList('a,,b')).toEqual(['a', '', 'b']);
});

test('names of headers that objects have by birth are only names', () => {
  expect(headerKey('constructor')).toBe('constructor');
  expect(headerName('__proto__').bit).toBe(0);
  expect(Headers.from({}).get('toString')).toBeUndefined();
});
