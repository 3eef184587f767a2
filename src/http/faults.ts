import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError } from 'fastify';
import { asSightlineError, SightlineError, type ErrorCode } from '../lib/errors';
import { problemOf, problemType } from './problem';

/** Errors of Fastify itself in terms of the error table, with what the asker can do about it. */
const ofFastify: Record<string, [code: ErrorCode, detail?: string]> = {
  FST_ERR_BAD_URL: ['BAD_REQUEST', 'The path of the URL is not well encoded'],
  FST_ERR_MAX_PARAM_LENGTH: ['NOT_FOUND'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 'Send application/json'],
  FST_ERR_CTP_INVALID_CONTENT_TYPE: ['UNSUPPORTED_MEDIA_TYPE', 'Send application/json'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['BAD_REQUEST', 'Content-Length and the body do not fit'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['BAD_REQUEST', 'The body is empty; send a JSON object'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['BAD_REQUEST', 'The body is not JSON'],
  FST_ERR_HANDLER_TIMEOUT: ['OVERLOADED', 'The answer took too long; try again'],
};

/** Whatever was thrown while a request was served, in terms of the error table. */
export function asHttpError(error: FastifyError | SightlineError): SightlineError {
  if (error instanceof SightlineError) return error;
  const known = ofFastify[error.code];
  if (known) return new SightlineError(...known);
  const { statusCode = 500 } = error;
  if (statusCode >= 400 && statusCode < 500) return new SightlineError('BAD_REQUEST');

  return asSightlineError(error);
}

const ofParser: Record<string, ErrorCode> = {
  HPE_HEADER_OVERFLOW: 'HEADER_TOO_LARGE',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'BODY_TOO_LARGE',
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
};

/** Answers what is no HTTP, or came too slowly, for which there is no request object; then ends the connection. */
export function answerBroken(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();

    return;
  }
  const problem = problemOf(new SightlineError(ofParser[error.code ?? ''] ?? 'BAD_REQUEST'));
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Error'}`,
    `Content-Type: ${problemType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
