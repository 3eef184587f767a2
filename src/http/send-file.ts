import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SightlineError } from '../lib/errors';

/** A file to be sent: `sha256` in hexadecimal is that of the whole. */
export interface SentFile {
  /** Whole path. */
  path: string;
  type: string;
  sha256: string;
}

/** The first and the last byte that are sent. */
export interface Range {
  from: number;
  to: number;
}

/**
 * Reads a Range header (RFC 9110 section 14.2). What cannot be read, or asks for several parts at once, is ignored, as the section
 * allows: then the whole is sent.
 *
 * @throws SightlineError RANGE_NOT_SATISFIABLE
 */
export function readRange(header: string | undefined, size: number): Range | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  const [, first = '', last = ''] = match ?? [];
  if (!match || (first === '' && last === '')) return undefined;
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  // Without a first byte it is the length of the end.
  const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (from > to) throw new SightlineError('RANGE_NOT_SATISFIABLE', `The file has ${size} bytes`);

  return { from, to };
}

/** Sends a file, or the range of it that is asked for. @throws SightlineError RANGE_NOT_SATISFIABLE, MEDIA_GONE */
export async function sendFile(request: FastifyRequest, reply: FastifyReply, file: SentFile): Promise<FastifyReply> {
  const handle = await openFile(file.path);
  try {
    const { size } = await handle.stat();
    const etag = `"${file.sha256}"`;
    void reply.headers({
      'accept-ranges': 'bytes',
      'content-disposition': `inline; filename="${path.basename(file.path)}"`,
      etag,
      // RFC 9530: of the whole, also where a part is sent.
      'repr-digest': `sha-256=:${Buffer.from(file.sha256, 'hex').toString('base64')}:`,
    });
    if (request.headers['if-none-match'] === etag) {
      await handle.close();

      return await reply.code(304).send();
    }
    const range = rangeOf(request, reply, etag, size);

    return await send(request, reply.type(file.type), handle, range ?? { from: 0, to: size - 1 });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    // Nobody can put a link in its place between the look and the opening.
    return await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (error) {
    throw new SightlineError('MEDIA_GONE', 'The file is not there any more', { cause: error });
  }
}

function rangeOf(request: FastifyRequest, reply: FastifyReply, etag: string, size: number): Range | undefined {
  const condition = request.headers['if-range'];
  // Whoever has a part of another file must not put this one behind it (RFC 9110 section 13.1.5).
  if (condition !== undefined && condition !== etag) return undefined;
  try {
    const range = readRange(request.headers.range, size);
    if (range) void reply.code(206).header('content-range', `bytes ${range.from}-${range.to}/${size}`);

    return range;
  } catch (error) {
    void reply.header('content-range', `bytes */${size}`);
    throw error;
  }
}

async function send(
  request: FastifyRequest,
  reply: FastifyReply,
  handle: FileHandle,
  { from, to }: Range,
): Promise<FastifyReply> {
  const bytes = Math.max(0, to - from + 1);
  void reply.header('content-length', bytes);
  if (request.method === 'HEAD' || bytes === 0) {
    await handle.close();

    return reply.send(Readable.from([]));
  }

  return reply.send(handle.createReadStream({ start: from, end: to, highWaterMark: 256 * 1024 }));
}
