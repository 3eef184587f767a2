import type { Config } from '../../lib/config';
import type { DefenceOptions } from './options';

/** The limits that an operator sets by the environment; the others keep their defaults. */
export function defenceSettings(config: Pick<Config, 'sipTrusted' | 'sipRate' | 'sipBan'>): Partial<DefenceOptions> {
  const { sipTrusted, sipRate, sipBan } = config;

  return {
    trusted: sipTrusted,
    requests: { perSecond: sipRate, burst: 4 * sipRate },
    dialogRequests: { perSecond: 4 * sipRate, burst: 16 * sipRate },
    messages: { perSecond: 20 * sipRate, burst: 80 * sipRate },
    // A source that asks three times as often as it may, for ten seconds.
    floodBan: 20 * sipRate,
    banTime: sipBan * 1_000,
  };
}
