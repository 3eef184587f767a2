import { Type } from '@sinclair/typebox';
import type { Static } from '@sinclair/typebox';
import { SightlineError } from '../lib/errors';
import { ajv } from '../lib/schema';

export const helpRequestType = 'application/help-request+json';
export const routingNumberType = 'application/routing-number+json';

/** The largest help request taken, in bytes. */
export const helpRequestLimit = 8_192;

const HelpRequestBody = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  service: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  locale: Type.Optional(Type.String({ minLength: 1, maxLength: 35 })),
  place: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
  context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

/** What a terminal says when it asks for help. */
export type HelpRequest = Static<typeof HelpRequestBody>;

const isHelpRequest = ajv.compile<HelpRequest>(HelpRequestBody);

/**
 * Reads the body of a help request. Fields that are not of this version are passed over.
 * @throws SightlineError UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, BAD_REQUEST with what is wrong.
 */
export function readHelpRequest(contentType: string | undefined, body: string | undefined): HelpRequest {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type !== helpRequestType) {
    throw new SightlineError('UNSUPPORTED_MEDIA_TYPE', `A help request is sent as ${helpRequestType}`);
  }
  if (Buffer.byteLength(body ?? '') > helpRequestLimit) {
    throw new SightlineError('BODY_TOO_LARGE', `A help request has at most ${helpRequestLimit} bytes`);
  }
  const value = parseJson(body ?? '');
  if (!isHelpRequest(value)) throw new SightlineError('BAD_REQUEST', `The help request has a fault: ${firstFault()}`);
  const { id, service, locale, place, context } = value;

  return { id, service, locale, place, context };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new SightlineError('BAD_REQUEST', 'The help request is not JSON');
  }
}

function firstFault(): string {
  const [fault] = isHelpRequest.errors ?? [];

  return `${fault?.instancePath || 'it'} ${fault?.message ?? 'cannot be read'}`;
}

/** What a terminal is told: the number to dial, or why there is none. */
export type HelpAnswer =
  | { request: string; number: string; uri: string; expires: number; service: string }
  | { request: string; error: { code: string; retryAfter?: number } };

/** The body of the MESSAGE to a terminal, in ASCII: drachtio-srf counts characters where SIP counts bytes. */
export function helpAnswerBody(answer: HelpAnswer): string {
  return JSON.stringify(answer).replace(
    /[\u007f-\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
