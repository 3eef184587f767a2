import fc from 'fast-check';
import { isToken, parseCSeq, parseNameAddr, parseUri, parseVia } from '../../../src/sipd/message/grammar';
import { isUsualContact, isUsualCSeq, isUsualParty, isUsualTarget, isUsualVia } from '../../../src/sipd/message/usual';

/** What has the usual shape is never parsed by the check, so the grammar has to take all of it. */
const shapes: Record<
  string,
  { isUsual: (text: string) => boolean; parse: (text: string) => boolean; seeds: string[] }
> = {
  target: {
    isUsual: isUsualTarget,
    parse: (text) => text !== '' && parseUri(text).headers === undefined,
    seeds: ['sip:6100@sightline.test', 'sip:10.0.0.2:5060', 'sips:a@b.example:64999;transport=tls;lr;ob;user=phone'],
  },
  party: {
    isUsual: isUsualParty,
    parse: (text) => isToken(parseNameAddr(text).params.tag ?? 'none'),
    seeds: ['"Ticket machine 4" <sip:1001@sightline.test>;tag=8a7b6c5d', 'Bob B <sip:b@10.0.0.1>', '<sip:x.y>;tag=a'],
  },
  contact: {
    isUsual: isUsualContact,
    parse: (text) => parseNameAddr(text).uri !== '',
    seeds: [
      '<sip:1@10.0.0.1:5060;ob>;+sip.instance="<urn:uuid:1>";reg-id=1;expires=60',
      '<sip:10.0.0.2;transport=UDP>',
    ],
  },
  via: {
    isUsual: isUsualVia,
    parse: (text) => isToken(parseVia(text).branch ?? 'none'),
    seeds: [
      'SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK-524287-1---0a1b2c3d4e;rport',
      'SIP/2.0/TCP pc.example.org;branch=z9hG4bKx;rport=9;received=192.0.2.255',
      'SIP/2.0/WS a.invalid;rport;branch=z9hG4bKy',
    ],
  },
  cseq: {
    isUsual: (text) => isUsualCSeq(text, 'INVITE') || isUsualCSeq(text),
    parse: (text) => parseCSeq(text).number >= 0,
    seeds: ['1 INVITE', '999999999 BYE', '0 PRACK'],
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

describe.each(Object.entries(shapes))('the usual shape of a %s', (_, { isUsual, parse, seeds }) => {
  it.each(seeds)('covers %s', (seed) => {
    expect(isUsual(seed)).toBe(true);
    expect(parse(seed)).toBe(true);
  });

  it('holds nothing that the grammar refuses', () => {
    let usual = 0;
    const mutants = fc.tuple(fc.constantFrom(...seeds), fc.array(edit, { minLength: 1, maxLength: 3 }));
    fc.assert(
      fc.property(mutants, ([seed, edits]) => {
        const text = edits.reduce(apply, seed);
        if (!isUsual(text)) return;
        usual += 1;
        expect(parse(text)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
    expect(usual).toBeGreaterThan(500);
  });
});

it('takes only the CSeq of the request’s own method', () => {
  expect(isUsualCSeq('1 INVITE', 'INVITE')).toBe(true);
  expect(isUsualCSeq('1 INVITE', 'BYE')).toBe(false);
  expect(isUsualCSeq('1 REINVITE', 'INVITE')).toBe(false);
});
