import swagger from '@fastify/swagger';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';

const head = {
  openapi: '3.1.0',
  info: {
    title: 'Sightline',
    version: '1',
    description: 'Help requests, calls, recordings and queues. Errors are problem+json with a code of the error table.',
  },
  tags: [
    { name: 'help', description: 'Asking for help' },
    { name: 'calls', description: 'Calls under way, and the records of ended ones' },
    { name: 'recordings', description: 'Recordings and snapshots of calls' },
    { name: 'queues', description: 'Queues, seats and the dialplan in force' },
    { name: 'health', description: 'For load balancers and supervisors' },
  ],
  components: {
    securitySchemes: {
      token: { type: 'http' as const, scheme: 'bearer', description: 'The API token of the server' },
      terminal: { type: 'http' as const, scheme: 'basic', description: 'A terminal and its SIP password' },
    },
  },
};

/** Collects the description of every route that is added afterwards. */
export async function describeRoutes(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: head,
    refResolver: { buildLocalReference: (schema, _base, _fragment, index) => String(schema.$id ?? `part-${index}`) },
  });
}

/** Serves the description of all routes, itself included. */
export function addDocumentRoute(server: FastifyInstance): void {
  server.get(
    '/v1/openapi.json',
    {
      schema: {
        tags: ['health'],
        summary: 'This document',
        security: [],
        response: { 200: Type.Object({}, { additionalProperties: true, description: 'An OpenAPI 3.1 document' }) },
      },
    },
    () => Promise.resolve(server.swagger()),
  );
}
