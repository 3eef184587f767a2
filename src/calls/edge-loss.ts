import { callerLeft } from './stage-end';
import { ringsInterrupted } from './stage-offer';
import type { Call } from './call';
import { probeLegs, showAgain } from './take-up';

/** The SIP edge cannot be reached: seats that rang are not heard any more. They are rung again when it is back. */
export function edgeLost(calls: Iterable<Call>): void {
  for (const call of calls) call.run(ringsInterrupted(call));
}

/**
 * The SIP edge is back, with its dialogs or without: legs whose dialogs are gone end their calls. A phone that was not
 * answered yet was refused by the edge, or is by `abandon`; its place in the queue is kept.
 */
export async function edgeBack(
  calls: Iterable<Call>,
  abandon: (transactionId: string, kind: 'theirs') => Promise<void>,
): Promise<void> {
  await Promise.all(
    [...calls].map(async (call) => {
      const { inviteId } = call.record.terminal;
      if (call.terminal) {
        await probeLegs(call);
        if (!call.ended) showAgain(call);
      } else if (call.incoming) {
        if (inviteId !== undefined) await abandon(inviteId, 'theirs');
        callerLeft(call, 'gone');
      }
    }),
  );
}
