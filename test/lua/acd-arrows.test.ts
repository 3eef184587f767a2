import { scripts } from '../../src/acd/scripts';
import { seatArrows, ticketArrows } from '../../src/acd/states';
import type { SeatInput, TicketInput } from '../../src/acd/states';
import type { Offer, SeatState, TicketState } from '../../src/acd/types';
import { Site, caller } from '../unit/acd/support';
import type { Node } from '../unit/acd/support';
import { SightlineError } from '../../src/lib/errors';
import { makeKeys } from '../../src/store/keys';
import { closeSharedRedis } from '../support/redis';

/** Every state with every input, on real scripts: the table's arrow is taken, and where it has none nothing changes. */

const ticketStates = Object.keys(ticketArrows) as TicketState[];
const ticketInputs: TicketInput[] = [
  ...(['offer', 'accept', 'withdraw', 'drop', 'resume', 'hold', 'unhold'] as const),
  ...(['complete', 'leave', 'lose', 'restore'] as const),
];
const seatStates = Object.keys(seatArrows) as SeatState[];

const cross = <A, B>(these: readonly A[], those: readonly B[]): [A, B][] =>
  these.flatMap((one) => those.map((other): [A, B] => [one, other]));

let site: Site;
let node: Node;

beforeEach(async () => {
  site = new Site();
  site.config.addQueue('q').addSeat('s1', ['q']);
  node = await site.node('one');
});

afterEach(() => site.close());
afterAll(closeSharedRedis);

const base = () => ({ root: makeKeys(site.name).root, now: site.clock.now(), node: node.acd.node });
const keys = () => makeKeys(site.name);

/** Runs a script past everything that TypeScript does around it. */
function raw<K extends keyof typeof scripts>(
  name: K,
  ...rest: Parameters<(typeof scripts)[K]['run']> extends [unknown, ...infer R] ? R : never
): Promise<unknown> {
  const run = scripts[name].run.bind(scripts[name]) as (...args: unknown[]) => Promise<unknown>;

  return run(node.store.redis, ...rest).catch((error: unknown) => {
    // A code is an answer; anything else, such as an arrow that the table lacks, is a fault of the script.
    if (error instanceof SightlineError) return error;
    throw error;
  });
}

const stateOf = async (kind: 'ticket' | 'seat', id: string) =>
  (await node.store.redis.hget(keys()[kind](id), 'state')) ?? undefined;

describe('tickets', () => {
  let id: string;
  let terminal: string;
  let offer: Offer;

  /** A ticket in the state; the seat is free unless it has to be engaged. */
  async function bring(state: TicketState): Promise<void> {
    const ticket = await node.acd.enqueue(caller());
    [id, terminal] = [ticket.ticketId, ticket.terminal];
    if (state === 'offered' || state === 'talking') {
      await node.acd.seatUp('s1');
      await site.settled();
      offer = node.offers[0]!;
      if (state === 'talking') await node.acd.accept(offer);
    } else {
      offer = { offerId: 'o', token: 't', ticketId: id, callId: '', seatId: 's1', queue: 'q', expiresAt: 0 };
      if (state === 'held') await node.acd.hold(id);
      if (state === 'dropped') await node.acd.drop(id);
      if (state === 'ended') await node.acd.leave(id);
      // Free seat, nobody who dispatches: only the input under test may use it.
      await node.acd.close();
      await raw('seatUp', { seat: keys().seat('s1') }, { ...base(), seatId: 's1', queues: 'q', skills: '' });
    }
    expect(await stateOf('ticket', id)).toBe(state);
  }

  const token = () => ({ offerId: offer.offerId, token: offer.token });
  const ticketKey = () => ({ ticket: keys().ticket(id) });
  const both = () => ({ ...ticketKey(), seat: keys().seat('s1') });
  const guess = { handlingGuess: 180_000 };

  const inputs: Record<TicketInput, () => Promise<unknown>> = {
    offer: () => raw('offerTicket', both(), { ...base(), ...token(), expiresAt: 1, missDelay: 0, wrapUp: 0 }),
    accept: () => raw('acceptOffer', both(), { ...base(), ...token() }),
    withdraw: () => raw('declineOffer', ticketKey(), { ...base(), ...token(), cause: 'busy', delay: 1 }),
    drop: () => raw('dropTicket', ticketKey(), base()),
    resume: () =>
      raw('resumeTicket', { resumes: keys().resumes }, { ...base(), terminal, resumeKey: '', callId: 'new' }),
    hold: () => raw('holdTicket', ticketKey(), base()),
    unhold: () => raw('unholdTicket', ticketKey(), base()),
    complete: () => raw('completeTicket', ticketKey(), { ...base(), ...guess }),
    leave: () => raw('leaveTicket', ticketKey(), { ...base(), ...guess, how: 'abandoned' }),
    lose: () =>
      raw(
        'releaseNode',
        { nodes: keys().nodes, nodeTickets: keys().nodeTickets(node.acd.node), orphans: keys().orphans('one') },
        { ...base(), ...guess, now: base().now + 60_000, dead: node.acd.node, limit: 100 },
      ),
    restore: () =>
      raw('restoreTalk', both(), { ...base(), ...token(), seatId: 's1', answeredAt: base().now, wrapUp: 0 }),
  };

  /** Inputs that take an offered ticket back first and then follow the arrow from `waiting`. */
  const viaWaiting: TicketInput[] = ['drop', 'resume', 'hold', 'lose', 'restore'];

  function expected(state: TicketState, input: TicketInput): TicketState {
    const from = state === 'offered' && viaWaiting.includes(input) ? 'waiting' : state;
    // A dead node's tickets that do not talk are dropped by it.
    const arrow = input === 'lose' && from !== 'talking' ? 'drop' : input;

    return ticketArrows[from][arrow] ?? from;
  }

  it.each(cross(ticketStates, ticketInputs))('%s, %s', async (state, input) => {
    await bring(state);
    await inputs[input]();
    expect(await stateOf('ticket', id)).toBe(expected(state, input));
  });
});

describe('seats', () => {
  let id: string;

  async function bring(state: SeatState): Promise<void> {
    await node.acd.seatUp('s1');
    if (state === 'offline') await node.acd.seatDown('s1');
    if (state === 'paused') await node.acd.pause('s1');
    if (state === 'offline' || state === 'available' || state === 'paused') {
      await node.acd.close();
      // Made by hand, so that nothing dispatches it.
      id = 'ticket_x';
      const place = { ticket: keys().ticket(id), queue: keys().queue('q'), line: keys().line('q') };
      const person = { callId: 'c', terminal: 't', resumeKey: '', priority: 0, skills: '' };
      const limits = { since: base().now, grace: 60_000, maxWait: 0, maxWaiting: -1 };
      await raw('enqueueTicket', place, { ...base(), ...person, ...limits, ticketId: id, queueId: 'q' });
    } else {
      id = (await node.acd.enqueue(caller())).ticketId;
      await site.settled();
      if (state === 'resting') await node.acd.decline(node.offers[0]!, 'busy');
      if (state === 'talking' || state === 'wrapup') await node.acd.accept(node.offers[0]!);
      if (state === 'wrapup') {
        await node.acd.complete(id);
        id = (await node.acd.enqueue(caller())).ticketId;
      }
      await node.acd.close();
    }
    expect(await stateOf('seat', 's1')).toBe(state);
  }

  const seatKey = () => ({ seat: keys().seat('s1') });
  const both = () => ({ ticket: keys().ticket(id), ...seatKey() });
  const token = async () => {
    const [offerId, token] = await node.store.redis.hmget(keys().ticket(id), 'offerId', 'token');

    return { offerId: offerId ?? 'o', token: token ?? 't' };
  };

  const end = async (wrapUp: number, rest: number): Promise<unknown> => {
    await node.store.redis.hset(keys().ticket(id), 'wrapUp', wrapUp);
    await raw('completeTicket', { ticket: keys().ticket(id) }, { ...base(), handlingGuess: 180_000 });

    return raw(
      'declineOffer',
      { ticket: keys().ticket(id) },
      {
        ...base(),
        ...(await token()),
        cause: 'busy',
        delay: rest,
      },
    );
  };
  const up = () => raw('seatUp', seatKey(), { ...base(), seatId: 's1', queues: 'q', skills: '' });
  const work = async (): Promise<unknown> => {
    await raw('unpauseSeat', seatKey(), { ...base(), seatId: 's1' });

    return up();
  };
  /** Leaves a mark of a rest on the seat, as one has that was paused or went offline during it. */
  const unfinished = (rest: string) =>
    node.store.redis.hset(keys().seat('s1'), { rest, until: base().now + 9_000, up: '0', paused: '0' });

  const inputs: Record<SeatInput, (state: SeatState) => Promise<unknown>> = {
    offer: async () =>
      raw('offerTicket', both(), { ...base(), ...(await token()), expiresAt: 1, missDelay: 0, wrapUp: 0 }),
    accept: async () => raw('acceptOffer', both(), { ...base(), ...(await token()) }),
    free: async (state) => {
      if (state === 'offered' || state === 'talking') return end(0, 0);
      if (state === 'wrapup' || state === 'resting') {
        return raw('sweepDue', { due: keys().due }, { ...base(), now: base().now + 60_000, limit: 100 });
      }

      return work();
    },
    wrap: async (state) => {
      if (state === 'talking') return end(5, 0);
      if (state === 'offline' || state === 'paused') await unfinished('wrap');

      return work();
    },
    rest: async (state) => {
      if (state === 'offered') return end(0, 5);
      if (state === 'offline' || state === 'paused') await unfinished('rest');

      return work();
    },
    pause: async (state) => {
      await raw('pauseSeat', seatKey(), { ...base(), seatId: 's1' });
      if (state === 'offline') await up();

      return state === 'offered' || state === 'talking' ? end(0, 0) : undefined;
    },
    down: async (state) => {
      await raw('seatDown', seatKey(), base());

      return state === 'offered' || state === 'talking' ? end(0, 0) : undefined;
    },
    restore: async () =>
      raw('restoreTalk', both(), { ...base(), ...(await token()), seatId: 's1', answeredAt: 0, wrapUp: 0 }),
  };

  const arrows = seatStates.flatMap((state) =>
    (Object.entries(seatArrows[state]) as [SeatInput, SeatState][]).map(([input, to]) => [state, input, to] as const),
  );

  it.each(arrows)('%s, %s -> %s', async (state, input, to) => {
    await bring(state);
    await inputs[input](state);
    expect(await stateOf('seat', 's1')).toBe(to);
  });

  /** What is asked for at a wrong moment: a claim or an answer for a seat that is not there for it. */
  const refused = cross(seatStates, ['offer', 'accept'] as const).filter(([state, input]) => !seatArrows[state][input]);

  it.each(refused)('%s refuses %s', async (state, input) => {
    await bring(state);
    await inputs[input](state);
    expect(await stateOf('seat', 's1')).toBe(state);
  });
});
