import path from 'node:path';
import { Acd } from '../acd/acd';
import type { AcdConfig } from '../acd/config';
import type { Call } from '../calls/call';
import { CallStore } from '../calls/call-store';
import { EmergencyStore } from '../calls/emergency';
import { composeSides, recover } from '../calls/recorded';
import { Recorder } from '../calls/recording';
import { systemClock } from '../lib/clock';
import { Numbers } from '../numbers/numbers';
import { RecordingStore } from '../recording/store';
import { openStore, type Store } from '../store/connection';
import { makeKeys, type Keys } from '../store/keys';
import type { Base } from './base';
import type { SitePlans } from './plans';

/** What this node shares with others and with its next start. */
export interface State {
  readonly store: Store;
  readonly keys: Keys;
  readonly callStore: CallStore;
}

/** @throws SightlineError STORE_UNAVAILABLE */
export async function openState({ config, log, closer }: Base, plans: SitePlans): Promise<State> {
  const { redisUrl, dataDir } = config;
  const keys = makeKeys(plans.plan.site);
  const store = await openStore({
    ...(redisUrl === undefined ? {} : { url: redisUrl }),
    key: keys.root,
    log,
    dataDir: path.join(dataDir, 'redis'),
  });
  closer.add('store', () => store.close());
  const callStore = new CallStore(store.redis, keys, log);
  closer.add('records of calls', () => callStore.close());

  return { store, keys, callStore };
}

export interface Recordings {
  readonly files: RecordingStore;
  readonly recorder: Recorder;
}

/** In ms. While it records, FreeSWITCH has something to write more often than that. */
const freeswitchLinger = 5_000;

/** The files of recordings; what a crash has left of them is taken in here. */
export async function openRecordings(
  { config, log, closer }: Base,
  { store, keys }: State,
  call: (id: string) => Call | undefined,
): Promise<Recordings> {
  const files = await RecordingStore.open({
    folder: path.join(config.dataDir, 'recordings'),
    redis: store.redis,
    keys,
    node: config.node,
    clock: systemClock,
    log,
    compose: composeSides,
    recover,
    // A FreeSWITCH writes on until this process has ended the channels of the former one there.
    linger: config.freeswitchUrl === undefined ? 0 : freeswitchLinger,
  });
  closer.add('recordings', () => files.close());

  return { files, recorder: new Recorder({ store: files, call, clock: systemClock, log }) };
}

/** What the queue works with: always the plan in force. */
export function acdConfig(plans: SitePlans): AcdConfig {
  return {
    queue: (id) => plans.plan.queues.get(id),
    seat: (id) => plans.plan.seats.get(id),
    queues: () => plans.plan.queues.values(),
    seats: () => plans.plan.seats.values(),
    curves: () => plans.plan.classes,
    version: () => plans.plan,
  };
}

export async function openQueue({ config, log, closer }: Base, plans: SitePlans, { store }: State): Promise<Acd> {
  const acd = await Acd.open({ store, site: plans.plan.site, node: config.node, log, config: acdConfig(plans) });
  closer.add('queue', () => acd.close());

  return acd;
}

export function openNumbers({ log, closer }: Base, { store, keys }: State): Numbers {
  const numbers = new Numbers({ redis: store.redis, keys, clock: systemClock, log });
  closer.add('routing numbers', () => numbers.close());

  return numbers;
}

export async function openEmergency(
  { log, closer }: Base,
  plans: SitePlans,
  { store, keys }: State,
): Promise<EmergencyStore> {
  const locales = (): readonly string[] => plans.plan.locales;
  const emergency = new EmergencyStore({ redis: store.redis, keys, clock: systemClock, log, locales });
  closer.add('emergency message', () => emergency.close());
  await emergency.start();

  return emergency;
}
