import { drawLadder } from '../../../src/sipd/trace/ladder';
import type { TraceEvent } from '../../../src/sipd/trace/event';

const local = { address: '127.0.0.1', port: 5060 };

function request(
  port: number,
  ms: number,
  direction: 'in' | 'out',
  method: string,
  seq = 1,
  callId = 'c1',
): TraceEvent {
  return event(
    port,
    ms,
    direction,
    `${method} sip:a@b SIP/2.0\r\nCall-ID: ${callId}\r\nCSeq: ${seq} ${method}\r\n\r\n`,
  );
}

function response(port: number, ms: number, direction: 'in' | 'out', status: string, cseq = '1 INVITE'): TraceEvent {
  const sdp = status.startsWith('200') ? 'Content-Type: application/sdp\r\n\r\nv=0\r\n' : '\r\n';

  return event(port, ms, direction, `SIP/2.0 ${status}\r\ni: c1\r\nCSeq: ${cseq}\r\n${sdp}`);
}

function event(port: number, ms: number, direction: 'in' | 'out', text: string): TraceEvent {
  const remote = { address: '127.0.0.1', port };

  return { at: 1_700_000_000_000 + ms, direction, transport: 'udp', local, remote, bytes: Buffer.from(text) };
}

test('a call as a ladder', () => {
  const names = { '127.0.0.1:5071': 'alice' };
  const call = [
    request(5071, 0, 'in', 'INVITE'),
    response(5071, 3, 'out', '100 Trying'),
    request(5072, 10, 'out', 'INVITE', 2),
    request(5072, 510, 'out', 'INVITE', 2),
    response(5072, 520, 'in', '200 OK', '2 INVITE'),
    request(5071, 1_530, 'in', 'ACK'),
  ];
  expect(drawLadder(call, { names })).toBe(
    [
      '                      alice                          sipd                   udp 127.0.0.1:5072',
      '    0.000                |--------- INVITE 1 --------->|                             |',
      '    0.003                |<-- 100 Trying (INVITE 1) ---|                             |',
      '    0.010                |                             |--------- INVITE 2 --------->|',
      '    0.510                |                             |------ INVITE 2 again ------>|',
      '    0.520                |                             |<- 200 OK (INVITE 2) + SDP --|',
      '    1.530                |---------- ACK 1 ----------->|                             |',
      '',
    ].join('\n'),
  );
});

test('one call alone', () => {
  const both = [request(5071, 0, 'in', 'INVITE'), request(5071, 1, 'in', 'MESSAGE', 7, 'c2')];
  const ladder = drawLadder(both, { callId: 'c2' });
  expect(ladder).toContain('MESSAGE 7');
  expect(ladder).not.toContain('INVITE');
});

test('many far ends, long addresses and long numbers stay within the width', () => {
  const many = Array.from({ length: 9 }, (_one, index) =>
    request(5071 + index, index, 'in', 'SUBSCRIBE', 2_147_483_647),
  );
  const far = { ...many[0]!, remote: { address: '2001:db8:1234:5678:9abc:def0:1234:5678', port: 65_535 } };
  for (const width of [76, 80, 100, 160]) {
    const lines = drawLadder([far, ...many], { width }).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width);
  }
  expect(drawLadder(many)).toMatch(/others\n/);
  expect(drawLadder(many)).toContain('SUBSCRIBE 2147483647 127.0.0.1:5079');
});

test('what cannot be read is named, and cannot move the cursor', () => {
  const bad = { ...event(5071, 0, 'in', '\x1b[2J\x07 x\r\n\r\n'), fault: 'Not a SIP message' };
  const odd = event(5071, 1, 'in', '\x1b[2Jx sip:a SIP/2.0\r\n\r\n');
  const ladder = drawLadder([bad, odd]);
  expect(ladder).toContain('malformed: Not a SIP me');
  expect(ladder.replace(/\n/g, '')).toMatch(/^[\x20-\x7e…]*$/);
});

test('no messages', () => {
  expect(drawLadder([])).toBe('no messages\n');
});
