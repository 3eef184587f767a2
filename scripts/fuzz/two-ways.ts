#!/usr/bin/env node
/**
 * Whether the two ways of reading a message come to the same: the quick one, which takes headers of the usual shape in one pass, and the
 * strict one, which parses each of them. Mutated messages are read by both; the verdict, the reason of a refusal, each header, each part
 * and the body have to be equal. Run: npm run proof:parser -- [--mutations 1000000] [--seed 1]
 */
import { parseArgs } from 'node:util';
import type { PartialRequest } from '../../src/sipd/message/errors';
import type { SipMessage } from '../../src/sipd/message/message';
import { parseDatagram, SipSyntaxError } from '../../src/sipd/message/parse';
import { makeMessages, messageKinds } from '../bench/parser-messages';
import { mutant } from './mutate';
import { Random } from './random';
import { readSeeds } from './seeds';

export interface TwoWays {
  /** How many mutated messages were taken, and how many refused. */
  taken: number;
  refused: number;
  /** Messages that the two ways read differently, at most a hundred. */
  findings: Finding[];
}

export interface Finding {
  bytes: Buffer;
  quick: string;
  strict: string;
}

type Parse = (bytes: Buffer, isQuick: boolean) => SipMessage;

/** What there is to see of a message, or of its refusal, as text. */
export function outcome(bytes: Buffer, isQuick: boolean, parse: Parse = parseDatagram): string {
  try {
    const message = parse(bytes, isQuick);

    return JSON.stringify(contentOf(message));
  } catch (thrown) {
    if (!(thrown instanceof SipSyntaxError)) throw thrown;
    const { status, reason, request } = thrown;

    return `${refusal}${JSON.stringify({ status, reason, request: request && partsOf(request) })}`;
  }
}

const refusal = 'refused: ';

function contentOf(message: SipMessage): unknown {
  const { kind, headers, body, callId, via, from, to, cseq } = message;
  const start =
    message.kind === 'request'
      ? [message.method, message.uri, message.target]
      : [String(message.status), message.reason];
  const contact = attempt(() => message.contact);

  return { kind, start, headers, callId, via, from, to, cseq, contact, body: body.toString('latin1') };
}

/** What a refused request carries for an answer. */
function partsOf({ method, uri, headers }: PartialRequest): unknown {
  return { method, uri, headers };
}

/** A Contact of `*` is well-formed and no address. */
function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (thrown) {
    if (thrown instanceof SipSyntaxError) return thrown.reason;
    throw thrown;
  }
}

/** Where the ways could part: what ends a part, what is nearly the usual shape, and what belongs to the rare ones. */
const pieces = [
  ...[
    ';',
    ',',
    '<',
    '>',
    '"',
    '\\',
    '@',
    ':',
    '[',
    ']',
    '%',
    '%20',
    ' ',
    '  ',
    '\t',
    '.',
    '..',
    '-',
    '_',
    '?',
    '=',
    '/',
  ],
  ...['*', '\0', '\x7f', '\x80', 'ü', '\xc3\xbc', '\xc3', '\\"', '\\\\', '\\ü', '\\\r', '\r\n', '\r\n ', '\r\n\r\n'],
  ...[
    '\n',
    '\r',
    '0',
    '00',
    '255',
    '256',
    '65535',
    '65536',
    '99999',
    '999999999',
    '1000000000',
    '4294967296',
    'a',
    'Z',
  ],
  ...[';lr', ';lr=1', ';ob', ';transport=tcp', ';Transport=tcp', ';user=phone', ';maddr=1.2.3.4', ';tag=x', ';TAG=x'],
  ...[';tag="x"', ';tag', ';q=0.5', ';expires=60', ';reg-id=1', ';+sip.instance="<urn:x>"', ';+sip.instance="é"'],
  ...[
    ';rport',
    ';rport=9',
    ';rport=0',
    ';branch=b',
    ';received=1.2.3.4',
    ';received=1.2.3',
    ';received=[::1]',
    '[::1]',
  ],
  ...[
    'sip:',
    'sips:',
    'SIP:',
    'tel:',
    '1.2.3.4',
    '1.2.3.4.5',
    '1.2.3',
    '01.2.3.4',
    '1.2.3.256',
    'SIP/2.0/',
    'sip/2.0/',
  ],
  ...[
    'SIP/2.0',
    'SIP/3.0',
    'INVITE',
    '"x" ',
    'x y ',
    '"" ',
    '"ü" ',
    "'",
    '`',
    '~',
    '(',
    ')',
    '&',
    '+',
    '$',
    '!',
    '|',
    '{',
  ],
];

/** Lines that the quick way knows, whole and nearly whole. */
const lines = [
  ...['Contact: *', 'Contact: <sip:a@b>, <sip:c@d>', 'm: "a, b" <sip:a@b>', 'Contact: <sip:a@b>;q=1;q=0', 'Contact:'],
  ...['Via: SIP/2.0/UDP a;branch=z9hG4bKa, SIP/2.0/TCP b;branch=z9hG4bKb', 'v: SIP/2.0/UDP a', 'Via:', 'Via: ,'],
  ...['l: 0', 'Content-Length: 4294967295', 'Max-Forwards: 0255', 'Max-Forwards: 256', 'i: a@b', 'CSeq: 01 INVITE'],
  ...['f: <sip:a@b>;tag=1', 'To: sip:a@b;tag=2', 'X-Own: "\x01"', 'X-Own: "\\\x01"', 'X-Own: ü', ' folded', 'X Own: 1'],
];

/** One or two changes that are small enough for the message to be nearly what it was. */
function gently(random: Random, seeds: readonly string[]): string {
  let text = random.pick(seeds);
  for (let changes = 1 + random.below(2); changes > 0; changes -= 1) {
    // Seldom in the body, which is the same for both.
    const headEnd = text.indexOf('\r\n\r\n');
    const length = headEnd < 0 || random.chance(20) ? text.length : headEnd;
    const at = random.below(length + 1);
    if (random.chance(6)) {
      const lineStart = text.lastIndexOf('\r\n', at);
      const put = `${random.pick(lines)}\r\n`;
      text = lineStart < 0 ? text : text.slice(0, lineStart + 2) + put + text.slice(lineStart + 2);
    } else {
      const put = random.chance(5) ? '' : random.pick(pieces);
      text = text.slice(0, at) + put + text.slice(at + random.below(4));
    }
  }

  return text;
}

/** Messages without a fault beside the corpora. */
function seedsOf(seed: number): string[] {
  const made = messageKinds.flatMap((kind, index) => makeMessages(kind, 300, seed + index));

  return made.map((bytes) => bytes.toString('latin1'));
}

/**
 * Reads so many mutated messages both ways. The same seed gives the same messages.
 * @param parse another reader of messages, for the proof to be proven by
 */
export function readTwoWays(mutations: number, seed: number, parse: Parse = parseDatagram): TwoWays {
  const random = new Random(seed);
  const plain = seedsOf(seed);
  const all = [...readSeeds().messages, ...plain];
  const report: TwoWays = { taken: 0, refused: 0, findings: [] };
  for (let done = 0; done < mutations && report.findings.length < 100; done += 1) {
    const text = random.chance(3) ? mutant(random, all) : gently(random, random.chance(4) ? all : plain);
    const bytes = Buffer.from(text, 'latin1');
    const quick = outcome(bytes, true, parse);
    const strict = outcome(bytes, false, parse);
    if (quick !== strict) report.findings.push({ bytes, quick, strict });
    if (strict.startsWith(refusal)) report.refused += 1;
    else report.taken += 1;
  }

  return report;
}

function main(): number {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { mutations: text, seed: text } });
  const mutations = Number(values.mutations ?? 1_000_000);
  const seed = Number(values.seed ?? 1);
  const began = Date.now();
  const { taken, refused, findings } = readTwoWays(mutations, seed);
  for (const { bytes, quick, strict } of findings.slice(0, 10)) {
    process.stdout.write(`${JSON.stringify(bytes.toString('latin1'))}\n  quick:  ${quick}\n  strict: ${strict}\n`);
  }
  process.stdout.write(
    `${taken + refused} mutated messages read both ways in ${Math.round((Date.now() - began) / 1000)} s (seed ${seed}): ` +
      `${taken} taken, ${refused} refused, ${findings.length} read differently\n`,
  );

  return findings.length === 0 ? 0 : 1;
}

if (require.main === module) process.exitCode = main();
