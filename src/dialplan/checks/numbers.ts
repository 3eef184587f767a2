import type { Draft, Named, PoolDraft } from '../draft';
import type { Faults } from '../faults';
import { nameMeant } from '../nearest';
import { isInPool } from '../ranges';

/** What is dialled must mean one thing only. */
export function checkNumbers(draft: Draft, faults: Faults): void {
  const pools = draft.pools.filter((pool) => pool.to > 0);
  checkOverlap(pools, faults);
  for (const { number } of draft.numbers) checkAgainstPools('number', [number.name], number, pools, faults);
  checkUsers(draft, pools, faults);
  checkUnused(draft, faults);
  if (
    draft.numbers.length + draft.services.length === 0 &&
    !draft.unknown.has('numbers') &&
    !draft.unknown.has('services')
  ) {
    const at = { file: 'numbers.yaml', line: 1, column: 1 };
    faults.add('NO_ENTRY', at, 'the site has neither a number nor a service, so nobody can call');
  }
}

function checkOverlap(pools: readonly PoolDraft[], faults: Faults): void {
  for (const [index, pool] of pools.entries()) {
    const other = pools.slice(0, index).find((before) => before.from <= pool.to && pool.from <= before.to);
    if (!other) continue;
    const [from, to] = [Math.max(pool.from, other.from), Math.min(pool.to, other.to)];
    const shared = from === to ? `the number ${from}` : `the numbers ${from} to ${to}`;
    const message = `the pools '${other.id.name}' (line ${other.id.at.line}) and '${pool.id.name}' share ${shared}`;
    faults.add('POOL_OVERLAP', pool.id.at, message);
  }
}

function checkAgainstPools(noun: string, names: string[], key: Named, pools: PoolDraft[], faults: Faults): void {
  for (const pool of pools) {
    const inside = names.find((name) => isInPool(pool, name));
    if (inside === undefined) continue;
    const what = inside === key.name ? inside : `${inside} (of ${key.name})`;
    const message = `the ${noun} ${what} lies inside the pool '${pool.id.name}' (${pool.from}-${pool.to})`;
    faults.add('NUMBER_IN_POOL', key.at, message, 'Move it outside, or make the pool smaller.');
  }
}

function checkUsers(draft: Draft, pools: PoolDraft[], faults: Faults): void {
  const numbers = new Map(draft.numbers.map(({ number }) => [number.name, number]));
  const seen = new Map<string, { noun: string; key: Named }>();
  const users = [
    ...draft.terminals.map((user) => ({ noun: 'terminal', user })),
    ...draft.seats.map((user) => ({ noun: 'seat', user })),
  ];
  for (const { noun, user } of users) {
    const { key, ids } = user;
    checkAgainstPools(noun, ids, key, pools, faults);
    const number = ids.find((id) => numbers.has(id));
    if (number !== undefined) {
      const line = numbers.get(number)!.at.line;
      const message = `the ${noun} ${number} has the name of a number (numbers.yaml line ${line})`;
      faults.add('DUPLICATE_NUMBER', key.at, message, 'Give the terminal, the seat or the number another name.');
    }
    const reserved = ids.find((id) => id === 'help' || id.startsWith('help-'));
    if (reserved !== undefined) {
      faults.add('RESERVED_NAME', key.at, `the ${noun} '${reserved}' has a name that asks for help`);
    }
    addUsers(noun, key, ids, seen, faults);
  }
}

function addUsers(
  noun: string,
  key: Named,
  ids: string[],
  seen: Map<string, { noun: string; key: Named }>,
  faults: Faults,
): void {
  const twice = ids.filter((id) => seen.has(id));
  const [first] = twice;
  if (first !== undefined) {
    const before = seen.get(first)!;
    const more = twice.length > 1 ? ` and ${twice.length - 1} more` : '';
    const message = `the ${noun} ${first}${more} is listed already: ${before.noun} '${before.key.name}' in line ${before.key.at.line}`;
    faults.add('DUPLICATE_USER', key.at, message);
  }
  for (const id of ids) if (!seen.has(id)) seen.set(id, { noun, key });
}

function checkUnused(draft: Draft, faults: Faults): void {
  const used = new Set(draft.services.map((service) => nameMeant(service.pool.name, draft.pools)));
  // A service that could not be read may have named any pool.
  if (draft.unknown.has('services') || used.has('')) return;
  for (const { id } of draft.pools) {
    if (!used.has(id.name)) faults.add('UNUSED_POOL', id.at, `no service leases numbers from the pool '${id.name}'`);
  }
}
