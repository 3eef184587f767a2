import type { ClientTransaction } from '../../../src/sipd/transaction/types';
import { randomOf } from '../sipd-races/lossy-wire';
import { ProxyStage } from './stage';
import type { Party } from './stage';

/** Seeds from 1 on; `SIP_PROXY_SEEDS=1000` for a long run. */
const seeds = Number(process.env.SIP_PROXY_SEEDS ?? 25);
const statuses = [100, 180, 183, 200, 202, 302, 401, 404, 407, 408, 480, 486, 487, 500, 503, 600, 603];

/** Everybody does anything at any time. */
class Chaos {
  readonly stage = new ProxyStage();
  readonly method: string;
  /** What was done, for whoever has to find out why. */
  readonly story: string[] = [];
  private readonly random: () => number;
  private readonly parties: Party[];
  private call: ClientTransaction | undefined;

  constructor(seed: number) {
    this.random = randomOf(seed);
    this.parties = [this.stage.bob, this.stage.carol, this.stage.dave];
    this.method = this.chance(0.75) ? 'INVITE' : 'MESSAGE';
  }

  async play(): Promise<void> {
    const limit = (): number | undefined => (this.chance(0.3) ? 100 + 4000 * this.random() : undefined);
    const targets = this.parties.filter(() => this.chance(0.7)).map(({ uri }) => uri);
    if (targets.length === 0) targets.push('sip:nobody@192.0.2.250');
    const order = {
      ...{ targets, simultaneous: this.chance(0.5), followRedirects: this.chance(0.5), recordRoute: this.chance(0.5) },
      ...{ provisionalTimeout: limit(), finalTimeout: limit() },
    };
    this.story.push(`${this.method} ${JSON.stringify(order)}`);
    const more: Record<string, string> = this.chance(0.3) ? { 'Max-Breadth': '1' } : {};
    const { stage } = this;
    if (this.chance(0.5)) stage.wire.lose(() => this.chance(0.2));
    this.call = await stage.call(order, this.method, more);
    for (let step = 0; step < 14; step += 1) await this.step();
  }

  private async step(): Promise<void> {
    const party = this.oneOf(this.parties);
    if (this.chance(0.08)) this.cancel();
    else if (this.chance(0.6) && party.heard.includes(this.method)) this.answer(party);
    await this.stage.pass(this.chance(0.8) ? 50 : 3000 * this.random(), 100);
  }

  private cancel(): void {
    this.story.push('CANCEL');
    this.call?.cancel();
  }

  private answer(party: Party): void {
    const status = this.oneOf(statuses);
    this.story.push(`${party.end.name} ${status}`);
    const contact: [string, string][] = [['Contact', `<${this.oneOf(this.parties).uri};x=${this.story.length}>`]];
    party.answer(status, status === 302 ? contact : [], this.method);
  }

  private chance(share: number): boolean {
    return this.random() < share;
  }

  private oneOf<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.random() * choices.length)]!;
  }
}

/** What must be true of what the proxy sent to Alice, each different answer once. */
function judge({ stage, method }: Chaos): void {
  const answers = stage.wire.lines.filter(({ from, text }) => from === 'proxy' && text.includes(`CSeq: 1 ${method}`));
  const finals = answers
    .filter(({ what }) => /^[2-6]/.test(what))
    .map(({ what, text }) => what + /To: .*/.exec(text)![0]);
  const different = [...new Set(finals)];
  const refusals = different.filter((one) => !one.startsWith('2'));
  const isInvite = method === 'INVITE';
  expect(refusals.length).toBeLessThanOrEqual(1);
  // Those that follow are 2xx, which make calls of their own.
  if (refusals.length === 1) expect(different[0]?.startsWith('2')).toBe(false);
  expect(different.length).toBeLessThanOrEqual(isInvite ? Infinity : 1);
  expect(different.filter((one) => /^(503|302 .*503)/.test(one) || (!isInvite && one.startsWith('408')))).toEqual([]);
  if (isInvite) expect(different.length).toBeGreaterThanOrEqual(1);
  expect(stage.told.filter((one) => one === 'done')).toHaveLength(1);
  expect(stage.told.at(-1)).toBe('done');
}

test(
  'whatever anybody does, there is one answer in the end, and nothing is left',
  async () => {
    for (let seed = 1; seed <= seeds; seed += 1) {
      const chaos = new Chaos(seed);
      try {
        await chaos.play();
        const { stage } = chaos;
        // Who rings for ever is given up after three minutes (Timer C), and each of three may ring after the other.
        await stage.pass(800_000, 500);
        judge(chaos);
        await stage.expectNothingLeft();
      } catch (error) {
        (error as Error).message += `\nseed ${seed}\n${chaos.story.join('\n')}\n${chaos.stage.wire.story().join('\n')}`;
        throw error;
      }
    }
  },
  20_000 + 500 * seeds,
);
