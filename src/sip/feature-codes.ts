import { featureCodeNames, type FeatureCodes } from '../dialplan/model';

/** What an agent has dialled. `reason` is what the number of a break stands for at the site: its digits as text. */
export type FeatureCode =
  { kind: 'login'; pin: string } | { kind: 'break'; reason?: string } | { kind: 'logout' | 'available' | 'done' };

/**
 * The feature code in what was dialled: a code alone, or with digits after a further `*`: the PIN for `login`, the number of the
 * reason for `break`. Undefined when it is none, or has digits where there are none to be. `login` without a PIN has an empty one.
 */
export function parseFeatureCode(dialled: string, codes: FeatureCodes): FeatureCode | undefined {
  // The longest first, so that one code may begin with another.
  const kinds = [...featureCodeNames].sort((a, b) => codes[b].length - codes[a].length);
  for (const kind of kinds) {
    const digits = digitsAfter(dialled, codes[kind]);
    if (digits === undefined) continue;
    if (kind === 'login') return { kind, pin: digits };
    if (kind === 'break') return digits === '' ? { kind } : { kind, reason: digits };
    if (digits === '') return { kind };
  }

  return undefined;
}

/** What follows a code: '' for the code alone; undefined when this is not the code, or what follows is not `*` and digits. */
function digitsAfter(dialled: string, code: string): string | undefined {
  if (code === '' || !dialled.startsWith(code)) return undefined;

  return /^(?:\*(\d{1,16}))?$/
    .exec(dialled.slice(code.length))
    ?.slice(1)
    .map((digits) => digits ?? '')[0];
}
