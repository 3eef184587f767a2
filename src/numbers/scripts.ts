import { defineScript } from '../store/scripts';
import { numberArrows } from './states';

const tables = { ARROWS: numberArrows };

/** The changes of state of routing numbers, one script each; src/numbers/lua tells what each does. */
export const scripts = {
  setPools: defineScript({ file: 'numbers/lua/setPools.lua', keys: ['pools', 'cursors'], args: ['configs'] }),
  lease: defineScript({
    file: 'numbers/lua/leaseNumber.lua',
    keys: ['pools', 'cursors', 'due'],
    args: ['root', 'now', 'pool', 'terminal', 'request', 'data', 'most', 'wait', 'longest'],
    tables,
  }),
  claim: defineScript({
    file: 'numbers/lua/claimNumber.lua',
    keys: ['pools', 'due'],
    args: ['root', 'now', 'number', 'terminal', 'token', 'hold', 'grace', 'takeOver'],
    tables,
  }),
  release: defineScript({
    file: 'numbers/lua/releaseNumber.lua',
    keys: ['pools', 'due'],
    args: ['root', 'now', 'number', 'token', 'redial'],
    tables,
  }),
  renew: defineScript({
    file: 'numbers/lua/renewNumbers.lua',
    keys: ['due'],
    args: ['root', 'now', 'hold', 'claims'],
  }),
  sweep: defineScript({
    file: 'numbers/lua/sweepNumbers.lua',
    keys: ['pools', 'cursors', 'due'],
    args: ['root', 'now', 'most', 'grace'],
    tables,
  }),
};
