import { Redis } from 'ioredis';
import { seatArrows, ticketArrows } from '../../src/acd/states';
import type { SeatInput, TicketInput } from '../../src/acd/states';
import type { SeatState, TicketState } from '../../src/acd/types';
import { Desk } from '../unit/acd/desk';
import { closeSharedRedis, sharedRedis } from '../support/redis';

/** Every state with every input, on the real verbs: the table's arrow is taken, and where it has none nothing changes. */

const ticketStates = Object.keys(ticketArrows) as TicketState[];
const ticketInputs: TicketInput[] = [
  ...(['offer', 'accept', 'withdraw', 'drop', 'resume', 'hold', 'unhold'] as const),
  ...(['complete', 'preempt', 'leave', 'lose', 'restore'] as const),
];
const seatStates = Object.keys(seatArrows) as SeatState[];

const cross = <A, B>(these: readonly A[], those: readonly B[]): [A, B][] =>
  these.flatMap((one) => those.map((other): [A, B] => [one, other]));

let redis: Redis;
let desk: Desk;

beforeAll(async () => {
  redis = new Redis((await sharedRedis()).url);
});

beforeEach(() => {
  desk = new Desk(redis);
});

afterAll(async () => {
  redis.disconnect();
  await closeSharedRedis();
});

describe('tickets', () => {
  async function bring(state: TicketState): Promise<void> {
    await desk.run('enqueueTicket');
    if (state === 'offered' || state === 'talking') {
      await desk.run('seatUp');
      await desk.run('offerTicket');
      if (state === 'talking') await desk.run('acceptOffer');
    } else {
      if (state === 'held') await desk.run('holdTicket');
      if (state === 'dropped') await desk.run('dropTicket');
      if (state === 'ended') await desk.run('leaveTicket');
    }
    expect(await desk.ticket('x', 'state')).toBe(state);
  }

  const inputs: Record<TicketInput, () => Promise<unknown>> = {
    offer: async () => {
      await desk.run('seatUp', { seatId: 's2' });
      await desk.run('offerTicket', { seatId: 's2', offerId: 'o2', more: 1 });
    },
    accept: () => desk.run('acceptOffer'),
    withdraw: () => desk.run('declineOffer', { delay: 1 }),
    drop: () => desk.run('dropTicket'),
    resume: () => desk.run('resumeTicket', { callId: 'new' }),
    hold: () => desk.run('holdTicket'),
    unhold: () => desk.run('unholdTicket'),
    complete: () => desk.run('completeTicket'),
    preempt: async () => {
      await desk.run('enqueueTicket', { ticketId: 'alarm', class: 'alarm' });
      await desk.run('offerTicket', { ticketId: 'alarm', offerId: 'o2', takes: 1 });
    },
    leave: () => desk.run('leaveTicket'),
    lose: () => desk.run('releaseNode', {}, 'two~1'),
    restore: () => desk.run('restoreTalk', { seatId: 's3', token: 'other' }),
  };

  /** Inputs that take an offered ticket back first and then follow the arrow from `waiting`. */
  const viaWaiting: TicketInput[] = ['drop', 'resume', 'hold', 'lose', 'restore'];

  function expected(state: TicketState, input: TicketInput): TicketState {
    const from = state === 'offered' && viaWaiting.includes(input) ? 'waiting' : state;
    // A dead node's tickets that do not talk are dropped by it.
    if (input === 'lose' && from !== 'talking') return ticketArrows[from].drop ?? from;
    // An alarm that takes a seat which only rings takes the offer back.
    if (input === 'preempt' && from === 'offered') return ticketArrows[from].withdraw ?? from;

    return ticketArrows[from][input] ?? from;
  }

  it.each(cross(ticketStates, ticketInputs))('%s, %s', async (state, input) => {
    await bring(state);
    await inputs[input]();
    expect(await desk.ticket('x', 'state')).toBe(expected(state, input));
  });
});

describe('seats', () => {
  const taken = (state: SeatState): boolean => ['reserved', 'ringing', 'talking'].includes(state);

  async function bring(state: SeatState): Promise<void> {
    await desk.run('seatUp');
    await desk.run('enqueueTicket', { ticketId: 'next' });
    if (state === 'offline') await desk.run('seatDown');
    if (state === 'break') await desk.run('pauseSeat');
    if (state === 'engaged') await desk.run('engageSeat');
    if (taken(state) || state === 'wrap-up' || state === 'resting') {
      await desk.run('enqueueTicket');
      await desk.run('offerTicket');
      if (state === 'ringing') await desk.run('ringSeat');
      if (state === 'talking' || state === 'wrap-up') await desk.run('acceptOffer', { wrapUp: 5_000 });
      if (state === 'wrap-up') await desk.run('completeTicket');
      if (state === 'resting') await desk.run('declineOffer', { delay: 5_000 });
    }
    expect(await desk.seat('s1', 'state')).toBe(state);
  }

  /** Ends the offer or the talk that the seat is in. */
  async function end(state: SeatState, after: 'wrap' | 'rest' | 'nothing'): Promise<void> {
    if (state === 'talking') {
      await desk.write('ticket', 'x', 'wrapUp', after === 'wrap' ? '5000' : '0');
      await desk.run('completeTicket');
    } else if (taken(state)) {
      await desk.run('declineOffer', {
        cause: after === 'rest' ? 'busy' : 'caller-left',
        delay: after === 'rest' ? 5_000 : 0,
      });
    }
  }

  /** Takes away what keeps an idle seat from working. */
  async function work(state: SeatState): Promise<void> {
    if (state === 'offline') await desk.run('seatUp');
    if (state === 'break') await desk.run('unpauseSeat');
    if (state === 'engaged') await desk.run('engageSeat', { on: 0 });
  }

  /** What is left of a wrap-up or a rest on a seat that is away from work. */
  async function unfinished(rest: 'wrap' | 'rest'): Promise<void> {
    await desk.write('seat', 's1', 'rest', rest);
    await desk.write('seat', 's1', 'until', String(desk.now + 9_000));
  }

  async function rest(state: SeatState, kind: 'wrap' | 'rest'): Promise<void> {
    if (taken(state)) return end(state, kind);
    await unfinished(kind);
    await work(state);
  }

  async function mark(state: SeatState, verb: 'engageSeat' | 'pauseSeat' | 'seatDown'): Promise<void> {
    await desk.run(verb);
    // What kept it from work gives way to the mark.
    if (verb !== 'seatDown' && (state === 'offline' || state === 'engaged')) await work(state);
    await end(state, 'nothing');
  }

  const inputs: Record<SeatInput, (state: SeatState) => Promise<unknown>> = {
    offer: () => desk.run('offerTicket', { ticketId: 'next', offerId: 'o2' }),
    ring: () => desk.run('ringSeat'),
    accept: () => desk.run('acceptOffer'),
    free: async (state) => {
      if (taken(state)) return end(state, 'nothing');
      if (state !== 'wrap-up' && state !== 'resting') return work(state);
      desk.now += 60_000;

      return desk.run('sweepDue');
    },
    wrap: (state) => rest(state, 'wrap'),
    rest: (state) => rest(state, 'rest'),
    engage: (state) => mark(state, 'engageSeat'),
    pause: (state) => mark(state, 'pauseSeat'),
    down: (state) => mark(state, 'seatDown'),
    restore: () => desk.run('restoreTalk', { ticketId: 'next', offerId: 'o2' }),
  };

  const arrows = seatStates.flatMap((state) =>
    (Object.entries(seatArrows[state]) as [SeatInput, SeatState][]).map(([input, to]) => [state, input, to] as const),
  );

  it.each(arrows)('%s, %s -> %s', async (state, input, to) => {
    await bring(state);
    await inputs[input](state);
    expect(await desk.seat('s1', 'state')).toBe(to);
  });

  /** What is asked for at a wrong moment: a claim or an answer for a seat that is not there for it. */
  const asked = ['offer', 'ring', 'accept', 'restore'] as const;
  const refused = cross(seatStates, asked).filter(([state, input]) => !seatArrows[state][input]);

  it.each(refused)('%s refuses %s', async (state, input) => {
    await bring(state);
    await inputs[input](state);
    expect(await desk.seat('s1', 'state')).toBe(state);
  });
});
