import { Type, type Static } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../lib/logger';
import { apiOnly, bodyProblems, problems, requireApi } from './guard';

/** What every caller of the site is told first, for instance that a line is closed. */
export interface EmergencyMessage {
  /** The message by locale. */
  text: Record<string, string>;
  /** Callers are told and not let in; without it they go on to where they wanted. */
  refuse: boolean;
}

/** A message that was set at run time; it is in force until it is taken back, also after a restart. */
export interface EmergencyPort {
  get(): Promise<(EmergencyMessage & { /** ms since the epoch */ since: number }) | undefined>;
  /** Takes the place of an earlier one. @throws BAD_REQUEST for a locale that the site does not have */
  set(message: EmergencyMessage): Promise<unknown>;
  /** Does nothing when there is none. */
  clear(): Promise<unknown>;
}

const url = '/v1/emergency';
const mostLocales = 50;
const Text = Type.Record(
  Type.String({ pattern: '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}$' }),
  Type.String({ minLength: 1, maxLength: 500 }),
  {
    additionalProperties: false,
    minProperties: 1,
    maxProperties: mostLocales,
    description: 'The message by language, such as en or zh-TW',
  },
);
const Message = Type.Object(
  {
    text: Text,
    refuse: Type.Optional(Type.Boolean({ description: 'Callers are told and not let in; false by default' })),
  },
  { additionalProperties: false },
);
const View = Type.Object(
  {
    on: Type.Boolean({ description: 'A message is in force; the rest is there then' }),
    text: Type.Optional(Text),
    refuse: Type.Optional(Type.Boolean()),
    since: Type.Optional(Type.String({ format: 'date-time', description: 'Since when' })),
  },
  { description: 'The emergency message' },
);

/** The emergency message of the site; everything here needs the API token. */
export function addEmergencyRoutes(server: FastifyInstance, port: EmergencyPort, log: Logger): void {
  const schema = { tags: ['site'], security: apiOnly };
  server.get(
    url,
    { schema: { ...schema, summary: 'The emergency message in force', response: { 200: View, ...problems } } },
    (request) => {
      requireApi(request);

      return view(port);
    },
  );
  server.post(
    url,
    {
      schema: {
        ...schema,
        summary: 'Tell every caller a message first, or refuse them with it',
        body: Message,
        response: { 200: View, ...problems, ...bodyProblems },
      },
    },
    async (request) => {
      requireApi(request);
      const { text, refuse = false } = request.body as Static<typeof Message>;
      await port.set({ text, refuse });
      log.warn({ refuse, by: request.ip }, 'an emergency message was set by REST');

      return view(port);
    },
  );
  server.delete(
    url,
    {
      schema: {
        ...schema,
        summary: 'Take the emergency message back',
        response: { 204: { description: 'None is in force', type: 'null' }, ...problems, ...bodyProblems },
      },
    },
    async (request, reply) => {
      requireApi(request);
      await port.clear();
      log.warn({ by: request.ip }, 'the emergency message was taken back by REST');

      return reply.code(204).send();
    },
  );
}

async function view(port: EmergencyPort): Promise<Static<typeof View>> {
  const message = await port.get();
  if (!message) return { on: false };

  return { on: true, text: message.text, refuse: message.refuse, since: new Date(message.since).toISOString() };
}
