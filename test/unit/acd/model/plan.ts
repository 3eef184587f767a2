import type { TestConfig } from '../support';

export const nodeNames = ['a', 'b', 'c'];
export const queueNames = ['q1', 'q2', 'all', 'one-more', 'rings'];
export const seatNames = ['s1', 's2', 's3', 's4', 's5', 's6', 's7'];

/** A plan with something of everything. */
export function fillPlan(config: TestConfig): void {
  config
    .addQueue('q1', { maxWait: 90, grace: 20, autoBreak: { 'no-answer': 3 } })
    .addQueue('q2', {
      ...{ strategy: 'fewest-calls', weight: 2, maxWaiting: 4, wrapUp: 0, noAnswerDelay: 0, grace: 20 },
      overflow: [{ when: { waited: 30 }, to: { kind: 'queue', queue: 'q1' } }],
    })
    .addQueue('all', { strategy: 'ring-all', wrapUp: 5, grace: 20, returnWithin: 60 })
    .addQueue('one-more', { strategy: 'ring-progressively', ringStep: 5, wrapUp: 0, wrapUpUntilDone: true, grace: 20 })
    .addQueue('rings', {
      ...{ skills: ['x'], grace: 20, returnWithin: 60 },
      rings: [
        { seats: { kind: 'last-agent' }, strategy: 'longest-idle', after: 0 },
        {
          seats: { kind: 'named', seats: [], groups: ['old'] },
          strategy: 'most-skilled',
          after: 5,
          when: { waited: 5 },
        },
        { seats: { kind: 'all' }, strategy: 'highest-idle-rate', after: 5, disregard: ['x', 'y'], maxPenalty: 1 },
      ],
    });
  config
    .addSeat('s1', ['q1'])
    .addSeat('s2', ['q1', 'all'], ['x'], { levels: { x: 5 }, groups: ['old'] })
    .addSeat('s3', ['q2', 'rings'], ['x', 'y'], { penalties: { rings: 2 } })
    .addSeat('s4', ['q1', 'q2', 'all', 'one-more'])
    .addSeat('s5', ['q1', 'q2', 'rings'], ['x', 'y'], { levels: { y: 4 } })
    .addSeat('s6', ['all', 'one-more', 'rings'], ['x'], { login: 'code', levels: { x: 1 } })
    .addSeat('s7', ['q1', 'one-more'], ['y'], { media: ['voice', 'text'] });
}
