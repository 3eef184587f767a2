import { open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { SightlineError } from '../lib/errors';

/** What a terminal's screen can show; other files of the folder are not served. */
const types: Record<string, string> = {
  '.avif': 'image/avif',
  '.gif': 'image/gif',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.webp': 'image/webp',
};

/** A picture that an operator has changed is seen on the screens after this long, in seconds. */
const maxAge = 60;

/**
 * Serves the pictures of the site's folder `assets`: menus name them by URL. Open to everybody, as they are on the
 * screens that stand in public.
 *
 * @param folder The folder of the site in force; it need not exist.
 */
export function addAssetRoutes(server: FastifyInstance, folder: () => string): void {
  server.get('/assets/*', { schema: { hide: true } }, async (request, reply) => {
    const name = (request.params as { '*': string })['*'];
    const file = await openAsset(folder(), name);
    if (!file) throw new SightlineError('NOT_FOUND', 'The site has no such picture');

    return sendFile(request, reply, file, types[path.extname(name).toLowerCase()] ?? '');
  });
}

/** The file, opened; undefined when there is none, or it is not a picture, or not within the folder. */
async function openAsset(folder: string, name: string): Promise<FileHandle | undefined> {
  const steps = name.split('/');
  const odd = steps.some((step) => step === '' || step.startsWith('.') || /[\\\0]/.test(step));
  if (odd || !(path.extname(name).toLowerCase() in types)) return undefined;
  try {
    const [root, full] = await Promise.all([realpath(folder), realpath(path.join(folder, ...steps))]);
    // A link may lead elsewhere within the folder, but not out of it.
    return full.startsWith(root + path.sep) ? await open(full) : undefined;
  } catch {
    return undefined;
  }
}

async function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: FileHandle,
  type: string,
): Promise<FastifyReply> {
  const stat = await file.stat();
  const etag = `"${stat.size.toString(36)}-${Math.round(stat.mtimeMs).toString(36)}"`;
  void reply.headers({
    'cache-control': `public, max-age=${maxAge}`,
    'cross-origin-resource-policy': 'cross-origin',
    etag,
  });
  if (!stat.isFile() || request.headers['if-none-match'] === etag) {
    await file.close();
    if (stat.isFile()) return reply.code(304).send();
    throw new SightlineError('NOT_FOUND', 'The site has no such picture');
  }

  return reply.type(type).header('content-length', stat.size).send(file.createReadStream());
}
