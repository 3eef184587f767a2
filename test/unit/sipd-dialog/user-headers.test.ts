import { UserError } from '../../../src/sipd/dialog/user-error';
import { contentType, UserHeaders, withTransport } from '../../../src/sipd/dialog/user-headers';

const here = '192.0.2.1:5070';
const read = (headers: [string, string][]): [string, string][] =>
  [...new UserHeaders(headers, here)].map(([name, value]) => [name, value]);

describe('headers that an application sets', () => {
  test('known names get their spelling, others a capital for each part, X- names stay', () => {
    expect(
      read([
        ['www-authenticate', 'Digest'],
        ['recv-info', 'a'],
        ['my-own', 'b'],
        ['X-Ticket', 'c'],
        ['x-ticket', 'd'],
      ]),
    ).toEqual([
      ['WWW-Authenticate', 'Digest'],
      ['Recv-Info', 'a'],
      ['My-Own', 'b'],
      ['X-Ticket', 'c'],
      ['x-ticket', 'd'],
    ]);
  });

  test('what only the server writes is dropped', () => {
    expect(
      read([
        ['via', 'x'],
        ['route', 'x'],
        ['record-route', 'x'],
        ['rseq', '1'],
        ['content-length', '9'],
      ]),
    ).toEqual([]);
  });

  test('localhost becomes our address where it is meant so', () => {
    expect(
      read([
        ['from', '"A" <sip:a@localhost;x=1>;tag=1'],
        ['contact', 'sip:a@localhost:5060'],
        ['subject', 'x@localhost'],
      ]),
    ).toEqual([
      ['From', '"A" <sip:a@192.0.2.1:5070;x=1>;tag=1'],
      ['Contact', 'sip:a@192.0.2.1:5070'],
      ['Subject', 'x@localhost'],
    ]);
  });

  test.each([
    ['bad name', 'x'],
    ['x-a', 'one\ntwo'],
    ['x-a', 'nul\0'],
  ])('%j: %j cannot be sent', (name, value) => {
    expect(() => new UserHeaders([[name, value]], here)).toThrow(UserError);
  });

  test('a Contact over a stream leads back over that stream', () => {
    expect(withTransport('<sip:a@h>', 'udp')).toBe('<sip:a@h>');
    expect(withTransport('<sip:a@h>;x=1', 'tcp')).toBe('<sip:a@h;transport=tcp>;x=1');
    expect(withTransport('sip:a@h', 'ws')).toBe('<sip:a@h;transport=ws>');
    expect(withTransport('<sip:a@h;transport=ws>', 'tcp')).toBe('<sip:a@h;transport=ws>');
  });

  test('the type of a body is told or seen', () => {
    const none = new UserHeaders([], here);
    expect(contentType(none, Buffer.from('v=0\r\n'))).toBe('application/sdp');
    expect(contentType(none, Buffer.from('{}'))).toBeUndefined();
    expect(contentType(new UserHeaders([['content-type', 'a/b']], here), Buffer.from('{}'))).toBe('a/b');
    expect(contentType(none, Buffer.alloc(0))).toBeUndefined();
  });
});
