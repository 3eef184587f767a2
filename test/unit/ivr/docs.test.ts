import { readFileSync, writeFileSync } from 'node:fs';
import Ajv from 'ajv';
import { CONTENT_TYPE, parseServerMessage, parseTerminalMessage } from '../../../src/ivr/codec';
import { classifyInfo } from '../../../src/ivr/headers';
import { MAX_BODY_BYTES, messageSchema, serverSchemas, terminalSchemas } from '../../../src/ivr/messages';
import { inProject } from '../../../src/lib/paths';

const doc = readFileSync(inProject('docs', 'visual-menu.md'), 'utf8');
const schemaFile = inProject('docs', 'schema', 'visual-menu.schema.json');

function blocks(info: string): string[] {
  return [...doc.matchAll(new RegExp(`^\`\`\`${info}\\n([\\s\\S]*?)\\n\`\`\`$`, 'gm'))].map((match) => match[1] ?? '');
}

const examples = [
  ...blocks('json server').map((body) => ({ from: 'server', read: parseServerMessage, body })),
  ...blocks('json terminal').map((body) => ({ from: 'terminal', read: parseTerminalMessage, body })),
];

test.each(examples)('the example $body of the $from is a message and fits', ({ read, body }) => {
  expect(JSON.parse(body)).toEqual(read(CONTENT_TYPE, Buffer.from(body)));
  expect(Buffer.byteLength(body)).toBeLessThanOrEqual(MAX_BODY_BYTES);
});

test('every type of message has an example, and every JSON block says whose it is', () => {
  const typesOf = (from: string) =>
    new Set(
      examples
        .filter((example) => example.from === from)
        .map(({ body }) => (JSON.parse(body) as { type: string }).type),
    );
  expect(typesOf('server')).toEqual(new Set(Object.keys(serverSchemas)));
  expect(typesOf('terminal')).toEqual(new Set(Object.keys(terminalSchemas)));
  expect(doc.match(/^```json/gm)).toHaveLength(examples.length);
});

test('the requests shown have the headers of the package and the length they say', () => {
  const requests = blocks('sip').filter((text) => text.startsWith('INFO '));
  expect(requests.length).toBeGreaterThan(1);
  for (const text of requests) {
    const [head = '', body = ''] = text.split('\n\n');
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(head)?.[1];
    expect(classifyInfo(header('Info-Package'))).toBe('visual-menu');
    expect(header('Content-Type')).toBe(CONTENT_TYPE);
    expect(Number(header('Content-Length'))).toBe(Buffer.byteLength(body));
    const read = header('To')?.includes('1001') ? parseServerMessage : parseTerminalMessage;
    expect(read(header('Content-Type'), body)).toMatchObject({ v: 1 });
  }
});

test('the published schema is the one that bodies are checked against (UPDATE_SCHEMAS=1 writes it anew, prettier formats it)', () => {
  if (process.env.UPDATE_SCHEMAS === '1') writeFileSync(schemaFile, JSON.stringify(messageSchema));
  expect(JSON.parse(readFileSync(schemaFile, 'utf8'))).toEqual(JSON.parse(JSON.stringify(messageSchema)));
});

test('the published schema takes every example', () => {
  const takes = new Ajv({ strict: true }).compile(messageSchema);
  for (const { body } of examples) expect(takes(JSON.parse(body))).toBe(true);
  expect(takes({ v: 1, seq: 1, type: 'dance' })).toBe(false);
});
