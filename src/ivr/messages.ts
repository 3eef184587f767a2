import { Type, type Static, type TObject } from '@sinclair/typebox';
import { FIELD_TYPES } from './model';

/**
 * The messages of the info package `visual-menu`, as JSON schemas. Keys that a schema does not name are tolerated on both sides,
 * so that either may learn new ones first. docs/visual-menu.md explains them to the makers of terminals.
 */

/** The most that one INFO body may hold, in bytes, so that the request stays in one UDP datagram (RFC 6086 section 8.3). */
export const MAX_BODY_BYTES = 1200;
/** The highest sequence number; a call never gets there. */
export const MAX_SEQ = 2 ** 31;
export const MAX_VALUE_LENGTH = 200;

const text = (maxLength: number, minLength = 0) => Type.String({ minLength, maxLength });
const id = () => text(120, 1);
const url = () => Type.String({ pattern: '^https?://', maxLength: 1000 });
const pair = (minimum: number, description: string) =>
  Type.Tuple([Type.Integer({ minimum }), Type.Integer({ minimum })], { description });

export const FieldMessage = Type.Object({
  name: id(),
  label: Type.String(),
  type: Type.Union(FIELD_TYPES.map((name) => Type.Literal(name))),
  required: Type.Boolean(),
  options: Type.Optional(Type.Array(Type.Object({ value: Type.String(), label: Type.String() }), { minItems: 1 })),
  value: Type.Optional(Type.Union([Type.String(), Type.Number()], { description: 'What was entered before' })),
  error: Type.Optional(Type.String({ description: 'What is wrong with the value, to be shown at the field' })),
});

export const FormMessage = Type.Object({
  fields: Type.Array(FieldMessage, { minItems: 1 }),
  submit: Type.String({ description: 'The label of the button' }),
});

const server = {
  page: Type.Object({
    type: Type.Literal('page'),
    id: id(),
    title: Type.String(),
    text: Type.Optional(Type.String()),
    image: Type.Optional(url()),
    items: Type.Array(Type.Object({ key: text(1, 1), label: Type.String(), icon: Type.Optional(Type.String()) })),
    form: Type.Optional(FormMessage),
    back: Type.Optional(Type.Boolean({ description: 'Whether a way back may be shown' })),
    part: Type.Optional(pair(1, 'Which part of how many, when a page was split')),
  }),
  queue: Type.Object({
    type: Type.Literal('queue'),
    queue: Type.String({ description: 'The name of the queue in the language of the call' }),
    position: Type.Integer({ minimum: 1 }),
    waiting: Type.Integer({ minimum: 1, description: 'How many wait, this person included' }),
    estimate: pair(0, 'The wait is likely between these, in seconds'),
    actions: Type.Array(Type.String(), { description: 'Which of leave, callback and home the terminal may send' }),
  }),
  connected: Type.Object({
    type: Type.Literal('connected'),
    agent: Type.Object({ name: Type.String(), photo: Type.Optional(url()) }),
    video: Type.Boolean(),
  }),
  push: Type.Object({
    type: Type.Literal('push'),
    ref: id(),
    kind: Type.Union(['image', 'video', 'text', 'link'].map((kind) => Type.Literal(kind as PushKind))),
    url: Type.Optional(url()),
    text: Type.Optional(Type.String()),
    title: Type.Optional(Type.String()),
  }),
  text: Type.Object({ type: Type.Literal('text'), from: Type.String(), text: Type.String() }),
  survey: Type.Object({ type: Type.Literal('survey'), id: id(), title: Type.String(), form: FormMessage }),
  end: Type.Object({ type: Type.Literal('end'), reason: Type.String() }),
};

const terminal = {
  choose: Type.Object({ type: Type.Literal('choose'), page: id(), item: text(8, 1) }),
  back: Type.Object({ type: Type.Literal('back') }),
  home: Type.Object({ type: Type.Literal('home') }),
  submit: Type.Object({
    type: Type.Literal('submit'),
    page: id(),
    values: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  }),
  leave: Type.Object({ type: Type.Literal('leave') }),
  callback: Type.Object({ type: Type.Literal('callback') }),
  text: Type.Object({ type: Type.Literal('text'), text: text(1000, 1) }),
  shown: Type.Object({ type: Type.Literal('shown'), ref: id() }),
  failed: Type.Object({ type: Type.Literal('failed'), ref: id(), reason: Type.String() }),
};

export type PushKind = 'image' | 'video' | 'text' | 'link';

/** What stands around every message: protocol version and sequence number. */
const Envelope = Type.Object({ v: Type.Literal(1), seq: Type.Integer({ minimum: 0, maximum: MAX_SEQ }) });

function enveloped<T extends Record<string, TObject>>(table: T): Record<keyof T, TObject> {
  const entries = Object.entries(table).map(([type, schema]) => [type, Type.Composite([Envelope, schema])]);

  return Object.fromEntries(entries) as Record<keyof T, TObject>;
}

export const serverSchemas = enveloped(server);
export const terminalSchemas = enveloped(terminal);

type Messages<T extends Record<string, TObject>> = { [K in keyof T]: Static<T[K]> }[keyof T];

/** A message to the terminal; `seq` is given when it is sent. */
export type ServerMessage = Messages<typeof server>;
export type ServerMessageType = keyof typeof server;
export type PageMessage = Static<typeof server.page>;
export type QueueMessage = Static<typeof server.queue>;
export type ConnectedMessage = Static<typeof server.connected>;
export type PushMessage = Static<typeof server.push>;
export type TextMessage = Static<typeof server.text>;
export type SurveyMessage = Static<typeof server.survey>;
export type EndMessage = Static<typeof server.end>;
export type FormMessage = Static<typeof FormMessage>;
export type FieldMessage = Static<typeof FieldMessage>;

/** What a terminal says, without its envelope. */
export type TerminalInput = Messages<typeof terminal>;
export type TerminalMessageType = keyof typeof terminal;
/** What a terminal says, with the sequence number it was sent under. */
export type TerminalMessage = TerminalInput & { readonly seq: number };
export type SequencedServerMessage = ServerMessage & { readonly seq: number };
export type SubmittedValues = Static<typeof terminal.submit>['values'];

/** All of it as one JSON schema for the makers of terminals (docs/schema/visual-menu.schema.json). */
export const messageSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: 'visual-menu.schema.json',
  title: 'Bodies of the info package visual-menu',
  // Not oneOf: a text of the server would pass for one of the terminal, too.
  anyOf: [{ $ref: '#/definitions/toTerminal' }, { $ref: '#/definitions/toServer' }],
  definitions: {
    toTerminal: { title: 'Messages to the terminal', oneOf: Object.values(serverSchemas) },
    toServer: { title: 'Messages to the server', oneOf: Object.values(terminalSchemas) },
  },
};
