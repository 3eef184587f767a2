import swagger from '@fastify/swagger';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';

const head = {
  openapi: '3.1.0',
  info: {
    title: 'Sightline',
    version: '1',
    description:
      'Help requests, calls, recordings, queues, tickets and seats. Errors are problem+json with a code of the error table.',
  },
  tags: [
    { name: 'help', description: 'Asking for help' },
    { name: 'calls', description: 'Calls under way, and the records of ended ones' },
    { name: 'recordings', description: 'Recordings and snapshots of calls' },
    { name: 'queues', description: 'Queues with their counters and with who stands in them' },
    { name: 'tickets', description: 'People who wait or talk: why, whom they get, and what a supervisor may change' },
    { name: 'seats', description: 'Seats and what their agents do' },
    { name: 'site', description: 'The dialplan in force, and the emergency message' },
    { name: 'health', description: 'For load balancers and supervisors' },
  ],
  components: {
    securitySchemes: {
      token: { type: 'http' as const, scheme: 'bearer', description: 'The API token of the server' },
      terminal: { type: 'http' as const, scheme: 'basic', description: 'A terminal and its SIP password' },
    },
  },
};

interface BodyHolder {
  requestBody?: { required?: boolean; content: Record<string, { schema?: { type?: unknown } }> };
}

/**
 * What Fastify takes as nothing (`null`) is a body that is left out, which OpenAPI says by `required`; the generator writes
 * that every body is required.
 */
function openOptionalBodies<T extends { paths?: object }>(document: T): T {
  const items = Object.values(document.paths ?? {}) as Record<string, BodyHolder>[];
  for (const { requestBody } of items.flatMap((item) => Object.values(item))) {
    for (const content of Object.values(requestBody?.content ?? {})) {
      if (!requestBody || !Array.isArray(content.schema?.type) || !content.schema.type.includes('null')) continue;
      requestBody.required = false;
      content.schema = { ...content.schema, type: 'object' };
    }
  }

  return document;
}

/** Collects the description of every route that is added afterwards. */
export async function describeRoutes(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: head,
    transformObject: (document) => openOptionalBodies('openapiObject' in document ? document.openapiObject : {}),
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
