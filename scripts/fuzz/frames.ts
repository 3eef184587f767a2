import { frame as controlFrame } from '../../src/sipd/drachtio/frames';
import { mutant } from './mutate';
import type { Random } from './random';

const text = 1;
const opcodes = [0, text, 2, 3, 7, 8, 9, 10, 11, 15];
const badUtf8 = Buffer.from([0xc3, 0x28, 0xed, 0xa0, 0x80, 0xff]);

export interface Shape {
  opcode: number;
  fin: boolean;
  masked: boolean;
  reserved: number;
  /** What the frame says of its length; the true one unless it lies. */
  claimed?: bigint;
}

/** One frame of RFC 6455 section 5.2, as it should be or not. */
export function wsFrame(payload: Buffer, { opcode, fin, masked, reserved, claimed }: Shape): Buffer {
  const length = claimed ?? BigInt(payload.length);
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (reserved << 4) | opcode;
  let head: Buffer;
  if (length < 126n) {
    head = Buffer.from([first, mask | Number(length)]);
  } else if (length < 65_536n) {
    head = Buffer.from([first, mask | 126, 0, 0]);
    head.writeUInt16BE(Number(length), 2);
  } else {
    head = Buffer.from([first, mask | 127, ...Buffer.alloc(8)]);
    head.writeBigUInt64BE(length, 2);
  }
  if (!masked) return Buffer.concat([head, payload]);
  const key = Buffer.from([0x12, 0x34, 0x56, 0x78]);

  return Buffer.concat([head, key, payload.map((byte, index) => byte ^ key[index & 3]!)]);
}

/** A whole text message, masked as a client must. */
export const good: Shape = { opcode: text, fin: true, masked: true, reserved: 0 };
const lies = [0n, 125n, 126n, 65_535n, 65_536n, 400_000n, 0x7fff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn];

function faulty(random: Random): Shape {
  const shape = { ...good };
  const way = random.below(5);
  if (way === 0) shape.opcode = random.pick(opcodes);
  else if (way === 1) shape.masked = false;
  else if (way === 2) shape.fin = false;
  else if (way === 3) shape.reserved = 1 + random.below(7);
  else return { ...shape, claimed: random.pick(lies) };

  return shape;
}

/** One message in several frames, with control frames between them. */
function split(payload: Buffer, random: Random): Buffer[] {
  const cut = random.below(payload.length + 1);
  const control = { ...good, opcode: random.chance(4) ? 8 : 9 + random.below(2) };
  const between = Buffer.alloc(random.chance(4) ? 126 : random.below(20));

  return [
    wsFrame(payload.subarray(0, cut), { ...good, fin: false }),
    ...(random.chance(2) ? [wsFrame(between, control)] : []),
    wsFrame(payload.subarray(cut), { ...good, opcode: random.chance(5) ? text : 0 }),
  ];
}

/** What a browser gone wild sends after the handshake: messages in frames with and without faults. */
export function wsStream(random: Random, seeds: readonly string[]): Buffer {
  const frames: Buffer[] = [];
  for (let count = 1 + random.below(5); count > 0; count -= 1) {
    const message = Buffer.from(random.chance(3) ? random.pick(seeds) : mutant(random, seeds), 'latin1');
    const payload = random.chance(8) ? Buffer.concat([badUtf8, message]) : message;
    if (random.chance(3)) frames.push(...split(payload, random));
    else frames.push(wsFrame(payload, random.chance(2) ? good : faulty(random)));
  }
  const bytes = Buffer.concat(frames);

  return random.chance(6) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}

const request = 'OPTIONS sip:a@127.0.0.1:9 SIP/2.0\r\ncontent-length: 0\r\n\r\n';

/** Commands of an application, most of them about what is not there. */
export const controlSeeds: readonly string[] = [
  'id|ping',
  'id|route|invite',
  'id|remove_route|invite',
  `id|sip|||\r\n${request}`,
  'id|sip|dead-transaction|||\r\nSIP/2.0 200 OK\r\ncontact: <sip:b@127.0.0.1>\r\n\r\n',
  'id|sip|dead-transaction||\r\nCANCEL sip:a@127.0.0.1 SIP/2.0\r\n\r\n',
  'id|sip||dead-dialog;from-tag=1|\r\nINFO sip:placeholder SIP/2.0\r\ncontent-type: text/plain\r\n\r\nx',
  'id|sip||dead-dialog;from-tag=1|\r\nACK sip:placeholder SIP/2.0\r\n\r\n',
  'id|proxy|dead-transaction|remainInDialog|fullResponse|followRedirects|serial|1s|2s|sip:b@127.0.0.1:9',
  'id|authenticate|wrong|',
  'id|nonsense|x|y',
  '|',
  '',
];

const lengths = ['', '-1', '0', '0x10', '1e3', '99999999999999999999', '262145', ' 5', 'sip'];

/** A row of commands as bytes: whole, half, with wrong lengths, too large. */
export function controlStream(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const command = random.chance(3) ? random.pick(controlSeeds) : mutant(random, controlSeeds);
    if (random.chance(40)) parts.push(controlFrame(`id|sip|||\r\n${request}${'x'.repeat(300_000)}`));
    else if (random.chance(8)) parts.push(Buffer.from(`${random.pick(lengths)}#${command}`, 'latin1'));
    else parts.push(controlFrame('', Buffer.from(command, 'latin1')));
  }
  const bytes = Buffer.concat(parts);

  return random.chance(8) ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes;
}
