import { classifyInfo, offersVisualMenu, parseInfoPackages } from '../../../src/ivr/headers';
import { readDtmfInfo } from '../../../src/ivr/dtmf';

describe('Recv-Info', () => {
  test.each([
    ['visual-menu', true],
    ['Visual-Menu', true],
    ['foo, visual-menu;level=1', true],
    [['foo', 'bar , visual-menu'], true],
    ['visual-menus', false],
    ['foo;note="x, visual-menu"', false],
    ['', false],
    [[], false],
    [undefined, false],
  ])('%j offers the menu: %s', (header, expected) => {
    expect(offersVisualMenu(header)).toBe(expected);
  });

  test('an empty header is told from an absent one', () => {
    expect(parseInfoPackages('')).toEqual([]);
    expect(parseInfoPackages(undefined)).toBeUndefined();
  });

  test('parameters are read, quoted ones without their quotes', () => {
    const [entry] = parseInfoPackages('Foo ; A=1; b="x\\"; y" ;c') ?? [];
    expect(entry?.name).toBe('foo');
    expect([...(entry?.params ?? [])]).toEqual([
      ['a', '1'],
      ['b', 'x"; y'],
      ['c', ''],
    ]);
  });

  test('what is no token is left out, and an open quote does no harm', () => {
    expect(parseInfoPackages('sp ace, (x), ok;p="open, more')?.map((entry) => entry.name)).toEqual(['ok']);
  });
});

describe('Info-Package', () => {
  test('ours, and the INFO of old', () => {
    expect(classifyInfo('visual-menu')).toBe('visual-menu');
    expect(classifyInfo(' VISUAL-MENU ;x=1')).toBe('visual-menu');
    expect(classifyInfo(undefined)).toBe('legacy');
  });

  test.each(['other', '', 'visual-menu, other', 'a b'])('%j is refused with 469', (header) => {
    expect(() => classifyInfo(header)).toThrow(expect.objectContaining({ code: 'BAD_INFO_PACKAGE', sip: 469 }));
  });
});

test.each([
  ['application/dtmf-relay', 'Signal=5\r\nDuration=160\r\n', '5'],
  ['Application/DTMF-Relay; x=y', 'Duration=100\nsignal = #\n', '#'],
  ['application/dtmf-relay', 'Signal=10', '*'],
  ['application/dtmf-relay', 'Signal=a', 'A'],
  ['application/dtmf', '7', '7'],
  ['application/dtmf', '11', '#'],
  ['application/dtmf-relay', 'Duration=160', undefined],
  ['application/dtmf-relay', 'Signal=55', undefined],
  ['text/plain', 'Signal=5', undefined],
  [undefined, '5', undefined],
])('the digit of %s %j is %s', (type, body, digit) => {
  expect(readDtmfInfo(type, body)).toBe(digit);
  expect(readDtmfInfo(type, Buffer.from(body))).toBe(digit);
});
