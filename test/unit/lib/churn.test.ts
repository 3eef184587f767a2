import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ChurnMap, ChurnSet } from '../../../src/lib/churn';

/** Numbers below `limit` that are the same in every run. */
function makeRandom(): (limit: number) => number {
  let state = 7;

  return (limit) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;

    return Math.floor((state / 2 ** 31) * limit);
  };
}

test('the map is a map, whatever comes and goes', () => {
  const random = makeRandom();
  const [map, plain] = [new ChurnMap<number, number>(), new Map<number, number>()];
  for (let count = 0; count < 8_000; count++) {
    const key = random(count < 4_000 ? 2_000 : 200);
    if (random(2) === 0) {
      expect(map.set(key, count)).toBe(map);
      plain.set(key, count);
    } else {
      expect(map.delete(key)).toBe(plain.delete(key));
    }
    expect([map.size, map.has(key), map.get(key)]).toEqual([plain.size, plain.has(key), plain.get(key)]);
  }
  expect([...map]).toEqual([...plain]);
  expect([[...map.keys()], [...map.values()]]).toEqual([[...plain.keys()], [...plain.values()]]);
  map.clear();
  expect([map.size, ...map]).toEqual([0]);
  expect([...new ChurnMap([[1, 2]])]).toEqual([[1, 2]]);
});

test('the set is a set, whatever comes and goes', () => {
  const random = makeRandom();
  const [set, plain] = [new ChurnSet<number>(), new Set<number>()];
  for (let count = 0; count < 8_000; count++) {
    const member = random(count < 4_000 ? 2_000 : 200);
    if (random(2) === 0) {
      expect(set.add(member)).toBe(set);
      plain.add(member);
    } else {
      expect(set.delete(member)).toBe(plain.delete(member));
    }
    expect([set.size, set.has(member)]).toEqual([plain.size, plain.has(member)]);
  }
  expect([...set]).toEqual([...plain]);
  set.clear();
  expect([set.size, ...set]).toEqual([0]);
  expect([...new ChurnSet([3])]).toEqual([3]);
});

/** MiB by which the old generation grows while 200,000 things come and go, 200 at a time, through a map that is old itself. */
function promoted(map: { set(key: string, value: unknown): unknown; delete(key: string): boolean }): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  let count = 0;
  const turn = (): void => {
    map.set(`k${count}`, { count, text: `x${count}`, list: [count, count + 1, count + 2] });
    map.delete(`k${count - 200}`);
    count++;
  };
  const old = (): number =>
    getHeapSpaceStatistics()
      .filter(({ space_name: name }) => name === 'old_space' || name === 'large_object_space')
      .reduce((sum, { space_used_size: used }) => sum + used, 0);
  for (let turns = 0; turns < 300; turns++) turn();
  collect();
  collect();
  const before = old();
  for (let turns = 0; turns < 200_000; turns++) turn();

  return (old() - before) / 2 ** 20;
}

test('what has come and gone does not grow old', () => {
  const set = new ChurnSet<string>();
  // A plain map or set lets 2 to 20 MiB pile up here.
  expect(promoted(new ChurnMap())).toBeLessThan(1);
  expect(promoted({ set: (key) => set.add(key), delete: (key) => set.delete(key) })).toBeLessThan(1);
});
