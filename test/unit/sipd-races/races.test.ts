import { readFileSync } from 'node:fs';
import path from 'node:path';
import { races } from './races';
import { Run } from './run';

/**
 * Every race of docs/sip-races.md on networks that lose nothing, 5 and 30 %: `SIP_RACE_SEEDS` runs a cell from `SIP_RACE_SEED`
 * on. A story that fails is printed with its seed, which plays it again.
 */
const count = Number(process.env.SIP_RACE_SEEDS ?? 8);
const first = Number(process.env.SIP_RACE_SEED ?? 1);

describe.each([0, 0.05, 0.3])('with %f of all datagrams lost', (loss) => {
  test.each(races.map((race) => [race.name, race] as const))(
    '%s',
    async (_name, race) => {
      for (let seed = first; seed < first + count; seed += 1) {
        const failure = await new Run(race, loss, seed).play();
        if (failure !== undefined) throw new Error(failure);
      }
    },
    20_000 + count * 1_000,
  );
});

/** Seeds that went wrong once, with what it was. */
const remembered: [race: string, loss: number, seed: number, what: string][] = [
  ['NOTIFY comes before the answer to REFER', 0.3, 118, 'a listener for the ACK outlived a call whose ACK never came'],
  ['the ACK is lost', 0.3, 867, 'the 200 crosses the 408 of its caller, who says BYE; the story wanted repeats of it'],
  [
    'CANCEL crosses the 200',
    0.3,
    769,
    'a CANCEL got through after ten seconds, and what is left was counted too early',
  ],
];

test.each(remembered)('%s, %f lost, seed %i: %s', async (name, loss, seed) => {
  const race = races.find((one) => one.name === name)!;
  expect(await new Run(race, loss, seed).play()).toBeUndefined();
});

test('docs/sip-races.md has every race, in the same order', () => {
  const text = readFileSync(path.join(__dirname, '../../../docs/sip-races.md'), 'utf8');
  const rows = [...text.matchAll(/^\| [0-9]+ \| ([^|]+?) \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(races.map(({ name }) => name));
});
