import { createSocket } from 'node:dgram';
import { describe as described, HOST, nextRtp, open, openWires, ready, rtpPacket, until } from './ends';

/** A ClientHello of DTLS 1.2 whose only cipher suite is TLS_NULL_WITH_NULL_NULL. */
function nullHello(): Buffer {
  const body = Buffer.concat([
    Buffer.from('fefd', 'hex'),
    Buffer.alloc(32, 7),
    Buffer.from('00000002000001000000', 'hex'),
  ]);
  const length = Buffer.alloc(3);
  length.writeUIntBE(body.length, 0, 3);
  const message = Buffer.concat([Buffer.of(1), length, Buffer.from('0000000000', 'hex'), length, body]);
  const size = Buffer.alloc(2);
  size.writeUInt16BE(message.length, 0);

  return Buffer.concat([Buffer.from('16feff0000000000000000', 'hex'), size, message]);
}

const plain = ['a=ice', 'a=candidate', 'a=end'];

test.each(['with', 'without'] as const)(
  "a stranger's hello before the handshake ends no call, %s ICE (GHSA-39gv-hq72-j6m6, GHSA-hxj9-xwr8-w8pq)",
  async (ice) => {
    const cut = (lines: readonly string[]): string[] =>
      lines.filter((line) => ice === 'with' || !plain.some((start) => line.startsWith(start)));
    const caller = await openWires('dtls', [{ kind: 'audio', mid: '0' }]);
    const made = described(caller, caller.wires[0]!, ['a=mid:0', 'a=rtpmap:0 PCMU/8000']);
    const offer = { ...made, lines: cut(made.lines).map((line) => line.replace('setup:actpass', 'setup:active')) };
    const callee = await openWires('dtls', [{ kind: 'audio', mid: '0', offer }]);
    const failures: string[] = [];
    callee.wires[0]!.onFailed((reason) => failures.push(reason));
    await callee.wires[0]!.connect(offer);
    const stranger = createSocket('udp4');
    const send = (bytes: Buffer): Promise<void> =>
      new Promise((resolve) => stranger.send(bytes, callee.wires[0]!.port, HOST, () => resolve()));
    for (let round = 0; round < 20; round += 1) await send(nullHello());
    const answer = described(callee, callee.wires[0]!, ['a=mid:0', 'a=rtpmap:0 PCMU/8000']);
    await caller.wires[0]!.connect({ ...answer, lines: cut(answer.lines) });
    await ready(caller.wires[0]!, callee.wires[0]!);
    const heard = nextRtp(callee.wires[0]!);
    caller.wires[0]!.sendRtp(rtpPacket());
    expect(await heard).toEqual([rtpPacket()]);
    expect(failures).toEqual([]);
    await Promise.all([caller.close(), callee.close()]);
    await new Promise<void>((resolve) => stranger.close(resolve));
    expect(open.size).toBe(0);
  },
);

/** A fatal alert (handshake_failure) that nothing protects, and application data of no key. */
const alert = Buffer.from('15fefd0000000000000000000202' + '28', 'hex');
const data = Buffer.from('17fefd00010000000000000008' + '00'.repeat(8), 'hex');

test('hellos and alerts of an address that ICE knows nothing of, before, during and after the handshake, change nothing (GHSA-39gv, GHSA-jh42)', async () => {
  const caller = await openWires('dtls', [{ kind: 'audio', mid: '0' }]);
  const offer = described(caller, caller.wires[0]!, ['a=mid:0', 'a=rtpmap:0 PCMU/8000']);
  const callee = await openWires('dtls', [{ kind: 'audio', mid: '0', offer }]);
  const [one, other] = [caller.wires[0]!, callee.wires[0]!];
  const failures: string[] = [];
  for (const wire of [one, other]) wire.onFailed((reason) => failures.push(reason));
  const stranger = createSocket('udp4');
  let heard = 0;
  stranger.on('message', () => (heard += 1));
  const send = (bytes: Buffer, port: number): Promise<void> =>
    new Promise((resolve) => stranger.send(bytes, port, HOST, () => resolve()));
  /** Resolves when both ends have refused all of it, so that it was surely looked at. */
  const disturb = async (): Promise<void> => {
    const before = [one.refused, other.refused];
    for (const bytes of [nullHello(), alert, data]) for (const { port } of [one, other]) await send(bytes, port);
    await until('that all was refused', () => one.refused >= before[0]! + 3 && other.refused >= before[1]! + 3);
  };
  await disturb();
  await other.connect(offer);
  await disturb();
  const isReady = ready(one, other);
  let isOver = false;
  void isReady.finally(() => (isOver = true));
  await one.connect(described(callee, other, ['a=mid:0', 'a=rtpmap:0 PCMU/8000']));
  let during = 0;
  for (; !isOver; during += 1) await disturb();
  await isReady;
  expect(during).toBeGreaterThan(0);
  await disturb();
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const packets = nextRtp(to);
    from.sendRtp(rtpPacket());
    expect(await packets).toEqual([rtpPacket()]);
  }
  // Nobody talks to him, and nobody gave up.
  expect([failures, heard]).toEqual([[], 0]);
  await Promise.all([caller.close(), callee.close()]);
  await new Promise<void>((resolve) => stranger.close(resolve));
  expect(open.size).toBe(0);
});
