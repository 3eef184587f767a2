import { Child } from '../../../scripts/phone/child';
import { encodeNetstring, NetstringReader } from '../../support/netstring';
import { PcapReader } from '../../support/capture';

function node(script: string): Promise<Child> {
  return Child.start({ name: 'the child', command: process.execPath, args: ['-e', script] });
}

describe('child process', () => {
  test('lines are waited for, those already printed too, and it is stopped by a signal', async () => {
    const child = await node("console.log('one'); console.error('two'); setInterval(() => {}, 1000)");
    await child.waitForLine('two', (line) => (line === 'two' ? true : undefined));
    expect(await child.waitForLine('one', (line) => (line === 'one' ? 1 : undefined))).toBe(1);
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGTERM' });
    expect(await child.stop()).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('an end before the line is an error with exit code and last lines', async () => {
    const child = await node("console.log('no luck'); process.exit(3)");
    const waiting = child.waitForLine('success', () => undefined);
    await expect(waiting).rejects.toThrow(/exit code 3.*success[\s\S]*no luck/);
  });

  test('a line that does not come is an error after the time limit', async () => {
    const child = await node('setInterval(() => {}, 1000)');
    await expect(child.waitForLine('success', () => undefined, 20)).rejects.toThrow('20 ms for success');
    await child.stop('SIGKILL');
  });

  test('one that does not listen is killed after its grace', async () => {
    const child = await node("process.on('SIGTERM', () => {}); console.log('up'); setInterval(() => {}, 1000)");
    await child.waitForLine('up', (line) => (line === 'up' ? true : undefined));
    expect(await child.stop('SIGTERM', 50)).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('a program that does not exist is named', async () => {
    await expect(Child.start({ name: 'nothing', command: '/does/not/exist' })).rejects.toThrow(
      'nothing cannot be started',
    );
  });
});

test('netstrings are read however they are cut', () => {
  const bytes = Buffer.from(encodeNetstring('{"a":"ü"}') + encodeNetstring('') + encodeNetstring('x'.repeat(300)));
  const reader = new NetstringReader();
  const found = [...bytes].flatMap((byte) => reader.feed(Buffer.from([byte])));
  expect(found).toEqual(['{"a":"ü"}', '', 'x'.repeat(300)]);
  expect(() => new NetstringReader().feed(Buffer.from('a:b,'))).toThrow('not a netstring');
});

test('UDP datagrams are read from a pcap stream; other frames are passed over', () => {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b2c3d4, 0);
  const reader = new PcapReader();
  expect(reader.feed(header.subarray(0, 10))).toEqual([]);
  expect(reader.feed(Buffer.concat([header.subarray(10), record(17, 'hello'), record(6, 'tcp')]))).toEqual([
    { at: 7000.25, from: 5060, to: 5070, payload: Buffer.from('hello') },
  ]);
  expect(() => new PcapReader().feed(Buffer.alloc(24))).toThrow('not a pcap');
});

function record(protocol: number, payload: string): Buffer {
  const frame = Buffer.alloc(14 + 20 + 8 + payload.length);
  frame.writeUInt16BE(0x0800, 12);
  frame[14] = 0x45;
  frame[14 + 9] = protocol;
  frame.writeUInt16BE(5060, 34);
  frame.writeUInt16BE(5070, 36);
  frame.write(payload, 42);
  const head = Buffer.alloc(16);
  head.writeUInt32LE(7, 0);
  head.writeUInt32LE(250, 4);
  head.writeUInt32LE(frame.length, 8);

  return Buffer.concat([head, frame]);
}
