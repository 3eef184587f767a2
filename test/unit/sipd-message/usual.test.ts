import fc from 'fast-check';
import { isToken, parseCount, parseCSeq, parseNameAddr, parseUri, parseVia } from '../../../src/sipd/message/grammar';
import { usualCallIdEnd, usualCountEnd, usualCSeq } from '../../../src/sipd/message/usual';
import { usualAddress } from '../../../src/sipd/message/usual-address';
import { usualUri } from '../../../src/sipd/message/usual-uri';
import { usualVia } from '../../../src/sipd/message/usual-via';

/** What the quick way reads, when the value has the usual shape; what the grammar makes of the same value, or its error. */
interface Shape {
  quick: (text: string) => unknown;
  grammar: (text: string) => unknown;
  seeds: string[];
}

/** The parts of a value that has the usual shape from its first to its last character. */
function whole<T>(
  read: (bytes: Buffer, head: string, start: number) => { end: number; value: T } | undefined,
): Shape['quick'] {
  return (text) => {
    // A value does not begin at the beginning of a message.
    const bytes = Buffer.from(`X: ${text}\r\n`);
    const head = bytes.toString('latin1');
    const found = read(bytes, head, 3);

    return found?.end === head.length - 2 ? found.value : undefined;
  };
}

const shapes: Record<string, Shape> = {
  target: {
    quick: whole(usualUri),
    grammar: parseUri,
    seeds: [
      'sip:6100@sightline.test',
      'sip:10.0.0.2:5060',
      'sips:a@b.example:64999;transport=tls;lr;ob;user=phone',
      'sip:h',
    ],
  },
  address: {
    quick: whole(usualAddress),
    grammar: (text) => {
      const address = parseNameAddr(text);
      expect(isToken(address.params.tag ?? 'none')).toBe(true);

      return address;
    },
    seeds: [
      '"Ticket machine 4" <sip:1001@sightline.test>;tag=8a7b6c5d',
      'Bob B <sip:b@10.0.0.1>',
      '<sip:x.y>;tag=a',
      '"a \\"b\\" \\\\" <sip:x.y>',
      '""<sips:x.y>',
      '<sip:1@10.0.0.1:5060;ob>;+sip.instance="<urn:uuid:1>";reg-id=1;expires=60;q=0.5',
      '<sip:10.0.0.2;transport=UDP>',
    ],
  },
  via: {
    quick: whole(usualVia),
    grammar: (text) => {
      const via = parseVia(text);
      expect(isToken(via.branch ?? 'none')).toBe(true);

      return via;
    },
    seeds: [
      'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-524287-1---0a1b2c3d4e;rport',
      'SIP/2.0/TCP pc.example.org;branch=z9hG4bKx;rport=9;received=192.0.2.255',
      'SIP/2.0/WS a.invalid;rport;branch=z9hG4bKy',
      'SIP/2.0/TLS a;received=192.0.2.1;branch=z9hG4bKz',
    ],
  },
  cseq: {
    quick: whole(usualCSeq),
    grammar: parseCSeq,
    seeds: ['1 INVITE', '999999999 BYE', '0 PRACK'],
  },
  count: {
    quick: whole((bytes, head, start) => {
      const end = usualCountEnd(bytes, start, 255);

      return end < 0 ? undefined : { end, value: Number(head.slice(start, end)) };
    }),
    grammar: (text) => parseCount(text, 'Max-Forwards', 255),
    seeds: ['0', '70', '255', '000000070'],
  },
};

const pieces = [
  ...[';', ',', '<', '>', '"', '\\', '@', ':', '[', ']', '%', ' ', '.', '..', '-', '?', '=', '/', '\t', '\0', 'ü', '*'],
  ...['0', '256', '70000', ';lr', ';tag=x', ';rport', ';branch=b', ';ob', ';received=1.2.3.4', 'sip:', '\r\n'],
];

const edit = fc.record({
  at: fc.noBias(fc.integer({ min: 0, max: 999 })),
  removed: fc.integer({ min: 0, max: 3 }),
  put: fc.oneof(fc.constantFrom('', ...pieces), fc.string({ maxLength: 3 })),
});

function apply(text: string, { at, removed, put }: { at: number; removed: number; put: string }): string {
  const start = Math.floor((at / 1000) * (text.length + 1));

  return text.slice(0, start) + put + text.slice(start + removed);
}

describe.each(Object.entries(shapes))('the usual shape of a %s', (_, { quick, grammar, seeds }) => {
  it.each(seeds)('covers %s', (seed) => {
    expect(quick(seed)).toBeDefined();
    expect(quick(seed)).toEqual(grammar(seed));
  });

  it('holds nothing that the grammar refuses, or reads as something else', () => {
    let usual = 0;
    const mutants = fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(mutants, ([seed, edits]) => {
        // What precedes the value is not part of it, blanks included.
        const text = edits.reduce(apply, seed).replace(/^[ \t]+/, '');
        const read = quick(text);
        if (read === undefined) return;
        usual += 1;
        expect(read).toEqual(grammar(text));
      }),
      { numRuns: 10_000 },
    );
    expect(usual).toBeGreaterThan(500);
  });
});

it('gives the parts of an address in UTF-8 as they are meant', () => {
  const head = 'X: "Zoë \\"é" <sip:z@h>;expires=60\r\n';
  const bytes = Buffer.from(head);
  expect(usualAddress(bytes, bytes.toString('latin1'), 3)).toMatchObject({
    text: '"Zoë \\"é" <sip:z@h>;expires=60',
    value: { display: 'Zoë "é', uri: 'sip:z@h', params: { expires: '60' } },
  });
});

it('takes only the CSeq of the request’s own method', () => {
  const end = (text: string, method: string): number | undefined =>
    usualCSeq(Buffer.from(`${text}\r\n`), `${text}\r\n`, 0, method)?.end;
  expect(end('1 INVITE', 'INVITE')).toBe(8);
  expect(end('1 INVITE', 'BYE')).toBeUndefined();
  expect(end('1 REINVITE', 'INVITE')).toBeUndefined();
  expect(end('1 INVITED', 'INVITE')).toBeUndefined();
});

it.each([
  ['a@b', 3],
  ['a-1', 3],
  ['<"a">', 5],
  ['@b', -1],
  ['a@', -1],
  ['a@b@c', -1],
  ['a b', -1],
  ['', -1],
])('finds the end of the Call-ID %s at %d', (text, end) => {
  expect(usualCallIdEnd(Buffer.from(`${text}\r\n`), 0)).toBe(end);
});

it('leaves what has a continuation line, or blanks behind it, to the parsers', () => {
  for (const end of ['\r\n x', '\r\n\tx', ' \r\n', '\n', '\r', '']) {
    expect(usualCallIdEnd(Buffer.from(`a@b${end}`), 0)).toBe(-1);
    expect(usualCountEnd(Buffer.from(`70${end}`), 0, 255)).toBe(-1);
  }
});
