import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { parseAddresses, parseCSeq, parseNameAddr, parseUri, parseVia } from '../../../src/sipd/message/grammar';
import { parseDatagram, SipSyntaxError, StreamParser } from '../../../src/sipd/message/parse';
import { toBuffer } from '../../../src/sipd/message/serialize';
import { checkRequest } from '../../../src/sipd/transaction/checks';
import { faultResponse } from '../../../src/sipd/transaction/faults';
import { clientKey, mergeKey, serverKey } from '../../../src/sipd/transaction/keys';
import { stampFaulty, stampVia } from '../../../src/sipd/transport/via';

const data = path.join(__dirname, '../../data/sip');
const seeds = ['rfc4475', 'rfc5118'].flatMap((folder) =>
  readdirSync(path.join(data, folder)).map((file) => {
    const text = readFileSync(path.join(data, folder, file), 'latin1');

    return Buffer.from(text.includes('\r') ? text : text.replace(/\n/g, '\r\n'), 'latin1');
  }),
);
const source = { address: '192.0.2.77', port: 4321 };

/** One change to a message: bytes replaced, left out, put in, or doubled. */
const edit = fc.record({
  // Without its bias towards small numbers, which would hit the start line nearly always.
  at: fc.noBias(fc.integer({ min: 0, max: 999_999 })).map((part) => part / 1_000_000),
  kind: fc.constantFrom('replace', 'remove', 'insert', 'double'),
  length: fc.integer({ min: 1, max: 40 }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 8 }).map((bytes) => Buffer.from(bytes)),
    fc
      .constantFrom(
        ...['\r\n', '\r\n\r\n', '\n', '\0', ';', ',', '<', '>', '"', '\\', '@', ':', '[', ']', '%', ';tag=', ' '],
      )
      .map((text) => Buffer.from(text)),
  ),
});

const mutant = fc
  .record({ seed: fc.constantFrom(...seeds), edits: fc.array(edit, { minLength: 1, maxLength: 6 }) })
  .map(({ seed, edits }) => edits.reduce(apply, seed));

function apply(
  bytes: Buffer,
  { at, kind, length, bytes: put }: { at: number; kind: string; length: number; bytes: Buffer },
): Buffer {
  const start = Math.floor(at * bytes.length);
  const before = bytes.subarray(0, start);
  const rest = bytes.subarray(start);
  if (kind === 'remove') return Buffer.concat([before, rest.subarray(length)]);
  if (kind === 'insert') return Buffer.concat([before, put, rest]);
  if (kind === 'double') return Buffer.concat([before, rest.subarray(0, length), rest]);

  return Buffer.concat([before, put, rest.subarray(put.length)]);
}

/** All that happens to a datagram before anybody else sees it. */
function digest(bytes: Buffer): 'message' | 'fault' {
  try {
    const message = parseDatagram(bytes);
    if (message.kind === 'request') {
      stampVia(message, source);
      serverKey(message);
      mergeKey(message);
      checkRequest(message, { extensions: [] }, false);
      expect(message.via.received ?? message.via.host).toBe(source.address);
    } else {
      clientKey(message);
    }
    // What was taken is taken again when a next hop reads what we write.
    expect([...parseDatagram(toBuffer(message)).headers]).toEqual([...message.headers]);

    return 'message';
  } catch (thrown) {
    if (!(thrown instanceof SipSyntaxError)) throw thrown;
    if (thrown.request) {
      stampFaulty(thrown.request.headers, source);
      const response = faultResponse(thrown.request, thrown.status, thrown.reason);
      // An answer has as many lines as headers: nothing of the input breaks out of its own.
      if (response) expect(toBuffer(response).toString('latin1').split('\r\n')).toHaveLength(response.headers.size + 3);
    }

    return 'fault';
  }
}

test('datagrams: nothing but SipSyntaxError is ever thrown', () => {
  const seen = { message: 0, fault: 0 };
  fc.assert(
    fc.property(mutant, (bytes) => {
      seen[digest(bytes)] += 1;
    }),
    { numRuns: 3000 },
  );
  // The mutations are mild enough that both ways are walked often.
  expect(Math.min(seen.message, seen.fault)).toBeGreaterThan(100);
});

test('random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      digest(Buffer.from(bytes));
    }),
    { numRuns: 1000 },
  );
});

test('streams: any cut of the bytes gives the same messages and faults', () => {
  const cuts = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(fc.array(mutant, { minLength: 1, maxLength: 3 }), cuts, (mutants, sizes) => {
      const bytes = Buffer.concat(mutants);
      const read = (pieces: Iterable<Buffer>): string[] => {
        const seen: string[] = [];
        const parser = new StreamParser(
          {
            message: (message) => seen.push(`${message.kind} ${message.callId} ${message.body.toString('latin1')}`),
            malformed: (error) => seen.push(`${error.status} ${error.reason}`),
            ping: () => seen.push('ping'),
          },
          { maxHead: 8192, maxBody: 8192 },
        );
        for (const piece of pieces) parser.push(piece);

        return seen;
      };
      expect(read(cut(bytes, sizes))).toEqual(read([bytes]));
    }),
    { numRuns: 500 },
  );
});

function* cut(bytes: Buffer, sizes: number[]): Iterable<Buffer> {
  let at = 0;
  for (let i = 0; at < bytes.length; i += 1) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

test('the grammar of single values', () => {
  const parsers = [parseUri, parseNameAddr, parseVia, parseCSeq, (text: string) => parseAddresses([text])];
  const pieces = fc.array(
    fc.constantFrom(
      'sip:',
      'a',
      '@',
      'h',
      '<',
      '>',
      '"',
      ';',
      '=',
      ',',
      '\\',
      ':',
      '[',
      ']',
      '::1',
      '%41',
      '%',
      ' ',
      '\t',
      'SIP/2.0/UDP ',
      '5060',
      '?',
      'é',
      '\0',
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        pieces.map((parts) => parts.join('')),
        fc.string(),
      ),
      (text) => {
        for (const parse of parsers) {
          try {
            parse(text);
          } catch (thrown) {
            if (!(thrown instanceof SipSyntaxError)) throw thrown;
          }
        }
      },
    ),
    { numRuns: 5000 },
  );
});

test('hostile lengths cost no more than their length', () => {
  // Each of these makes a naive pattern try again from every place. They are read whole, hundreds of times, within the
  // time limit of a test.
  const long = 60_000;
  const hostile = [
    `<sip:${'a'.repeat(long)}`,
    `"${'\\a'.repeat(long / 2)}`,
    `<sip:a@h>${';a'.repeat(long / 2)}`,
    `${'a '.repeat(long / 2)}<`,
    `sip:${'%41'.repeat(2000)}`,
    `SIP/2.0/UDP ${' '.repeat(long)}`,
  ];
  for (const text of hostile) {
    for (let i = 0; i < 100; i += 1) {
      expect(() => parseNameAddr(text)).toThrow(SipSyntaxError);
      expect(() => parseVia(text)).toThrow(SipSyntaxError);
    }
  }
  const head = (line: string): Buffer => Buffer.from(`INVITE sip:a@b SIP/2.0\r\n${line}\r\n\r\n`, 'latin1');
  for (const line of [
    `X: ${'"'.repeat(long)}\x01`,
    `X: ${'\r\n '.repeat(long / 4)}`,
    `X: ${' '.repeat(long)}x\r\n y`,
    `X: ${'"\\'.repeat(long / 2)}\x01`,
  ]) {
    for (let i = 0; i < 20; i += 1) expect(digest(head(line))).toBe('fault');
  }
});
