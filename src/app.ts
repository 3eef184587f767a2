import type { Base } from './app/base';
import { followEdge, openCalls, resumeCalls, type CallParts } from './app/calls';
import { EdgeChoice, type Listening } from './app/edge';
import { followPlans, followStore } from './app/follow';
import { listenHttp } from './app/http';
import { followMedia, openSpeech, startMedia } from './app/media';
import { openPlans } from './app/plans';
import { SeatWatch } from './app/seats';
import { mountSip } from './app/sip';
import { openEmergency, openNumbers, openQueue, openRecordings, openState, type Recordings } from './app/state';
import type { CallManager } from './calls/manager';
import type { Endpoint } from './lib/addresses';
import { Closer } from './lib/closer';
import type { Config } from './lib/config';
import type { Logger } from './lib/logger';
import { openMedia } from './media/open';
import type { MediaServer } from './media/port';
import type { Edge } from './sip/edge';
import { Throttle } from './sip/registrar/throttle';
import { LegRegistry } from './sip/registry';

export interface App extends Listening {
  readonly http: Endpoint;
  /** Stops taking calls, ends or hands over those under way, and closes what was opened. Twice is harmless. */
  close(): Promise<void>;
}

/** What can be put in place of the adapters of the configuration, to take them away in a test. */
export interface Adapters {
  openMedia: typeof openMedia;
}

/**
 * Builds the whole server from its configuration. This is the one place that chooses adapters; `src/app/` has a file for
 * each part that it wires.
 *
 * @throws SightlineError CONFIG_INVALID, PLAN_INVALID, STORE_UNAVAILABLE or EDGE_UNAVAILABLE with words for the operator;
 *   what was opened before is closed.
 */
export async function startApp(config: Config, log: Logger, adapters: Partial<Adapters> = {}): Promise<App> {
  const closer = new Closer((name, error) => log.warn({ err: error, name }, 'closing failed'));
  try {
    return await new Wiring({ config, log, closer }, { openMedia, ...adapters }).start();
  } catch (error) {
    await closer.close();
    throw error;
  }
}

class Wiring {
  private calls!: CallManager;
  private media: MediaServer | undefined;
  private accepting = false;

  constructor(
    private readonly base: Base,
    private readonly adapters: Adapters,
  ) {}

  /** The order is that in which parts need each other; they are closed in the opposite one. */
  async start(): Promise<App> {
    const { base } = this;
    const throttle = new Throttle();
    const choice = new EdgeChoice(base);
    const { edge, authWatch } = choice;
    const { recordings, ...parts } = await this.openParts(edge);
    const calls = openCalls(parts);
    this.calls = calls;
    followStore(parts, recordings.files, calls);
    const sip = { ...parts, edge, calls, throttle, authWatch, accepting: () => this.accepting };
    const help = await mountSip(sip);
    const listening = await choice.connect(parts.plans);
    followEdge(base, edge, calls);
    this.media = await startMedia(base, this.adapters.openMedia, edge);
    followMedia(base, this.media, recordings.recorder, calls);
    await this.resume(parts, edge);
    const http = await listenHttp({ ...sip, help, recordings, metrics: choice.metrics });
    this.accepting = true;
    const { site, version } = parts.plans.plan;
    base.log.info({ ...listening, http, site, plan: version }, 'ready');

    return { ...listening, http, close: () => this.close() };
  }

  /** What calls are made of. */
  private async openParts(edge: Edge): Promise<CallParts & { recordings: Recordings }> {
    const { base } = this;
    const plans = await openPlans(base);
    const state = await openState(base, plans);
    const recordings = await openRecordings(base, state, (id) => this.calls.get(id));
    const acd = await openQueue(base, plans, state);
    const seats = new SeatWatch(base, plans, state, acd, edge);
    const numbers = openNumbers(base, state);
    const emergency = await openEmergency(base, plans, state);
    const { recorder } = recordings;
    const speech = openSpeech(base);
    const legs = new LegRegistry(edge);
    const media = (): MediaServer | undefined => this.media;
    const parts = { base, plans, state, recordings, acd, seats, numbers, emergency, recorder, speech, legs, media };
    followPlans(parts);

    return parts;
  }

  /** Goes on with what this node had under way before, then begins to sweep and to dispatch. */
  private async resume(parts: CallParts, edge: Edge): Promise<void> {
    const { numbers, plans, seats } = parts;
    await numbers.usePools(plans.plan.pools.values());
    await resumeCalls(parts, edge, this.calls);
    await seats.assert();
    numbers.start();
    seats.start();
  }

  /** Calls whose dialogs live in an edge of their own go on without us; those of the embedded one end with it. */
  private async close(): Promise<void> {
    this.accepting = false;
    if (!this.base.config.drachtio) {
      await this.calls.endAll({ by: 'server', cause: 'shutdown' }, 'SIP;cause=503;text="Server is stopping"');
    }
    await this.base.closer.close();
  }
}
