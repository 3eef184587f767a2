import type { CallManager } from '../calls/manager';
import { reportTo } from './base';
import type { CallParts } from './calls';
import type { Recordings } from './state';

/** Makes the store follow the dialplan in force. */
async function usePlan({ numbers, plans, seats }: CallParts): Promise<void> {
  await numbers.usePools(plans.plan.pools.values());
  await seats.assert();
}

/** From now on a new dialplan is used as soon as it is in force. */
export function followPlans(parts: CallParts): void {
  const { log } = parts.base;
  parts.plans.versions.on('published', (plan) => {
    log.info({ plan: plan.version }, 'a new dialplan is in force');
    parts.acd.usePlan();
    usePlan(parts).catch(reportTo(log, 'the pools and seats of the new dialplan are used when the store is back'));
  });
}

/** When Redis is back it may have missed an edit, or lost what it had. */
export function followStore(parts: CallParts, files: Recordings['files'], calls: CallManager): void {
  const { log, closer } = parts.base;
  const off = parts.state.store.on('up', () => {
    parts.state.callStore.rewrite(calls.live());
    files.reindex().catch(reportTo(log, 'the index of recordings is not whole; it will be when the store is back'));
    usePlan(parts).catch(reportTo(log, 'the dialplan is not in use'));
  });
  closer.add('watch on the store', off);
}
