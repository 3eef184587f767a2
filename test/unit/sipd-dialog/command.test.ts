import { parseCommand, parseRequestLine, parseStatusLine } from '../../../src/sipd/drachtio/command';
import { ControlProtocolError } from '../../../src/sipd/drachtio/frames';

describe('commands of an application', () => {
  test('a command without a SIP message', () => {
    expect(parseCommand(Buffer.from('7|route|invite'))).toMatchObject({
      id: '7',
      verb: 'route',
      args: ['invite'],
      startLine: '',
    });
  });

  test('a command with a SIP message and a body', () => {
    const text =
      '7|sip|t1||sip:1.2.3.4\r\nINFO sip:x SIP/2.0\r\nx-a: 1\r\nsubject : two\r\n\twords\r\ncontent-length: 3\r\n\r\na\r\n\r\nb';
    const command = parseCommand(Buffer.from(text));
    expect(command.args).toEqual(['t1', '', 'sip:1.2.3.4']);
    expect(command.startLine).toBe('INFO sip:x SIP/2.0');
    expect(command.headers).toEqual([
      ['x-a', '1'],
      ['subject', 'two words'],
      ['content-length', '3'],
    ]);
    expect(command.body.toString()).toBe('a\r\n\r\nb');
  });

  test('a message without a verb ends the connection', () => {
    expect(() => parseCommand(Buffer.from('only-an-id'))).toThrow(ControlProtocolError);
  });

  test('start lines', () => {
    expect(parseRequestLine('INVITE sip:a@b SIP/2.0')).toEqual({ method: 'INVITE', uri: 'sip:a@b' });
    expect(parseRequestLine('INVITE sip:a b SIP/2.0')).toBeUndefined();
    expect(parseStatusLine('SIP/2.0 486 Busy Here')).toEqual({ status: 486, reason: 'Busy Here' });
    expect(parseStatusLine('SIP/2.0 200')).toEqual({ status: 200, reason: '' });
    expect(parseStatusLine('SIP/2.0 999 What')).toBeUndefined();
  });
});
