import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { inProject } from '../../../src/lib/paths';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis, randomSite, sharedRedis } from '../../support/redis';
import { takePicture } from './model/picture';
import { killTimes, seatIds } from './kill/protocol';
import type { Order, Report } from './kill/protocol';

/**
 * Two nodes in processes of their own serve about a hundred callers a second from one Redis, and one after another is
 * killed at any moment and started again. `ACD_KILLS` says how often; 5 by default.
 */
const kills = Number(process.env.ACD_KILLS ?? 5);
const names = ['one', 'two'];
const site = randomSite();
const keys = makeKeys(site);

let redis: Redis;
let url: string;

/** What the nodes told, as one book. */
const enqueuedAt = new Map<string, number>();
const answeredBy = new Map<string, string>();
/** Every talk of a seat: it ends when its node says so, or is killed. */
const talks: { seatId: string; ticketId: string; node: Running; from: number; to?: number }[] = [];
const faults: string[] = [];
let refused = 0;
const started: Running[] = [];

class Running {
  readonly child: ChildProcess;
  node = '';
  killedAt = Infinity;
  private listeners: (() => void)[] = [];
  private onUp: () => void = () => undefined;

  constructor(readonly name: string) {
    const env = { ...process.env, KILL_REDIS: url, KILL_SITE: site, KILL_NODE: name };
    const execArgv = ['-r', inProject('test', 'support', 'typescript.js')];
    this.child = fork(inProject('test', 'unit', 'acd', 'kill', 'node.ts'), { env, execArgv });
    started.push(this);
    this.child.on('message', (report: Report) => this.take(report));
    this.child.once('exit', (code, signal) => {
      if (signal !== 'SIGKILL') faults.push(`${name} has ended by itself: ${code ?? signal}`);
      this.onUp();
      for (const listener of this.listeners.splice(0)) listener();
    });
  }

  /** When it has accepted once more. */
  served(): Promise<void> {
    return new Promise((resolve) => this.listeners.push(resolve));
  }

  up(): Promise<this> {
    return new Promise((resolve) => {
      this.onUp = () => resolve(this);
    });
  }

  async kill(): Promise<void> {
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
    this.killedAt = Date.now();
  }

  private take(report: Report): void {
    switch (report.t) {
      case 'up':
        this.node = report.node;
        this.onUp();
        for (const ticket of report.adopted) this.sameTime(ticket);
        return;
      case 'refused':
        refused++;
        return;
      case 'enqueued':
        return this.sameTime(report);
      case 'accepted':
        return this.accepted(report);
      case 'completing':
        talks.findLast(({ ticketId }) => ticketId === report.ticketId)!.to = report.at;
        return;
    }
  }

  private sameTime(ticket: { ticketId: string; enqueuedAt: number }): void {
    const known = enqueuedAt.get(ticket.ticketId) ?? ticket.enqueuedAt;
    if (known !== ticket.enqueuedAt)
      faults.push(`${ticket.ticketId} came at ${known}, and now at ${ticket.enqueuedAt}`);
    enqueuedAt.set(ticket.ticketId, known);
  }

  private accepted({ ticketId, seatId, offerId, at }: Extract<Report, { t: 'accepted' }>): void {
    const answered = answeredBy.get(ticketId) ?? offerId;
    if (answered !== offerId) faults.push(`${ticketId} was answered twice: ${answered}, ${offerId}`);
    answeredBy.set(ticketId, offerId);
    talks.push({ seatId, ticketId, node: this, from: at });
    for (const listener of this.listeners.splice(0)) listener();
  }
}

beforeAll(async () => {
  ({ url } = await sharedRedis());
  redis = new Redis(url);
});

afterAll(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  redis.disconnect();
  await closeSharedRedis();
});

/** Asks the store again and again until it says so. @throws Error when that takes too long. */
async function until(what: string, ms: number, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + ms; !(await holds());) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** No seat has begun a talk before the one before it was over. */
function checkTalks(): void {
  for (const seatId of seatIds) {
    const all = talks.filter((talk) => talk.seatId === seatId).sort((a, b) => a.from - b.from);
    all.forEach(({ from }, index) => {
      const before = all[index - 1];
      if (before) expect(from).toBeGreaterThanOrEqual(before.to ?? before.node.killedAt);
    });
  }
}

/** Nobody has two seats or is at two, and everybody stands where he came. */
async function checkStore(): Promise<void> {
  const { tickets, seats, scores } = await takePicture(redis, keys);
  const taken = [...seats.values()].filter(({ ticket }) => ticket !== '');
  expect(new Set(taken.map(({ ticket }) => ticket)).size).toBe(taken.length);
  for (const seat of taken) expect(['offered', 'talking']).toContain(tickets.get(seat.ticket ?? '')?.state);
  for (const [id, score] of scores.get('line:q') ?? []) expect(score).toBe(enqueuedAt.get(id) ?? score);
  for (const [id, ticket] of tickets)
    expect(Number(ticket.enqueuedAt)).toBe(enqueuedAt.get(id) ?? Number(ticket.enqueuedAt));
  expect(faults).toEqual([]);
}

async function seatsOf(incarnation: string): Promise<number> {
  const { tickets } = await takePicture(redis, keys);
  const theirs = [...tickets.values()].filter((ticket) => ticket.node === incarnation);

  return theirs.filter(({ state }) => state === 'offered' || state === 'talking').length;
}

/** Whether a seat is free, or with a node that lives: a dead one keeps its seats until its lease ends, since it may only be cut off. */
async function leavesSeats(incarnation: string): Promise<boolean> {
  return (await seatsOf(incarnation)) < seatIds.length;
}

test(
  `${kills} kills under load: nobody is served twice, everybody keeps his place, seats come free, the other goes on`,
  async () => {
    const nodes = await Promise.all(names.map((name) => new Running(name).up()));
    const gaps: number[] = [];
    const withoutSeats: number[] = [];
    const freed: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      await new Promise((resolve) => setTimeout(resolve, 50 + Math.random() * 350));
      const victim = Math.random() < 0.5 ? 0 : 1;
      const [dead, other] = [nodes[victim]!, nodes[1 - victim]!];
      await dead.kill();
      const at = Date.now();
      const served = other.served();
      const hasSeats = await leavesSeats(dead.node);
      await served;
      (hasSeats ? gaps : withoutSeats).push(Date.now() - at);
      await checkStore();
      // Started again at once, or only when the other has noticed.
      if (Math.random() < 0.5) {
        await until(
          'seats of a dead node are free',
          8 * killTimes.nodeLease,
          async () => (await seatsOf(dead.node)) === 0,
        );
        freed.push(Date.now() - at);
      }
      nodes[victim] = await new Running(dead.name).up();
      await checkStore();
    }
    for (const { child } of nodes) child.send('stop' satisfies Order);
    await until('everybody is served', 60_000, async () => (await redis.zcard(keys.line('q'))) === 0);
    const isFree = async (): Promise<boolean> => {
      const { seats } = await takePicture(redis, keys);

      return seatIds.every((seat) => seats.get(seat)?.state === 'available');
    };
    await until('every seat is free', 10_000, isFree);
    await checkStore();
    const [offered = '0', answered = '0', abandoned = '0'] = await redis.hmget(
      keys.queue('q'),
      'offered',
      'answered',
      'abandoned',
    );
    expect(Number(offered)).toBe(Number(answered) + Number(abandoned));
    expect(Number(offered)).toBeGreaterThanOrEqual(enqueuedAt.size);
    checkTalks();
    // Nobody's grace has ended: each was adopted. Only who was turned away has left.
    expect(Number(abandoned)).toBeLessThanOrEqual(refused);
    if (kills > 10) process.stderr.write(`${summary({ offered: Number(offered), gaps, withoutSeats, freed })}\n`);
    // No machine is busy with something else for all of the kills.
    expect(middleOf([...gaps, ...withoutSeats])).toBeLessThan(2 * killTimes.nodeLease);
    if (gaps.length > 2) expect(middleOf(gaps)).toBeLessThan(killTimes.nodeLease);
    if (withoutSeats.length > 2) expect(middleOf(withoutSeats)).toBeLessThan(2 * killTimes.nodeLease);
    expect(Math.max(...gaps, ...withoutSeats)).toBeLessThan(8 * killTimes.nodeLease);
  },
  60_000 + kills * 15_000,
);

function middleOf(list: readonly number[]): number {
  return [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;
}

interface Served {
  offered: number;
  /** ms from a kill until the other node had a talk again. */
  gaps: number[];
  /** The same where every seat was with the dead node. */
  withoutSeats: number[];
  /** ms until the seats of the dead node were free. */
  freed: number[];
}

function summary({ offered, gaps, withoutSeats, freed }: Served): string {
  const late = (list: number[]): string =>
    `${list.filter((one) => one > 1_000).length} of ${list.length} after more than a second`;
  const of = (list: number[]): string =>
    list.length === 0 ? 'never' : `${middleOf(list)} ms, at most ${Math.max(...list)} ms (${late(list)})`;

  return [
    `${kills} kills, ${offered} callers, ${refused} turned away; the other served on after ${of(gaps)}`,
    `where all seats were with the dead node after ${of(withoutSeats)}; seats were free after ${of(freed)}`,
  ].join('; ');
}
