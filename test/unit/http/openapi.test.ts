import { errorTable } from '../../../src/lib/errors';
import { bearer, eachListening } from './listening';

const start = eachListening();

interface Operation {
  summary?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  requestBody?: { required?: boolean; content: Record<string, { schema: object }> };
  parameters?: { name: string; in: string; required?: boolean; schema: object }[];
  responses: Record<string, { description?: string; content?: Record<string, { schema: object }>; headers?: object }>;
}

interface Document {
  openapi: string;
  info: { title: string; version: string };
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; securitySchemes: Record<string, { type: string; scheme: string }> };
}

async function load(): Promise<Document> {
  const server = await start();
  const answer = await server.fetch('/v1/openapi.json');
  expect(answer.status).toBe(200);

  return (await answer.json()) as Document;
}

function operations(document: Document): [name: string, operation: Operation][] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
}

/** Every `$ref` in a part of the document. */
function references(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];

  return Object.entries(part).flatMap(([key, value]) => (key === '$ref' ? [String(value)] : references(value)));
}

function at(document: unknown, pointer: string): unknown {
  return pointer
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>((part, step) => (part as Record<string, unknown> | undefined)?.[step], document);
}

describe('/v1/openapi.json', () => {
  test('has every route that is served, and no other', async () => {
    const document = await load();
    expect(
      operations(document)
        .map(([name]) => name)
        .sort(),
    ).toEqual([
      'delete /v1/emergency',
      'delete /v1/recordings/{id}',
      'delete /v1/seats/{id}/break',
      'delete /v1/seats/{id}/wrap-up',
      'delete /v1/snapshots/{id}',
      'delete /v1/tickets/{id}',
      'get /healthz',
      'get /readyz',
      'get /v1/calls',
      'get /v1/calls/{id}',
      'get /v1/emergency',
      'get /v1/metrics',
      'get /v1/openapi.json',
      'get /v1/queues',
      'get /v1/queues/{id}',
      'get /v1/recordings',
      'get /v1/recordings/{id}',
      'get /v1/recordings/{id}/parts/{part}',
      'get /v1/recordings/{id}/video',
      'get /v1/seats',
      'get /v1/seats/{id}',
      'get /v1/site',
      'get /v1/snapshots',
      'get /v1/snapshots/{id}',
      'get /v1/tickets/{id}',
      'get /v1/tickets/{id}/explanation',
      'post /v1/calls/{id}/recording',
      'post /v1/calls/{id}/snapshots',
      'post /v1/emergency',
      'post /v1/help-requests',
      'post /v1/seats/{id}/break',
      'post /v1/seats/{id}/login',
      'post /v1/seats/{id}/logout',
      'post /v1/seats/{id}/wrap-up',
      'post /v1/tickets/{id}/callback',
      'post /v1/tickets/{id}/priority',
      'post /v1/tickets/{id}/transfer',
      'put /v1/seats/{id}/next',
    ]);
  });

  test('is OpenAPI 3.1 in its parts: info, parameters, answers with descriptions, references that lead somewhere', async () => {
    const document = await load();
    expect(document.openapi).toBe('3.1.0');
    expect(document.info).toMatchObject({ title: 'Sightline', version: '1' });
    for (const reference of references(document))
      expect([reference, at(document, reference)]).toEqual([reference, expect.any(Object)]);
    const tags = new Set(document.tags.map(({ name }) => name));
    for (const [name, operation] of operations(document)) {
      expect([name, operation.summary]).toEqual([name, expect.stringMatching(/\w/)]);
      expect(operation.tags?.every((tag) => tags.has(tag))).toBe(true);
      const inPath = [...name.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const described = (operation.parameters ?? []).filter((one) => one.in === 'path');
      expect(described.map((one) => one.name)).toEqual(inPath);
      for (const parameter of described)
        expect(parameter).toMatchObject({ required: true, schema: { type: 'string' } });
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^[1-5]\d\d$/);
        expect(response.description).toEqual(expect.any(String));
        for (const content of Object.values(response.content ?? {})) expect(content.schema).toEqual(expect.any(Object));
      }
    }
  });

  test('names the schemes, and each route names those that open it', async () => {
    const document = await load();
    expect(document.components.securitySchemes).toMatchObject({
      token: { type: 'http', scheme: 'bearer' },
      terminal: { type: 'http', scheme: 'basic' },
    });
    const schemes = operations(document).map(([name, { security }]) => [
      name,
      security?.map((one) => Object.keys(one)[0]),
    ]);
    expect(Object.fromEntries(schemes)).toEqual({
      'get /healthz': [],
      'get /readyz': [],
      'get /v1/openapi.json': [],
      'get /v1/calls': ['token'],
      'get /v1/calls/{id}': ['token'],
      'post /v1/calls/{id}/recording': ['token'],
      'post /v1/calls/{id}/snapshots': ['token'],
      'get /v1/recordings': ['token'],
      'get /v1/recordings/{id}': ['token'],
      'get /v1/recordings/{id}/video': ['token'],
      'get /v1/recordings/{id}/parts/{part}': ['token'],
      'delete /v1/recordings/{id}': ['token'],
      'get /v1/snapshots': ['token'],
      'get /v1/snapshots/{id}': ['token'],
      'delete /v1/snapshots/{id}': ['token'],
      'get /v1/queues': ['token'],
      'get /v1/queues/{id}': ['token'],
      'get /v1/metrics': ['token'],
      'get /v1/site': ['token'],
      'get /v1/emergency': ['token'],
      'post /v1/emergency': ['token'],
      'delete /v1/emergency': ['token'],
      'get /v1/seats': ['token'],
      'get /v1/seats/{id}': ['token'],
      'post /v1/seats/{id}/break': ['token'],
      'delete /v1/seats/{id}/break': ['token'],
      'post /v1/seats/{id}/login': ['token'],
      'post /v1/seats/{id}/logout': ['token'],
      'post /v1/seats/{id}/wrap-up': ['token'],
      'delete /v1/seats/{id}/wrap-up': ['token'],
      'put /v1/seats/{id}/next': ['token'],
      'get /v1/tickets/{id}': ['token'],
      'get /v1/tickets/{id}/explanation': ['token'],
      'post /v1/tickets/{id}/transfer': ['token'],
      'post /v1/tickets/{id}/priority': ['token'],
      'post /v1/tickets/{id}/callback': ['token'],
      'delete /v1/tickets/{id}': ['token'],
      'post /v1/help-requests': ['token', 'terminal'],
    });
  });

  test('says which bodies may be left out', async () => {
    const document = await load();
    const bodies = operations(document).flatMap(([name, { requestBody }]) =>
      requestBody ? [[name, requestBody.required] as const] : [],
    );
    expect(Object.fromEntries(bodies)).toEqual({
      'post /v1/calls/{id}/recording': true,
      'post /v1/calls/{id}/snapshots': true,
      'post /v1/emergency': true,
      'post /v1/help-requests': true,
      'post /v1/seats/{id}/break': false,
      'post /v1/seats/{id}/login': false,
      'post /v1/seats/{id}/logout': false,
      'post /v1/seats/{id}/wrap-up': true,
      'post /v1/tickets/{id}/callback': false,
      'post /v1/tickets/{id}/priority': true,
      'post /v1/tickets/{id}/transfer': true,
      'put /v1/seats/{id}/next': true,
    });
    const wish = document.paths['/v1/seats/{id}/break']!.post!.requestBody!.content['application/json']!.schema;
    expect(wish).toMatchObject({ type: 'object', properties: { reason: { type: 'string' } } });
  });

  test('errors are problem+json with statuses of the error table', async () => {
    const document = await load();
    const statuses = new Set(Object.values(errorTable).map(({ http }) => String(http)));
    for (const [name, { responses, security }] of operations(document)) {
      for (const [status, { content }] of Object.entries(responses)) {
        if (Number(status) < 400 || name === 'get /readyz') continue;
        expect(statuses).toContain(status);
        expect(content).toEqual({ 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } });
      }
      if (security?.length)
        expect(Object.keys(responses)).toEqual(expect.arrayContaining(['401', '403', '500', '503']));
    }
    expect(document.paths['/v1/help-requests']!.post!.responses['503']!.headers).toHaveProperty('Retry-After');
  });

  test('the answers that it promises are those that come', async () => {
    const document = await load();
    const server = await start();
    for (const [name, { responses }] of operations(document)) {
      const [method, path] = name.split(' ') as [string, string];
      for (const headers of [{}, bearer]) {
        const answer = await server.fetch(path.replace('{id}', 'call_1'), { method, headers });
        expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining([String(answer.status)])]);
      }
    }
  });
});
