import type { Acd } from '../acd/acd';
import { adoptCalls } from '../calls/adopt';
import { CallbackStore } from '../calls/callback-store';
import type { EmergencyStore } from '../calls/emergency';
import { CallManager } from '../calls/manager';
import type { CallRecord } from '../calls/record';
import type { Recorder } from '../calls/recording';
import { redialTime } from '../calls/redial';
import type { CallState } from '../calls/state';
import { callbacksOpenAt, isQueueOpen } from '../dialplan/queue-hours';
import { MediaFaces } from '../ivr/media-faces';
import { Painter } from '../ivr/picture/painter';
import { advertisedAddress } from '../lib/addresses';
import { systemClock } from '../lib/clock';
import type { MediaServer } from '../media/port';
import type { Speech } from '../media/speech';
import type { Numbers } from '../numbers/numbers';
import type { RoutingNumber } from '../numbers/types';
import { SrfSeatDialer } from '../sip/dialer';
import type { Edge } from '../sip/edge';
import type { LegRegistry } from '../sip/registry';
import { reportTo, type Base } from './base';
import type { SitePlans } from './plans';
import type { SeatWatch } from './seats';
import type { State } from './state';

/** How long a call waits for a store that is away, in ms. */
const storePatienceMs = 30_000;

/** What calls are made of. */
export interface CallParts {
  readonly base: Base;
  readonly plans: SitePlans;
  readonly state: State;
  readonly acd: Acd;
  readonly seats: SeatWatch;
  readonly numbers: Numbers;
  readonly emergency: EmergencyStore;
  readonly recorder: Recorder;
  readonly speech: Speech;
  readonly legs: LegRegistry;
  /** The media engine, once there is one. */
  media(): MediaServer | undefined;
}

export function openCalls(parts: CallParts): CallManager {
  const { base, plans, state, emergency } = parts;
  const { config, log, closer } = base;
  const calls = new CallManager({
    acd: parts.acd,
    store: state.callStore,
    dialer: new SrfSeatDialer({
      home: parts.legs,
      lookup: (user) => parts.seats.contacts(user),
      domain: () => plans.plan.domain,
      log,
    }),
    clock: systemClock,
    log,
    node: config.node,
    mediaAddress: advertisedAddress(config.host),
    media: parts.media,
    // What makes the pictures and prompts of phones without a screen program.
    faces: new MediaFaces({ painter: new Painter(log), speech: parts.speech, clock: systemClock, log }),
    recorder: parts.recorder,
    isOpen: (queue) => isQueueOpen(plans.plan, queue, systemClock.now()),
    emergency: () => emergency.current,
    callbacks: {
      store: new CallbackStore(state.store.redis, state.keys),
      plan: (version) => plans.version(version),
      opensAt: callbacksOpenAt,
    },
    storeAvailable: () => state.store.available,
    storeReady: () => state.store.whenAvailable(storePatienceMs),
    plans: plans.versions,
    onEnded: (record, from) => settleNumber(parts, record, from),
  });
  closer.add('calls', () => calls.close());

  return calls;
}

/** The number has served its one use, unless its caller was cut off while waiting: then it may be dialled again for a while. */
function settleNumber({ base, plans, numbers }: CallParts, record: CallRecord, from: CallState): void {
  if (!record.lease || record.end?.cause === 'replaced') return;
  const time = redialTime(record, from, (queue) => plans.plan.queues.get(queue));
  numbers
    .release(record.lease.number, time === undefined ? {} : { redialUntil: systemClock.now() + time })
    .catch(reportTo(base.log, 'a routing number could not be given back; it will be when its claim ends'));
}

/** A terminal that dials again while its former call still seems to wait was cut off before anybody noticed. */
export async function claimNumber(
  calls: CallManager,
  numbers: Numbers,
  number: string,
  caller: string,
): Promise<RoutingNumber> {
  const former = calls.withLease(number);
  const waits = former?.state === 'queued' || former?.state === 'offered';

  return numbers.claim(number, caller, { takeOver: waits });
}

/** Calls outlive their SIP edge: what became of them is looked at when it is back. */
export function followEdge({ log }: Base, edge: Edge, calls: CallManager): void {
  edge.onConnection((connected) => {
    log.warn({ connected }, connected ? 'the SIP edge is back' : 'the SIP edge is lost');
    if (!connected) return calls.edgeLost();
    calls
      .edgeBack((transactionId, kind) => edge.abandon(transactionId, kind))
      .catch(reportTo(log, 'calls could not be looked after when the SIP edge was back'));
  });
}

/** Goes on with the calls that this node had under way before. */
export async function resumeCalls(parts: CallParts, edge: Edge, calls: CallManager): Promise<void> {
  const { base, plans, state, acd, legs, numbers } = parts;
  const going = await adoptCalls({
    node: base.config.node,
    store: state.callStore,
    tickets: () => acd.adopt(base.config.node),
    leg: (record) => legs.adopt(record),
    abandon: (transactionId, kind) => edge.abandon(transactionId, kind),
    plan: (version) => plans.version(version),
    manager: calls,
    numbers,
  });
  legs.complete();
  if (going > 0) base.log.info({ calls: going }, 'calls of before the restart go on');
}
