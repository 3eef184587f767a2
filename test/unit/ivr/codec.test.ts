import fc from 'fast-check';
import {
  CONTENT_TYPE,
  encodeServerMessage,
  encodeTerminalMessage,
  jsonBytes,
  parseServerMessage,
  parseTerminalMessage,
} from '../../../src/ivr/codec';
import { MAX_SEQ, type TerminalInput } from '../../../src/ivr/messages';
import { SightlineError } from '../../../src/lib/errors';

function parse(value: unknown, contentType: string | undefined = CONTENT_TYPE) {
  return parseTerminalMessage(contentType, typeof value === 'string' ? value : JSON.stringify(value));
}

const inputs: TerminalInput[] = [
  { type: 'choose', page: 'start', item: '1' },
  { type: 'back' },
  { type: 'home' },
  { type: 'submit', page: 'lost', values: { what: 'Schirm', pieces: 2, sure: true, none: null } },
  { type: 'leave' },
  { type: 'callback' },
  { type: 'text', text: 'Grüezi 👋' },
  { type: 'shown', ref: 'push_1' },
  { type: 'failed', ref: 'push_1', reason: 'no-codec' },
];

test.each(inputs)('a terminal says %j and is understood', (input) => {
  expect(parse(encodeTerminalMessage(input, 7))).toEqual({ v: 1, seq: 7, ...input });
});

test('the body is one line of JSON that begins with the envelope', () => {
  expect(encodeServerMessage({ type: 'end', reason: 'done' }, 3)).toBe('{"v":1,"seq":3,"type":"end","reason":"done"}');
});

test('keys that are not known are tolerated, in the envelope and inside', () => {
  expect(parse({ v: 1, seq: 1, type: 'back', haptic: true, more: { deep: [] } })).toMatchObject({
    type: 'back',
    seq: 1,
  });
  expect(
    parseServerMessage(CONTENT_TYPE, '{"v":1,"seq":1,"type":"connected","agent":{"name":"A","mood":1},"video":true}'),
  ).toMatchObject({ type: 'connected' });
});

describe('what cannot be read', () => {
  test.each([
    ['not JSON', '{"v":1'],
    ['no object', '[]'],
    ['null', 'null'],
    ['no type', { v: 1, seq: 1 }],
    ['an unknown type', { v: 1, seq: 1, type: 'dance' }],
    ['a type from the prototype', { v: 1, seq: 1, type: 'constructor' }],
    ['another version', { v: 2, seq: 1, type: 'back' }],
    ['no seq', { v: 1, type: 'back' }],
    ['a broken seq', { v: 1, seq: 1.5, type: 'back' }],
    ['a negative seq', { v: 1, seq: -1, type: 'back' }],
    ['a seq too high', { v: 1, seq: MAX_SEQ + 1, type: 'back' }],
    ['no item', { v: 1, seq: 1, type: 'choose', page: 'start' }],
    ['an item that is no text', { v: 1, seq: 1, type: 'choose', page: 'start', item: 1 }],
    ['values with structure', { v: 1, seq: 1, type: 'submit', page: 'x', values: { a: {} } }],
    ['an empty text', { v: 1, seq: 1, type: 'text', text: '' }],
  ])('%s is BAD_REQUEST', (_name, value) => {
    expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST', sip: 400 }));
  });

  test('the error says where and what', () => {
    expect(() => parse({ v: 1, seq: 1, type: 'choose', page: 'start', item: 1 })).toThrow(
      /'choose': \/item must be string/,
    );
    expect(() => parse({ v: 2, seq: 1, type: 'back' })).toThrow(/\/v must be equal to constant 1/);
    expect(() => parse({ v: 1, seq: 1, type: 'dance' })).toThrow(/no known type: "dance"/);
  });

  test('bytes that are no UTF-8 are BAD_REQUEST', () => {
    const body = Buffer.from('{"v":1,"seq":1,"type":"text","text":"x"}');
    body[body.indexOf('x')] = 0xff;
    expect(() => parseTerminalMessage(CONTENT_TYPE, body)).toThrow(expect.objectContaining({ code: 'BAD_REQUEST' }));
  });

  test.each([undefined, '', 'application/json', 'text/plain', `${CONTENT_TYPE}; charset=latin1`])(
    'the content type %j is 415',
    (type) => {
      expect(() => parseTerminalMessage(type, '{"v":1,"seq":1,"type":"back"}')).toThrow(
        expect.objectContaining({ code: 'UNSUPPORTED_MEDIA_TYPE', sip: 415 }),
      );
    },
  );

  test.each([CONTENT_TYPE, 'Application/Visual-Menu+JSON', `${CONTENT_TYPE} ; charset="UTF-8"`])(
    'the content type %j is ours',
    (type) => {
      expect(parseTerminalMessage(type, '{"v":1,"seq":1,"type":"back"}').type).toBe('back');
    },
  );

  test('more than 1,200 bytes are 413, counted in bytes', () => {
    const text = (length: number) => ({ v: 1, seq: 1, type: 'text', text: 'é'.repeat(length) });
    expect(parse(text(500)).type).toBe('text');
    expect(() => parse(text(600))).toThrow(expect.objectContaining({ code: 'BODY_TOO_LARGE', sip: 413 }));
    expect(() => encodeServerMessage({ type: 'end', reason: 'é'.repeat(600) }, 1)).toThrow(
      expect.objectContaining({ code: 'BODY_TOO_LARGE' }),
    );
  });
});

test('whatever comes is a message or a SightlineError', () => {
  const nearlyValid = fc.record(
    {
      v: fc.constantFrom(1, 2, '1'),
      seq: fc.anything(),
      type: fc.constantFrom(...inputs.map((i) => i.type), 'x'),
      page: fc.anything(),
    },
    { requiredKeys: [] },
  );
  const bodies = fc.oneof(
    fc.string(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    nearlyValid.map((v) => JSON.stringify(v)),
  );
  fc.assert(
    fc.property(bodies, (body) => {
      try {
        expect(parseTerminalMessage(CONTENT_TYPE, body)).toMatchObject({ v: 1 });
      } catch (error) {
        expect(error).toBeInstanceOf(SightlineError);
      }
    }),
  );
});

test('jsonBytes counts what JSON writes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(jsonBytes(text)).toBe(Buffer.byteLength(JSON.stringify(text)) - 2);
    }),
  );
  expect(jsonBytes('a"\n\ud800')).toBe(1 + 2 + 2 + 6);
});
