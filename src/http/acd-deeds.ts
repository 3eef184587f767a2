import { Type, type Static, type TObject, type TProperties, type TSchema, type TUnsafe } from '@sinclair/typebox';
import { SightlineError, type ErrorCode } from '../lib/errors';
import { bodyProblems, problem, problems } from './guard';

/** Names become parts of keys; see `checkName` of the ACD. */
const id = Type.String({ pattern: '^[^\\s,:|{}]{1,64}$' });
export const IdParams = Type.Object({ id });

/** The name of something else in a body, with the limits of those in a path. */
export const name = (description: string): ReturnType<typeof Type.String> => Type.String({ ...id, description });

export const reason = Type.Optional(
  Type.String({ minLength: 1, maxLength: 64, description: 'Why; shown with the seat' }),
);

/** One of these words. */
export function oneOf<T extends string>(words: readonly T[], description: string): TUnsafe<T> {
  return Type.Unsafe<T>({ type: 'string', enum: [...words], description });
}

/** A body that may be left out. The document says so as well: see `openOptionalBodies` of openapi.ts. */
export function optionalBody<T extends TProperties>(fields: T): TUnsafe<Static<TObject<T>> | null | undefined> {
  const whole: TSchema = Type.Object(fields, { additionalProperties: false });

  return Type.Unsafe({ ...whole, type: ['object', 'null'] });
}

export const noBody = optionalBody({});

/** Answers of a route that changes a seat or a ticket, besides its own. */
export const changing = {
  ...problems,
  ...bodyProblems,
  409: problem('Its state does not allow that; `state` has it as it is'),
};

/**
 * Does something to a seat or a ticket. What the state did not allow is refused as WRONG_STATE with the thing as it is
 * now, so that the asker need not ask again.
 *
 * @param look What it is by now, as REST shows it. It throws when there is no such thing.
 * @param codes The errors that mean a wrong state.
 */
export async function withState(
  deed: () => Promise<unknown>,
  look: () => Promise<object>,
  codes: readonly ErrorCode[] = ['WRONG_STATE'],
): Promise<void> {
  try {
    await deed();
  } catch (error) {
    if (!(error instanceof SightlineError) || !codes.includes(error.code)) throw error;
    throw new SightlineError('WRONG_STATE', error.message, { state: await look(), cause: error });
  }
}
