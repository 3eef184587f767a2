#!/usr/bin/env node
/**
 * What it costs to parse a SIP message, in microseconds of CPU: this server's parser, which checks every header that it acts on, against
 * that of drachtio-srf, which splits lines. A thousand messages of a kind, no two alike, over and over; both parsers in one process, one
 * round of each after the other. Run: npm run bench:parser -- [--rounds 67] [--seed 1] [--human]
 */
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { SipMessage } from '../../src/sipd/message/message';
import { parseDatagram } from '../../src/sipd/message/parse';
import { round } from './numbers';
import { makeMessages, messageKinds } from './parser-messages';

interface ForeignMessage {
  uri?: string;
  has(name: string): boolean;
  getParsedHeader(name: string): unknown;
}

interface Foreign {
  parser: { parseSipMessage(text: string, keepRaw: boolean): unknown; parseUri(text: string): unknown };
  Message: new (text: string) => ForeignMessage;
}

const load = createRequire(__filename);
const foreign: Foreign = {
  parser: load('drachtio-srf/lib/sip-parser/parser') as Foreign['parser'],
  Message: load('drachtio-srf/lib/sip-parser/message') as Foreign['Message'],
};

/** What is measured, in the order of the columns. All of them begin with the bytes. */
const subjects = {
  checked: (bytes: Buffer) => parseDatagram(bytes),
  asked: (bytes: Buffer) => ask(parseDatagram(bytes)),
  foreign: (bytes: Buffer) => foreign.parser.parseSipMessage(bytes.toString('utf8'), true),
  foreignAsked: (bytes: Buffer) => askForeign(new foreign.Message(bytes.toString('utf8'))),
} satisfies Record<string, (bytes: Buffer) => unknown>;

type Subject = keyof typeof subjects;
const names = Object.keys(subjects) as Subject[];

/** The parts that the server reads of every message; none of them may be optimised away, so they are handed back. */
function ask(message: SipMessage): unknown[] {
  const { via, from, to, cseq } = message;
  const target = message.kind === 'request' ? message.target : undefined;
  const { contact } = message;

  return [via, from, to, cseq, target, contact];
}

/** The same parts of the other. */
function askForeign(message: ForeignMessage): unknown[] {
  const parts = ['via', 'from', 'to', 'cseq'].map((name) => message.getParsedHeader(name));
  const target = message.uri === undefined ? undefined : foreign.parser.parseUri(message.uri);

  return [...parts, target, message.has('contact') ? message.getParsedHeader('contact') : undefined];
}

/** Times a message is parsed in one round. */
const passes = 5;
const variants = 1000;

/** Microseconds of CPU a message, by subject, of each round. */
function measure(messages: readonly Buffer[], rounds: number): Record<Subject, number[]> {
  const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Subject, number[]>;
  // The first rounds only warm up. Each round begins with another subject, so that none always follows the same one.
  for (let at = -3; at < rounds; at += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(at + 3 + turn) % names.length]!;
      const micros = once(subjects[name], messages);
      if (at >= 0) times[name].push(micros);
    }
  }

  return times;
}

let kept: unknown;

function once(run: (bytes: Buffer) => unknown, messages: readonly Buffer[]): number {
  const start = process.cpuUsage();
  for (let pass = 0; pass < passes; pass += 1) for (const bytes of messages) kept = run(bytes);
  const { user, system } = process.cpuUsage(start);

  return (user + system) / (passes * messages.length);
}

interface Spread {
  median: number;
  least: number;
  most: number;
}

function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;

  return { median: round(median), least: round(sorted[0]!), most: round(sorted.at(-1)!) };
}

interface Result extends Record<Subject, Spread> {
  message: string;
  /** Of the shortest, of the middle and of the longest message. */
  bytes: [number, number, number];
}

function bytesOf(messages: readonly Buffer[]): Result['bytes'] {
  const sizes = messages.map(({ length }) => length).sort((a, b) => a - b);

  return [sizes[0]!, sizes[sizes.length >> 1]!, sizes.at(-1)!];
}

function main(): void {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '67' },
      seed: { type: 'string', default: '1' },
      human: { type: 'boolean', default: false },
    },
  });
  const rounds = Number(values.rounds);
  const sets = messageKinds.map((kind, index) => ({
    kind,
    messages: makeMessages(kind, variants, Number(values.seed) + index),
  }));
  const results = sets.map(({ kind, messages }): Result => {
    const times = measure(messages, rounds);
    const spreads = Object.fromEntries(names.map((name) => [name, spread(times[name])])) as Record<Subject, Spread>;

    return { message: kind, bytes: bytesOf(messages), ...spreads };
  });
  if (kept === undefined) throw new Error('Nothing was parsed');
  const parsed = rounds * passes * variants * messageKinds.length;
  const report = {
    unit: 'us of CPU per message',
    rounds,
    parsed,
    node: process.version,
    cpu: cpus()[0]?.model,
    results,
  };
  process.stdout.write(values.human ? table(results) : `${JSON.stringify(report, undefined, 2)}\n`);
}

/** The results as a table in Markdown: medians, with the least and the most of the rounds. */
function table(results: readonly Result[]): string {
  const cell = ({ median, least, most }: Spread): string => `${median} (${least}-${most})`;
  const rows = results.map((one) => [
    one.message,
    one.bytes.join(' / '),
    ...names.map((name) => cell(one[name])),
    round(one.foreign.median / one.asked.median).toString(),
  ]);
  const titles = [
    'checked',
    'and parts asked for',
    'drachtio-srf',
    'and parts asked for',
    'drachtio-srf / ours with parts',
  ];
  const lines = [['message', 'bytes', ...titles], ['---', ...titles.map(() => '---'), '---'], ...rows];

  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

main();
