import type { SipMessage } from '../../../src/sipd/message/message';
import { StreamParser } from '../../../src/sipd/message/parse';
import type { SipSyntaxError } from '../../../src/sipd/message/parse';
import type { StreamLimits } from '../../../src/sipd/message/stream';

interface Read {
  parser: StreamParser;
  messages: SipMessage[];
  faults: { error: SipSyntaxError; raw: string }[];
  pings: number;
}

function reader(limits?: StreamLimits): Read {
  const read: Read = { parser: undefined as never, messages: [], faults: [], pings: 0 };
  read.parser = new StreamParser(
    {
      message: (message) => read.messages.push(message),
      malformed: (error, raw) => read.faults.push({ error, raw: raw.toString('latin1') }),
      ping: () => (read.pings += 1),
    },
    limits,
  );

  return read;
}

function text(id: string, body = '', length: string | undefined = String(Buffer.byteLength(body))): string {
  const lines = [
    'MESSAGE sip:a@b SIP/2.0',
    `Via: SIP/2.0/TCP h;branch=z9hG4bK${id}`,
    'From: <sip:a@b>;tag=1',
    'To: <sip:a@b>',
    `Call-ID: ${id}`,
    'CSeq: 1 MESSAGE',
  ];
  if (length !== undefined) lines.push(`l: ${length}`);

  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}

const three = text('one') + text('two', 'hello\r\n\r\nworld') + text('three', 'x'.repeat(3000));

function expectThree(read: Read): void {
  expect(read.messages.map(({ callId, body }) => [callId, body.length])).toEqual([
    ['one', 0],
    ['two', 14],
    ['three', 3000],
  ]);
  expect(read.messages[1]!.body.toString()).toBe('hello\r\n\r\nworld');
  expect(read.messages[2]!.body.toString()).toBe('x'.repeat(3000));
  expect(read.faults).toEqual([]);
  expect(read.parser.partial).toBe(false);
}

test.each([1, 2, 3, 7, 64, 1000, 100_000])('three messages in pieces of %d bytes', (size) => {
  const read = reader();
  const bytes = Buffer.from(three);
  for (let at = 0; at < bytes.length; at += size) read.parser.push(bytes.subarray(at, at + size));
  expectThree(read);
});

test('cut at every single place', () => {
  const bytes = Buffer.from(three);
  for (let cut = 1; cut < bytes.length; cut += 1) {
    const read = reader();
    read.parser.push(bytes.subarray(0, cut));
    read.parser.push(bytes.subarray(cut));
    expectThree(read);
  }
});

test('bodies stay what they were while more comes in', () => {
  const read = reader();
  for (let i = 0; i < 50; i += 1) {
    const bytes = Buffer.from(text(`m${i}`, String(i).repeat(100)) + text('next', 'abc').slice(0, 40));
    for (let at = 0; at < bytes.length; at += 33) read.parser.push(bytes.subarray(at, at + 33));
    read.parser.push(Buffer.from(text('next', 'abc').slice(40)));
  }
  const bodies = read.messages.filter(({ callId }) => callId.startsWith('m')).map(({ body }) => body.toString());
  expect(bodies).toEqual(Array.from({ length: 50 }, (_, i) => String(i).repeat(100)));
});

test('keep-alives between messages: a double CRLF wants an answer, a single one is one', () => {
  const read = reader();
  read.parser.push(Buffer.from(`\r\n\r\n${text('one')}\r\n${text('two')}\r`));
  expect(read.pings).toBe(1);
  for (const piece of ['\n', '\r', '\n']) read.parser.push(Buffer.from(piece));
  expect(read.pings).toBe(2);
  expect(read.messages).toHaveLength(2);
  expect(read.parser.partial).toBe(false);
});

test('a fault within a framed message is told, and the next message is read', () => {
  const read = reader();
  read.parser.push(Buffer.from(text('bad', 'abc').replace('CSeq: 1', 'CSeq: x') + text('good')));
  expect(read.faults).toHaveLength(1);
  expect(read.faults[0]!.error).toMatchObject({ status: 400, request: { method: 'MESSAGE' } });
  expect(read.faults[0]!.raw).toMatch(/abc$/);
  expect(read.messages.map(({ callId }) => callId)).toEqual(['good']);
  expect(read.parser.broken).toBe(false);
});

test.each([
  ['no Content-Length', text('x').replace('l: 0\r\n', ''), 400],
  ['two Content-Lengths', text('x').replace('l: 0', 'l: 0\r\nContent-Length: 5'), 400],
  ['a negative Content-Length', text('x', '', '-1'), 400],
  ['a Content-Length that is no number', text('x', '', '1e3'), 400],
  ['a body over the limit', text('x', '', '5000'), 413],
  ['an enormous body', text('x', '', '99999999999999999999999999'), 400],
  ['a head over the limit', `MESSAGE sip:a@b SIP/2.0\r\nX: ${'y'.repeat(3000)}`, 513],
  ['a complete head over the limit', text('x').replace('To:', `X: ${'y'.repeat(3000)}\r\nTo:`), 513],
  ['what is no SIP', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
])('%s breaks the stream', (_, input, status) => {
  const read = reader({ maxHead: 2000, maxBody: 4000 });
  read.parser.push(Buffer.from(input + text('after')));
  expect(read.parser.broken).toBe(true);
  expect(read.faults.map(({ error }) => error.status)).toEqual([status]);
  expect(read.messages).toEqual([]);
  read.parser.push(Buffer.from(text('later')));
  expect(read.messages).toEqual([]);
  expect(read.parser.partial).toBe(false);
});

test('a head and a body exactly at the limits pass', () => {
  const head = text('x', '', '4000').length - 4;
  const read = reader({ maxHead: head, maxBody: 4000 });
  read.parser.push(Buffer.from(text('x', 'b'.repeat(4000))));
  expect(read.messages).toHaveLength(1);
});
