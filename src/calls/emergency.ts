import type { Redis } from 'ioredis';
import type { Clock } from '../lib/clock';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Keys } from '../store/keys';

/** What everybody is told who calls, before anything else. */
export interface EmergencyMessage {
  /** By language. */
  text: Record<string, string>;
  /** The call ends when it was said. */
  refuse: boolean;
  /** Since when, ms since the epoch. */
  since: number;
}

export interface EmergencyPorts {
  redis: Redis;
  keys: Keys;
  clock: Clock;
  log: Logger;
  /** Languages of the site; a message needs the first of them. */
  locales(): readonly string[];
}

/** How often a message that another node has set is looked for, in ms. */
const LOOK_EVERY = 2_000;

/** The message that was set at run time. It is kept in the store, so that it holds on every node and after a restart. */
export class EmergencyStore {
  private known: EmergencyMessage | undefined;
  private cancel: (() => void) | undefined;
  private closed = false;

  constructor(private readonly ports: EmergencyPorts) {}

  /** The message in force, as this node knows it. */
  get current(): EmergencyMessage | undefined {
    return this.known;
  }

  /** Looks for the message now, and then again and again. */
  async start(): Promise<void> {
    await this.look();
    this.tick();
  }

  async get(): Promise<EmergencyMessage | undefined> {
    const { redis, keys } = this.ports;
    const text = await redis.get(keys.emergency);
    this.known = text ? (JSON.parse(text) as EmergencyMessage) : undefined;

    return this.known;
  }

  /** @throws SightlineError BAD_REQUEST for a language that the site does not have, or without its first. */
  async set({ text, refuse }: Omit<EmergencyMessage, 'since'>): Promise<void> {
    const locales = this.ports.locales();
    const strange = Object.keys(text).find((locale) => !locales.includes(locale));
    if (strange !== undefined) {
      throw new SightlineError('BAD_REQUEST', `The site has no language '${strange}'; it has ${locales.join(', ')}`);
    }
    const missing = locales.filter((locale) => text[locale] === undefined);
    if (missing.length > 0) throw new SightlineError('BAD_REQUEST', `The message has no text in ${missing.join(', ')}`);
    const message = { text, refuse, since: this.ports.clock.now() };
    await this.ports.redis.set(this.ports.keys.emergency, JSON.stringify(message));
    this.known = message;
  }

  async clear(): Promise<void> {
    await this.ports.redis.del(this.ports.keys.emergency);
    this.known = undefined;
  }

  close(): void {
    this.closed = true;
    this.cancel?.();
  }

  private tick(): void {
    if (this.closed) return;
    this.cancel = this.ports.clock.after(LOOK_EVERY, () => {
      void this.look().then(() => this.tick());
    });
  }

  /** A store that is away changes nothing: what is known holds. */
  private async look(): Promise<void> {
    try {
      await this.get();
    } catch (error) {
      this.ports.log.debug({ err: error }, 'the emergency message could not be looked for');
    }
  }
}
