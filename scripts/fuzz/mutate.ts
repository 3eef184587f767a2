import { knownMethods } from '../../src/sipd/message/methods';
import type { Random } from './random';

/** A change to a text whose characters are octets (latin1). */
type Mutation = (text: string, random: Random, seeds: readonly string[]) => string;

const oddBytes = [
  ...['\0', '\x01', '\x7f', '\x80', '\xff', '\xc3\x28', '\t', '\n', '\r', '\r\n', '\r\n\r\n', '\r\n ', '\v', '\f'],
  ...['"', '\\', '<', '>', ';', ',', ':', '=', '@', '?', '[', ']', '%', '%00', '%zz', '/', '*', '|', '{', '}', '()'],
  ...[
    '"\\',
    ';tag=',
    ';branch=z9hG4bK',
    ';lr',
    ';rport',
    ';maddr=224.0.0.1',
    '::1',
    '[::1]',
    '..',
    ' ',
    '  ',
    '&',
    '$',
  ],
];

const oddNumbers = [
  ...['0', '-1', '+1', '00', '1e9', '0x10', '255', '256', '65535', '65536', '2147483647', '2147483648', '4294967295'],
  ...['4294967296', '9007199254740993', '18446744073709551616', '9'.repeat(20), '9'.repeat(400), '', ' ', 'NaN', '١'],
];

const names: [long: string, short: string][] = [
  ...([
    ['Via', 'v'],
    ['From', 'f'],
    ['To', 't'],
    ['Call-ID', 'i'],
    ['Contact', 'm'],
    ['Content-Length', 'l'],
    ['Content-Type', 'c'],
    ['Content-Encoding', 'e'],
    ['Subject', 's'],
    ['Supported', 'k'],
    ['Session-Expires', 'x'],
    ['Refer-To', 'r'],
    ['Event', 'o'],
  ] as [string, string][]),
  ...[
    'Route',
    'Record-Route',
    'Require',
    'Proxy-Require',
    'Max-Forwards',
    'CSeq',
    'RSeq',
    'RAck',
    'Min-SE',
    'Replaces',
  ].map((name): [string, string] => [name, name.toUpperCase()]),
  ...['Authorization', 'Expires', 'Path', 'Accept', 'Date', 'Warning', 'constructor', '__proto__'].map(
    (name): [string, string] => [name, name.toLowerCase()],
  ),
];

/** `X` is one that nobody knows. */
const methods = [...knownMethods, 'X'];

/** Cuts at a place and puts something between. */
function splice(text: string, at: number, remove: number, put: string): string {
  return text.slice(0, at) + put + text.slice(at + remove);
}

/** Works on the lines of the head; the body stays. */
function onLines(change: (lines: string[], random: Random) => void): Mutation {
  return (text, random) => {
    const end = text.indexOf('\r\n\r\n');
    const lines = (end < 0 ? text : text.slice(0, end)).split('\r\n');
    change(lines, random);

    return lines.join('\r\n') + (end < 0 ? '' : text.slice(end));
  };
}

const swapLines = onLines((lines, random) => {
  const a = random.below(lines.length);
  const b = random.below(lines.length);
  [lines[a], lines[b]] = [lines[b]!, lines[a]!];
});

const doubleLine = onLines((lines, random) => {
  const times = random.chance(20) ? 200 : 1 + random.below(3);
  const at = random.below(lines.length);
  lines.splice(at, 0, ...Array<string>(times).fill(lines[at]!));
});

const dropLine = onLines((lines, random) => {
  lines.splice(random.below(lines.length), 1);
});

const foldLine = onLines((lines, random) => {
  const at = random.below(lines.length);
  const line = lines[at]!;
  const cut = random.below(line.length + 1);
  lines[at] =
    `${line.slice(0, cut)}${'\r\n '.repeat(1 + (random.chance(10) ? random.below(100) : 0))}${line.slice(cut)}`;
});

/** A name in another spelling, or in the place of another header's. */
const renameLine = onLines((lines, random) => {
  const at = random.below(lines.length);
  const [long, short] = random.pick(names);
  const line = lines[at]!;
  const colon = line.indexOf(':');
  const blanks = random.chance(4) ? ' \t'.slice(random.below(3)) : '';
  lines[at] = `${random.chance(2) ? long : short}${blanks}:${colon < 0 ? line : line.slice(colon + 1)}`;
});

const addLine = onLines((lines, random) => {
  const [long] = random.pick(names);
  const value = [random.pick(oddNumbers), random.pick(oddBytes), '<sip:a@b;lr>', '*', 'a,b,,c', '"x" <sip:y>;z="\\"'];
  lines.splice(1 + random.below(lines.length), 0, `${long}: ${random.pick(value)}`);
});

const newMethod = onLines((lines, random) => {
  const method = random.pick(methods);
  lines[0] = lines[0]!.replace(/^\S+/, method);
  if (random.chance(2)) return;
  const cseq = lines.findIndex((line) => /^cseq/i.test(line));
  if (cseq >= 0) lines[cseq] = lines[cseq]!.replace(/\S+$/, method);
});

const badNumber: Mutation = (text, random) => {
  const numbers = [...text.matchAll(/\d+/g)];
  if (numbers.length === 0) return text;
  const match = random.pick(numbers);

  return splice(text, match.index, match[0].length, random.pick(oddNumbers));
};

const putOdd: Mutation = (text, random) =>
  splice(text, random.below(text.length + 1), random.below(3), random.pick(oddBytes));

const flipByte: Mutation = (text, random) =>
  splice(text, random.below(text.length + 1), 1, String.fromCharCode(random.below(256)));

const cutOff: Mutation = (text, random) => text.slice(0, random.below(text.length + 1));

const dropPart: Mutation = (text, random) => splice(text, random.below(text.length + 1), 1 + random.below(40), '');

const doublePart: Mutation = (text, random) => {
  const at = random.below(text.length + 1);
  const part = text.slice(at, at + 1 + random.below(60));

  return splice(text, at, 0, part.repeat(1 + random.below(4)));
};

/** A run of the same characters, now and then as long as a datagram takes. */
const longRun: Mutation = (text, random) => {
  const at = random.below(text.length + 1);
  const room = Math.max(0, 60_000 - text.length);
  const piece = random.pick(['a', ';a', ',', '"', '\\', '%41', ' ', '\r\n ', '<', '(', ':', '1', ';a=b', '\xff']);
  const length = Math.min(room, random.chance(30) ? 50_000 : random.below(600));

  return splice(text, at, 0, piece.repeat(Math.floor(length / piece.length)));
};

/** The head of one message with the tail of another. */
const cross: Mutation = (text, random, seeds) => {
  const other = random.pick(seeds);

  return text.slice(0, random.below(text.length + 1)) + other.slice(random.below(other.length + 1));
};

const mutations: readonly Mutation[] = [
  ...[swapLines, doubleLine, dropLine, foldLine, renameLine, renameLine, addLine, newMethod],
  ...[badNumber, badNumber, putOdd, putOdd, putOdd, flipByte, flipByte, cutOff, dropPart, doublePart, longRun, cross],
];

const longest = 65_000;

/** One to four changes to one of the seeds. Texts hold octets; what comes out fits into a datagram. */
export function mutant(random: Random, seeds: readonly string[]): string {
  let text = random.pick(seeds);
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) text = random.pick(mutations)(text, random, seeds);

  return text.length > longest ? text.slice(0, longest) : text;
}
