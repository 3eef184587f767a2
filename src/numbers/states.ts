import type { StateTable } from '../lib/state-table';
import type { NumberState } from './types';

/**
 * What can happen to a routing number:
 * - `lease` to a terminal; `claim` by its call; `expire` when it is not dialled in time;
 * - `drop`: the call was cut off, or its server is gone, and the terminal may dial again; `claim` by that call;
 * - `takeOver`: the terminal dials again before anybody noticed that its call is gone;
 * - `rest` when nobody needs it any more; `free` after its quarantine.
 */
export type NumberInput = 'lease' | 'claim' | 'takeOver' | 'drop' | 'expire' | 'rest' | 'free';

/** A number that was never leased is `free`. The scripts get this table and refuse every arrow that is not in it. */
export const numberArrows: StateTable<NumberState, NumberInput> = {
  free: { lease: 'leased' },
  leased: { claim: 'used', expire: 'resting', rest: 'resting' },
  used: { drop: 'redial', takeOver: 'used', rest: 'resting' },
  redial: { claim: 'used', expire: 'resting', rest: 'resting' },
  resting: { free: 'free' },
};
