import { overtakeBound } from '../../acd/classes';
import type { Draft, Named } from '../draft';
import type { Faults } from '../faults';
import { featureCodeNames } from '../model';
import { isInPool } from '../ranges';

/** The curves of the classes keep to the limit, and feature codes mean one thing each. */
export function checkTimes(draft: Draft, faults: Faults): void {
  checkCurves(draft, faults);
  checkCodes(draft, faults);
}

function checkCurves({ times }: Draft, faults: Faults): void {
  if (times.classesFaulty) return;
  const bound = overtakeBound(times.classes);
  if (bound <= times.overtakeLimit) return;
  const limit = `overtakeLimit is ${times.overtakeLimit} s`;
  if (bound === Infinity) {
    const message = `VIPs can overtake others for ever, however long those have waited; ${limit}`;
    faults.add('OVERTAKE_LIMIT', times.classesAt, message, "Let 'after' of vip be no more than that of normal.");

    return;
  }
  const seconds = Math.ceil(bound);
  const message = `VIPs who come up to ${seconds} s later can overtake others; ${limit}`;
  const remedy = `Make the curve of vip flatter, or set overtakeLimit to ${seconds} or more.`;
  faults.add('OVERTAKE_LIMIT', times.classesAt, message, remedy);
}

interface Code {
  noun: string;
  code: Named;
}

function checkCodes(draft: Draft, faults: Faults): void {
  const codes = featureCodeNames.map((name): Code => ({ noun: name, code: draft.times.codes[name] }));
  for (const [index, { noun, code }] of codes.entries()) {
    const other = codes
      .slice(0, index)
      .find((one) => isDialledAs(one.code.name, code.name) || isDialledAs(code.name, one.code.name));
    if (!other) continue;
    const message = `the code of ${noun}, ${code.name}, and that of ${other.noun}, ${other.code.name}, cannot be told apart`;
    faults.add('CODE_COLLISION', code.at, message);
  }
  for (const { number } of draft.numbers) {
    tellCode(codes, (code) => isDialledAs(number.name, code), `the number ${number.name}`, number, faults);
  }
  for (const pool of draft.pools) {
    tellCode(codes, (code) => isInPool(pool, code), `a number of the pool '${pool.id.name}'`, pool.id, faults);
  }
  for (const { ids, key } of [...draft.terminals, ...draft.seats]) {
    tellCode(codes, (code) => ids.includes(code), `a name of ${key.name}`, key, faults);
  }
}

/** Whether what is dialled is the code, or begins with it and the star behind which a PIN or a reason follows. */
function isDialledAs(dialled: string, code: string): boolean {
  return dialled === code || dialled.startsWith(`${code}*`);
}

function tellCode(
  codes: readonly Code[],
  collides: (code: string) => boolean,
  what: string,
  { at }: Named,
  faults: Faults,
): void {
  const found = codes.find(({ code }) => collides(code.name));
  if (!found) return;
  const message = `${what} collides with ${found.code.name}, the code of ${found.noun}`;
  faults.add('CODE_COLLISION', at, message, 'Change it, or choose another code in codes of site.yaml.');
}
