import type { Clock } from '../../lib/clock';
import { SightlineError } from '../../lib/errors';

/** How long FreeSWITCH may take for one step, in ms. It takes some tens; one that hangs must not hold up a call. */
export const stepLimitMs = 5000;

export interface StepLimits {
  /** Whoever tells that the server was lost. */
  readonly losses: { on(event: 'down', listener: (reason: string) => void): () => void };
  readonly clock: Clock;
}

/**
 * What `step` gives, unless the server is lost meanwhile (MEDIA_GONE) or takes too long (MEDIA_UNAVAILABLE). What comes too late is given
 * to `undo`.
 */
export async function inTime<T>(
  step: Promise<T>,
  { losses, clock, undo }: StepLimits & { undo?: (late: T) => void },
): Promise<T> {
  let isLate = false;
  const stops: (() => void)[] = [];
  const late = new Promise<never>((_resolve, reject) => {
    const give = (error: SightlineError): void => {
      isLate = true;
      reject(error);
    };
    stops.push(losses.on('down', (reason) => give(new SightlineError('MEDIA_GONE', `FreeSWITCH was lost: ${reason}`))));
    stops.push(
      clock.after(stepLimitMs, () =>
        give(new SightlineError('MEDIA_UNAVAILABLE', 'FreeSWITCH does not answer in time')),
      ),
    );
  });
  step.then(
    (value) => {
      if (isLate) undo?.(value);
    },
    () => undefined,
  );
  try {
    return await Promise.race([step, late]);
  } finally {
    for (const stop of stops) stop();
  }
}
