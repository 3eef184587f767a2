import { PlanStore } from '../dialplan/store';
import type { Plan } from '../dialplan/model';
import { addressesOf } from '../lib/addresses';
import { registrarSite, type RegistrarSite } from '../sip/registrar/site';
import type { Base } from './base';

/** The dialplan in force, and which hosts are ours. */
export class SitePlans {
  private readonly ownHosts: Set<string>;

  constructor(
    readonly versions: PlanStore,
    host: string,
  ) {
    this.ownHosts = new Set(['localhost', ...addressesOf(host)].map((one) => one.toLowerCase()));
  }

  get plan(): Plan {
    return this.versions.current;
  }

  get site(): RegistrarSite {
    return registrarSite(this.plan, this.ownHosts);
  }

  /** A version that calls began with, or the one in force where it is gone. */
  version(version: string): Plan {
    return this.versions.version(version) ?? this.plan;
  }

  /** What is sent to this host is sent to us. */
  addHost(host: string): void {
    this.ownHosts.add(host.toLowerCase());
  }
}

/** @throws SightlineError PLAN_INVALID */
export async function openPlans({ config, log, closer }: Base): Promise<SitePlans> {
  const versions = await PlanStore.open({ folder: config.sitePath, env: process.env });
  closer.add('dialplan', () => versions.close());
  versions.on('rejected', (faults) => {
    log.error({ faults }, 'an edit of the dialplan has faults; the last good plan stays in force');
  });

  return new SitePlans(versions, config.host);
}
