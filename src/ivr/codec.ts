import { TextDecoder } from 'node:util';
import type { ErrorObject, ValidateFunction } from 'ajv';
import type { TObject } from '@sinclair/typebox';
import { SightlineError } from '../lib/errors';
import { ajv } from '../lib/schema';
import {
  MAX_BODY_BYTES,
  MAX_SEQ,
  serverSchemas,
  terminalSchemas,
  type SequencedServerMessage,
  type ServerMessage,
  type TerminalInput,
  type TerminalMessage,
} from './messages';

export const CONTENT_TYPE = 'application/visual-menu+json';

const utf8 = new TextDecoder('utf-8', { fatal: true });

type Readers = Readonly<Record<string, ValidateFunction>>;

const terminalReaders = readersOf(terminalSchemas);
/** Made at the first use: a server has none. */
let serverReaders: Readers | undefined;

/**
 * Reads the body of an INFO that a terminal sent.
 *
 * @throws SightlineError UNSUPPORTED_MEDIA_TYPE (415) for another content type or charset, BODY_TOO_LARGE (413) above 1,200 bytes,
 * BAD_REQUEST (400) when it is not UTF-8, not JSON, or not a message of this protocol version.
 */
export function parseTerminalMessage(contentType: string | undefined, body: Buffer | string): TerminalMessage {
  return read<TerminalMessage>(terminalReaders, contentType, body);
}

/** Reads a message of the server, as a terminal program does; errors as `parseTerminalMessage`. */
export function parseServerMessage(contentType: string | undefined, body: Buffer | string): SequencedServerMessage {
  serverReaders ??= readersOf(serverSchemas);

  return read<SequencedServerMessage>(serverReaders, contentType, body);
}

/** The JSON body of a message to the terminal. @throws SightlineError BODY_TOO_LARGE when it exceeds 1,200 bytes. */
export function encodeServerMessage(message: ServerMessage, seq: number): string {
  return encode(message, seq);
}

/** The JSON body of a message from a terminal, for programs that play one. @throws SightlineError as above. */
export function encodeTerminalMessage(message: TerminalInput, seq: number): string {
  return encode(message, seq);
}

/** How many bytes a string takes inside JSON, its quotes left out. */
export function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** The size of the body that a message makes under the longest sequence number. */
export function bodyBytes(message: ServerMessage): number {
  return Buffer.byteLength(enveloped(message, MAX_SEQ));
}

function enveloped(message: { type: string }, seq: number): string {
  const { type, ...rest } = message;

  return JSON.stringify({ v: 1, seq, type, ...rest });
}

function encode(message: { type: string }, seq: number): string {
  const body = enveloped(message, seq);
  const bytes = Buffer.byteLength(body);
  if (bytes > MAX_BODY_BYTES) {
    throw new SightlineError(
      'BODY_TOO_LARGE',
      `A '${message.type}' message of ${bytes} bytes does not fit into ${MAX_BODY_BYTES}`,
    );
  }

  return body;
}

function read<T>(readers: Readers, contentType: string | undefined, body: Buffer | string): T {
  checkContentType(contentType);
  const value = parseJson(body);
  const type = typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  const reader = typeof type === 'string' && Object.hasOwn(readers, type) ? readers[type] : undefined;
  if (!reader) throw new SightlineError('BAD_REQUEST', `The message has no known type: ${shorten(type)}`);
  if (!reader(value)) throw new SightlineError('BAD_REQUEST', `'${String(type)}': ${explain(reader.errors?.[0])}`);

  return value as T;
}

function checkContentType(contentType: string | undefined): void {
  const [type = '', ...params] = (contentType ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = params.find((param) => param.startsWith('charset='))?.slice('charset='.length);
  const known = charset === undefined || charset.replaceAll('"', '') === 'utf-8';
  if (type === CONTENT_TYPE && known) return;
  throw new SightlineError('UNSUPPORTED_MEDIA_TYPE', `The info package takes ${CONTENT_TYPE} in UTF-8 only`);
}

function parseJson(body: Buffer | string): unknown {
  const bytes = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  if (bytes > MAX_BODY_BYTES) {
    throw new SightlineError(
      'BODY_TOO_LARGE',
      `The body has ${bytes} bytes; the info package allows ${MAX_BODY_BYTES}`,
    );
  }
  try {
    return JSON.parse(typeof body === 'string' ? body : utf8.decode(body));
  } catch (cause) {
    throw new SightlineError('BAD_REQUEST', 'The body is not JSON in UTF-8', { cause });
  }
}

function explain(error: ErrorObject | undefined): string {
  if (!error) return 'does not match its schema';
  const allowed = error.keyword === 'const' ? ` ${JSON.stringify(error.params.allowedValue)}` : '';

  return `${error.instancePath || 'the message'} ${error.message ?? 'is wrong'}${allowed}`;
}

function shorten(value: unknown): string {
  return (JSON.stringify(value) ?? 'none').slice(0, 40);
}

function readersOf(schemas: Record<string, TObject>): Readers {
  return Object.fromEntries(Object.entries(schemas).map(([type, schema]) => [type, ajv.compile(schema)]));
}
