import type { FastifyInstance, HTTPMethods } from 'fastify';
import { SightlineError } from '../lib/errors';

/**
 * Makes every path answer the methods that it does not have with 405 and an Allow header (RFC 9110 section 15.5.6);
 * Fastify alone would answer 404. Call `watch` before the routes are added and the function that it returns after.
 */
export function watchMethods(server: FastifyInstance): () => void {
  const methods = new Map<string, Set<string>>();
  server.addHook('onRoute', ({ url, method }) => {
    const known = methods.get(url) ?? new Set<string>();
    for (const one of [method].flat()) known.add(one);
    methods.set(url, known);
  });

  return () => {
    for (const [url, known] of [...methods]) refuseOthers(server, url, known);
  };
}

function refuseOthers(server: FastifyInstance, url: string, known: Set<string>): void {
  const allow = [...known].sort().join(', ');
  const others = server.supportedMethods.filter((method) => !known.has(method));
  const refuse = (): never => {
    throw new SightlineError('METHOD_NOT_ALLOWED', `Allowed here: ${allow}`);
  };
  server.route({
    url,
    method: others as HTTPMethods[],
    schema: { hide: true },
    // Before the body is read: whatever it is, it is not wanted.
    onRequest: async (_request, reply) => {
      void reply.header('allow', allow);
      refuse();
    },
    handler: refuse,
  });
}
