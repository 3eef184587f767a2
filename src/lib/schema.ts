import type { Static, TSchema } from '@sinclair/typebox';
import Ajv, { type Options } from 'ajv';

/** For every Ajv: to make the code of a check shorter takes far longer at the start than the check will ever save. */
export const ajvOptions = { code: { optimize: false } } satisfies Options;

/** For schemas whose faults are told by the first one, or not at all. Shared, because each Ajv first compiles the schema of schemas. */
export const ajv = new Ajv(ajvOptions);

/** Whether a value is what a schema says. The check is made at its first use: for what many runs never read. */
export function checkOf<T extends TSchema>(schema: T): (value: unknown) => value is Static<T> {
  let check: ((value: unknown) => value is Static<T>) | undefined;

  return (value): value is Static<T> => (check ??= ajv.compile<Static<T>>(schema))(value);
}
