import pino from 'pino';
import type { OverflowRule } from '../../../src/acd/config';
import type { AcdEvents, EnqueueRequest, Offer, QueueFacts, TicketView } from '../../../src/acd/types';
import type { AcdPort } from '../../../src/calls/acd-port';
import type { Call } from '../../../src/calls/call';
import type { CallStore } from '../../../src/calls/call-store';
import {
  DialError,
  type DialFailure,
  type DialRequest,
  type IncomingInvite,
  type Leg,
  type LegEvents,
  type OfferResult,
  type OutgoingInvite,
  type SeatAnswer,
  type SeatDialer,
} from '../../../src/calls/leg';
import { CallManager, type ManagerPorts, type StartRequest } from '../../../src/calls/manager';
import { loadSite } from '../../../src/dialplan/load';
import type { Plan } from '../../../src/dialplan/model';
import { ManualClock } from '../../../src/lib/clock';
import { TypedEmitter } from '../../../src/lib/emitter';
import { SightlineError, type ErrorCode } from '../../../src/lib/errors';
import { inProject } from '../../../src/lib/paths';
import type { EndpointEvents } from '../../../src/media/port';
import { pcmu, phone, vp8 } from './descriptions';

export const talk = phone(pcmu, vp8);

/** A leg whose far end takes everything, and tells what it was told. */
export class TestLeg implements Leg {
  readonly events = new TypedEmitter<LegEvents>();
  readonly record;
  alive = true;
  /** Reasons of the BYEs that it got. */
  readonly byes: (string | undefined)[] = [];
  readonly messages: { type: string; [key: string]: unknown }[] = [];
  readonly offered: string[] = [];

  constructor(
    dialogId: string,
    visualMenu = false,
    private readonly answers = talk,
  ) {
    const allow = ['INVITE', 'BYE'];
    this.record = { dialogId, callId: dialogId, role: 'uas' as const, peer: `sip:${dialogId}@x`, allow, visualMenu };
  }

  request(_method: string, { body }: { body?: string }): Promise<{ status: number }> {
    if (body) this.messages.push(JSON.parse(body) as { type: string });

    return Promise.resolve({ status: 200 });
  }

  reinvite(sdp: string | undefined): Promise<OfferResult> {
    this.offered.push(sdp ?? '');

    return Promise.resolve({ status: 200, sdp: this.answers });
  }

  update(sdp: string): Promise<OfferResult> {
    return this.reinvite(sdp);
  }

  start(): void {
    // Nothing has come before.
  }

  bye(reason?: string): Promise<void> {
    if (this.alive) this.byes.push(reason);
    this.alive = false;

    return Promise.resolve();
  }

  /** The far end hangs up, or is gone. */
  ends(cause = 'bye'): void {
    this.alive = false;
    this.events.emit('ended', { by: cause === 'bye' ? 'peer' : 'edge', cause });
  }
}

/** One seat's phone that is rung. */
export class TestDial implements OutgoingInvite {
  readonly answered: Promise<SeatAnswer>;
  readonly leg: TestLeg;
  cancelled: string | undefined;
  private resolve: (answer: SeatAnswer) => void = () => undefined;
  private reject: (error: DialError) => void = () => undefined;
  private onRing: () => void = () => undefined;
  private done = false;

  constructor(readonly request: DialRequest) {
    this.leg = new TestLeg(`seat-${request.seatId}`);
    this.answered = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.answered.catch(() => undefined);
  }

  onSent(listener: (transactionId: string) => void): void {
    listener(`invite-${this.request.seatId}`);
  }

  onRinging(listener: () => void): void {
    this.onRing = listener;
  }

  rings(): void {
    this.onRing();
  }

  answers(sdp: string | undefined = talk): void {
    this.done = true;
    this.resolve({ leg: this.leg, sdp });
  }

  fails(why: DialFailure, status = 486): void {
    this.done = true;
    this.reject(new DialError(why, status));
  }

  cancel(reason: string): void {
    if (this.done) return;
    this.done = true;
    this.cancelled = reason;
    this.reject(new DialError('no-answer', 487));
  }
}

/** The queue as a test wants it: tells what it was asked, and emits what the test says. */
export class TestAcd extends TypedEmitter<AcdEvents> implements AcdPort {
  readonly asked: string[] = [];
  readonly enqueued: EnqueueRequest[] = [];
  readonly facts = jest.fn((_queue: string): Promise<QueueFacts> => Promise.resolve(idleQueue));
  /** Claims wait for this, where it is there. */
  claim: Promise<unknown> | undefined;
  /** What refuses the next call of these. */
  readonly refusals: Partial<Record<'accept' | 'transfer' | 'enqueue', ErrorCode>> = {};
  private queue = '';
  private offers = 0;
  private tickets = 0;

  private note(what: string, ...about: string[]): Promise<undefined> {
    this.asked.push([what, ...about].join(' '));

    return Promise.resolve(undefined);
  }

  private refuse(what: 'accept' | 'transfer' | 'enqueue'): void {
    const code = this.refusals[what];
    delete this.refusals[what];
    if (code) throw new SightlineError(code);
  }

  async enqueue(request: EnqueueRequest): Promise<TicketView> {
    this.enqueued.push(request);
    await this.note('enqueue', request.queue);
    this.refuse('enqueue');
    this.queue = request.queue;

    return { ticketId: `t${++this.tickets}`, enqueuedAt: 0 } as TicketView;
  }

  async accept({ seatId }: Offer): Promise<unknown> {
    await this.note('accept', seatId);
    await this.claim;
    this.refuse('accept');

    return undefined;
  }

  async transfer(ticketId: string, queue: string): Promise<unknown> {
    await this.note('transfer', ticketId, queue);
    this.refuse('transfer');
    this.queue = queue;

    return undefined;
  }

  position() {
    return Promise.resolve({
      queue: this.queue,
      position: 1,
      waiting: 1,
      estimate: [10, 20] as [number, number],
    });
  }

  resume = () => Promise.resolve(undefined);
  drop = (id: string) => this.note('drop', id);
  leave = (id: string, why: string) => this.note('leave', id, why);
  decline = ({ seatId }: Offer, cause: string) => this.note('decline', seatId, cause);
  complete = (id: string) => this.note('complete', id);
  breakOff = (id: string) => this.note('breakOff', id);
  ringing = ({ seatId }: Offer) => this.note('ringing', seatId);
  hold = (id: string) => this.note('hold', id);
  unhold = (id: string) => this.note('unhold', id);
  postpone = (id: string) => this.note('postpone', id);
  askCallback = (id: string) => this.note('askCallback', id);
  engaged = (seat: string, call: string, on: boolean) => this.note('engaged', seat, call, String(on));

  /** Promises the ticket of a call to a seat. */
  offer(call: Call, seatId: string): Offer {
    const offer: Offer = {
      offerId: `o${++this.offers}`,
      token: 'token',
      ticketId: call.record.ticketId ?? '',
      callId: call.id,
      seatId,
      queue: call.record.queue ?? '',
      expiresAt: call.home.clock.now() + 25_000,
    };
    this.emit('offer', offer);

    return offer;
  }

  overflow(call: Call, rule: OverflowRule): void {
    this.emit('overflow', call.record.ticketId ?? '', rule);
  }
}

export const idleQueue: QueueFacts = { waiting: 0, staffed: 3, free: 3, occupancy: 0, estimate: [0, 0] };

export interface CallWorldOptions {
  plan?: Partial<Plan>;
  ports?: Partial<ManagerPorts>;
}

/** Read once: nothing changes it. */
let site: ReturnType<typeof loadSite> | undefined;

/** Calls of the demo site, with every neighbour of the calls in the hands of the test. */
export class CallWorld {
  readonly acd = new TestAcd();
  readonly clock = new ManualClock();
  readonly dials: TestDial[] = [];
  readonly manager: CallManager;

  private constructor(
    readonly plan: Plan,
    ports: Partial<ManagerPorts>,
  ) {
    const dialer: SeatDialer = {
      dial: (request) => {
        const dial = new TestDial(request);
        this.dials.push(dial);

        return dial;
      },
      prepare: () => undefined,
      isBrowser: () => Promise.resolve(false),
      isReachable: () => Promise.resolve(true),
    };
    this.manager = new CallManager({
      acd: this.acd,
      store: { save: () => undefined } as unknown as CallStore,
      dialer,
      clock: this.clock,
      log: pino({ level: 'silent' }),
      node: 'n1',
      mediaAddress: '192.0.2.9',
      media: () => undefined,
      storeAvailable: () => true,
      storeReady: () => Promise.resolve(),
      plans: { retain: () => undefined, release: () => undefined },
      onEnded: () => undefined,
      ...ports,
    });
  }

  static async open({ plan, ports = {} }: CallWorldOptions = {}): Promise<CallWorld> {
    site ??= loadSite(inProject('dialplans', 'demo'));
    const loaded = await site;
    if (!loaded.plan) throw new Error('the demo site has faults');

    return new CallWorld({ ...loaded.plan, ...plan }, ports);
  }

  /** A terminal dials; its leg is there when it is answered. */
  dial(options: { screen?: boolean; flow?: string; sdp?: string } & Partial<StartRequest> = {}): TestCaller {
    const { screen = false, flow = 'support-direct', sdp = talk, ...request } = options;
    const caller = new TestCaller(screen, sdp);
    caller.call = this.manager.start(
      {
        plan: this.plan,
        caller: { user: '1001', kind: 'terminal', source: '192.0.2.1:5060' },
        number: '6100',
        flow,
        locale: 'en',
        context: {},
        ...request,
      },
      caller.incoming,
    );

    return caller;
  }

  /** The phone of a seat, once it was rung. */
  async rung(seatId: string): Promise<TestDial> {
    return until(() => this.dials.findLast(({ request }) => request.seatId === seatId));
  }
}

export class TestCaller {
  call!: Call;
  readonly leg: TestLeg;
  rejected: SightlineError | undefined;
  cancel: () => void = () => undefined;
  readonly incoming: IncomingInvite;

  constructor(screen: boolean, sdp: string) {
    this.leg = new TestLeg('terminal', screen);
    this.incoming = {
      transactionId: 'terminal-invite',
      sdp,
      offersVisualMenu: screen,
      acceptLanguage: undefined,
      cancelled: false,
      onCancel: (listener) => {
        this.cancel = () => listener(undefined);
      },
      ring: () => undefined,
      answer: () => Promise.resolve({ leg: this.leg, ackSdp: undefined }),
      reject: (error) => {
        this.rejected = error;
      },
    };
  }

  get events(): string[] {
    return this.call.record.history.map(({ event, detail }) => (detail === undefined ? event : `${event} ${detail}`));
  }

  async reaches(state: Call['state']): Promise<void> {
    await until(() => this.call.state === state);
  }

  /** The last message of a kind on the screen. */
  async shown<T extends string>(type: T): Promise<{ type: string; [key: string]: unknown }> {
    return until(() => this.leg.messages.findLast((message) => message.type === type));
  }
}

/** An end at a media engine that does nothing but be there. */
export class TestEndpoint {
  readonly events = new TypedEmitter<EndpointEvents>();
  readonly localDescription = talk;
  closed = false;

  close(): Promise<void> {
    this.closed = true;

    return Promise.resolve();
  }
}

/** Lets what was set in motion go on until this is so. Nothing here takes time, so it is given turns, not milliseconds. */
export async function until<T>(read: () => T): Promise<NonNullable<T>> {
  for (let turn = 0; turn < 500; turn++) {
    const value = read();
    if (value) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('it never came to that');
}

/** Lets everything that was set in motion come to rest. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}
