import { createLogger } from '../../../src/lib/logger';
import type { Logger } from '../../../src/lib/logger';
import { defaultTimers } from '../../../src/sipd/transaction/timers';
import { RaceClock } from './clock';
import { LossyWire, randomOf } from './lossy-wire';
import { Phone } from './phone';
import { Proxy } from './proxy';
import type { Routing } from './proxy';

/** A story that two or three servers play, and what must have become of it. */
export interface Race {
  name: string;
  play(run: Run): void;
  /** What is not as it should be, whatever the network does. */
  always?(run: Run): void;
  /** The same for a network that loses nothing. */
  ideal(run: Run): void;
}

/** The longest that a story may take, and how long after its last event nothing of it may be left; milliseconds. */
const longest = 900_000;
const afterwards = 40_000;
/** How long after it was given up an INVITE may be answered; milliseconds. */
const remembered = defaultTimers.c;

/** One race on one network by one seed. */
export class Run {
  readonly clock = new RaceClock();
  readonly random: () => number;
  readonly wire: LossyWire;
  readonly alice: Phone;
  readonly bob: Phone;
  readonly problems: string[] = [];
  /** What was sent and told, in order. */
  private readonly ladder: string[] = [];
  private readonly sent: string[] = [];
  private readonly phones: Phone[] = [];
  private readonly start = this.clock.now();
  private readonly log: Logger;
  private lastEvent = this.start;
  /** What the applications still mean to do. */
  private intentions = 0;

  constructor(
    private readonly race: Race,
    readonly loss: number,
    readonly seed: number,
  ) {
    this.random = randomOf(seed);
    this.wire = new LossyWire(this.clock, this.random, loss, {
      sent: ({ what, from, to, lost }) => {
        this.sent.push(`${from} ${what.split(' (')[0]}`);
        this.tell(`${from} -> ${to}  ${what}${lost ? '  LOST' : ''}`);
      },
      began: () => (this.lastEvent = this.clock.now()),
    });
    this.log = createLogger('error', { write: (line) => this.problems.push(`logged: ${line}`) });
    this.alice = this.phone('alice', '192.0.2.1');
    this.bob = this.phone('bob', '192.0.2.2');
  }

  phone(name: string, address: string): Phone {
    const phone = new Phone(this.wire.end(name, address), this.clock, this.log, (who, note) => {
      this.lastEvent = this.clock.now();
      this.tell(`        [${who}: ${note}]`);
    });
    this.phones.push(phone);

    return phone;
  }

  proxy(routing: Routing): void {
    new Proxy(this.wire.end('proxy', '192.0.2.9'), routing);
  }

  /** Does something between `least` and `most` milliseconds from now. */
  soon(least: number, most: number, act: () => void): void {
    this.intentions += 1;
    this.clock.after(least + this.random() * (most - least), () => {
      this.intentions -= 1;
      this.lastEvent = this.clock.now();
      this.clock.stir();
      act();
    });
  }

  /** How often a phone sent this, lost or not. */
  times(from: string, what: string): number {
    return this.sent.filter((other) => other === `${from} ${what}`).length;
  }

  must(holds: boolean, what: string): void {
    if (!holds) this.problems.push(what);
  }

  /** Plays it to the end. @returns the story with what is wrong about it; undefined when nothing is */
  async play(): Promise<string | undefined> {
    const trueRandom = Math.random;
    // What the servers roll dice for (RSeq, pauses) is to be the same when a seed is played again.
    Math.random = this.random;
    try {
      this.soon(0, 100, () => this.race.play(this));
      await this.clock.run(longest, () => this.isOver());
      this.judge();
      await this.clock.run(remembered);
      this.must(this.clock.pendingCount === 0, `${this.clock.pendingCount} timers run on`);
    } finally {
      Math.random = trueRandom;
      for (const phone of this.phones) phone.close();
    }

    return this.problems.length === 0 ? undefined : this.story();
  }

  private isOver(): boolean {
    if (this.clock.now() - this.lastEvent < afterwards) return false;

    return this.intentions === 0 && this.phones.every((phone) => phone.isIdle);
  }

  private judge(): void {
    for (const phone of this.phones) this.judgePhone(phone);
    const remembering = this.phones.filter(({ givenUp }) => givenUp > 0).length;
    this.must(this.clock.pendingCount === remembering, `${this.clock.pendingCount} timers run`);
    this.race.always?.(this);
    if (this.loss === 0) this.race.ideal(this);
  }

  private judgePhone(phone: Phone): void {
    const { open, outgoing, told } = phone;
    const { name } = phone.end;
    const left = Object.entries(phone.left());
    this.must(left.length === 0, `${name} has left: ${left.map((pair) => pair.join(' ')).join(', ')}`);
    this.must(open.size === 0, `${name} still has a call`);
    for (const { method, finals } of outgoing) {
      this.must(finals.length === 1, `${name}'s ${method} had ${finals.length} final answers`);
    }
    const ids = told.filter((id) => id !== 'unsolicited');
    this.must(new Set(ids).size === ids.length, `${name} was told of a request twice`);
  }

  private tell(line: string): void {
    this.ladder.push(`${String(Math.round(this.clock.now() - this.start)).padStart(7)} ${line}`);
  }

  private story(): string {
    const { race, loss, seed, problems, ladder } = this;
    const lines = ladder.length > 200 ? [...ladder.slice(0, 150), '…', ...ladder.slice(-50)] : ladder;

    return [`${race.name}, ${loss * 100} % lost, seed ${seed}`, ...problems.map((one) => `!! ${one}`), ...lines].join(
      '\n',
    );
  }
}
