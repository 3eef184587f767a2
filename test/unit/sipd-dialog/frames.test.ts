import fc from 'fast-check';
import { ControlProtocolError, frame, FrameReader } from '../../../src/sipd/drachtio/frames';

describe('messages of the control connection', () => {
  test('a message is its length in bytes, a hash and its bytes', () => {
    expect(frame('id|ping').toString()).toBe('7#id|ping');
    expect(frame('grüß').toString()).toBe('6#grüß');
    expect(frame('head\r\n', Buffer.from('INVITE')).toString()).toBe('12#head\r\nINVITE');
  });

  test('messages come out whole, however the stream was cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 9 }),
        (texts, step) => {
          const stream = Buffer.concat(texts.map((text) => frame(text)));
          const reader = new FrameReader();
          const read: string[] = [];
          for (let at = 0; at < stream.length; at += step) {
            for (const message of reader.push(stream.subarray(at, at + step))) read.push(message.toString());
          }
          expect(read).toEqual(texts);
        },
      ),
    );
  });

  test.each(['#x', 'abc#', '-3#abc', '999999999#x'])('%s is no message', (text) => {
    expect(() => new FrameReader().push(Buffer.from(text))).toThrow(ControlProtocolError);
  });

  test('an endless length is refused before its hash comes', () => {
    expect(() => new FrameReader().push(Buffer.from('9'.repeat(40)))).toThrow(ControlProtocolError);
  });
});
