import { type Clock, systemClock } from '../lib/clock';
import { TypedEmitter } from '../lib/emitter';
import { SightlineError } from '../lib/errors';
import { type Fault, faultLine } from './faults';
import { type FileCache, loadSite } from './load';
import type { Plan } from './model';
import type { Environment } from './reader';
import { fingerprint, SiteWatcher } from './watch';

export type PlanEvents = {
  /** A new plan is in force; `warnings` may be empty. */
  published: [plan: Plan, warnings: Fault[]];
  /** An edit has errors; the plan that was in force stays. */
  rejected: [faults: Fault[]];
};

export interface PlanStoreOptions {
  folder: string;
  clock?: Clock;
  env?: Environment;
  /** Whether edits are taken while the process runs; true by default. */
  watch?: boolean;
}

/** The site has errors at the start, when there is no earlier plan to fall back on. */
export class PlanInvalidError extends SightlineError {
  constructor(
    folder: string,
    readonly faults: readonly Fault[],
  ) {
    const lines = faults.map((fault) => `  ${faultLine(fault, `${folder}/`)}\n    ${fault.remedy}`);
    super('PLAN_INVALID', `The dialplan in ${folder} has faults:\n${lines.join('\n')}`);
    this.name = 'PlanInvalidError';
  }
}

/** How often files that change while they are read are read again at once; after that the watcher calls again. */
const maxAttempts = 5;

interface Version {
  plan: Plan;
  /** Calls that began on this version and are not over. */
  held: number;
}

/**
 * Holds the plan in force, takes good edits of the operators' files within a second and leaves the last good plan in force
 * when an edit is bad. Older versions are kept as long as calls hold them.
 */
export class PlanStore extends TypedEmitter<PlanEvents> {
  private readonly versions = new Map<string, Version>();
  private readonly cache: FileCache = new Map();
  private readonly clock: Clock;
  private watcher: SiteWatcher | undefined;
  private inForce!: Plan;
  private rejectedFaults: readonly Fault[] = [];
  private loading: Promise<void> | undefined;
  private again = false;
  private closed = false;

  private constructor(private readonly options: PlanStoreOptions) {
    super();
    this.clock = options.clock ?? systemClock;
  }

  /**
   * Loads the site and begins to watch its folder.
   *
   * @throws PlanInvalidError (code PLAN_INVALID) with every fault when the site has errors.
   */
  static async open(options: PlanStoreOptions): Promise<PlanStore> {
    const store = new PlanStore(options);
    if (options.watch !== false) {
      // Watching begins first, so that an edit during the first load is not missed.
      store.watcher = new SiteWatcher(options.folder, store.clock, () => store.reloadInBackground());
      await store.watcher.start();
    }
    const { plan, faults } = await store.load();
    if (!plan) {
      store.close();
      throw new PlanInvalidError(options.folder, faults);
    }
    store.takeInForce(plan);

    return store;
  }

  /** The plan in force: new calls begin on it. */
  get current(): Plan {
    return this.inForce;
  }

  /** The faults for which the files as they are now were turned down; empty when they are in force. */
  get faults(): readonly Fault[] {
    return this.rejectedFaults;
  }

  /** A version that is in force or held by a call; undefined when it is neither, for instance after a restart. */
  version(version: string): Plan | undefined {
    return this.versions.get(version)?.plan;
  }

  /** Versions that are kept, with the number of calls that hold each. */
  get kept(): ReadonlyMap<string, number> {
    return new Map([...this.versions].map(([version, { held }]) => [version, held]));
  }

  /** Keeps the version of this plan until as many releases have come. */
  retain(plan: Plan): void {
    const version = this.versions.get(plan.version) ?? { plan, held: 0 };
    version.held++;
    this.versions.set(plan.version, version);
  }

  /** Ends one `retain`. A version that nobody holds and that is not in force is forgotten. */
  release(plan: Plan): void {
    const version = this.versions.get(plan.version);
    if (!version || version.held === 0) return;
    version.held--;
    this.forgetUnused(plan.version);
  }

  /** Looks at the files now. Settles when they are in force, rejected, or seen to be unchanged. */
  reload(): Promise<void> {
    this.again = true;
    this.loading ??= this.loadUntilSettled().finally(() => {
      this.loading = undefined;
    });

    return this.loading;
  }

  /** Stops watching. The plan in force and the versions held stay readable. */
  close(): void {
    this.closed = true;
    this.watcher?.close();
    this.removeAllListeners();
  }

  private reloadInBackground(): void {
    // A bad site is not an error here; whatever else goes wrong must not take the server with it.
    this.reload().catch((error: unknown) => process.emitWarning(`A dialplan could not be read: ${String(error)}`));
  }

  private async loadUntilSettled(): Promise<void> {
    for (let attempt = 0; this.again && !this.closed && attempt < maxAttempts; attempt++) {
      this.again = false;
      const before = await fingerprint(this.options.folder);
      const { plan, faults } = await this.load();
      // Files that were written meanwhile may have been read in part; the writing is about to wake the watcher, too.
      if (before !== (await fingerprint(this.options.folder))) this.again = true;
      else if (!this.closed) this.judge(plan, faults);
    }
  }

  private load(): ReturnType<typeof loadSite> {
    const { folder, env } = this.options;

    return loadSite(folder, { cache: this.cache, ...(env ? { env } : {}) });
  }

  private judge(plan: Plan | undefined, faults: Fault[]): void {
    if (!plan) {
      const same = JSON.stringify(faults) === JSON.stringify(this.rejectedFaults);
      this.rejectedFaults = faults;
      if (!same) this.emit('rejected', faults);

      return;
    }
    this.rejectedFaults = [];
    if (plan.version === this.inForce.version) return;
    this.takeInForce(plan);
    this.emit('published', this.inForce, faults);
  }

  private takeInForce(plan: Plan): void {
    const before = this.inForce as Plan | undefined;
    const version = this.versions.get(plan.version) ?? { plan, held: 0 };
    this.versions.set(plan.version, version);
    this.inForce = version.plan;
    if (before) this.forgetUnused(before.version);
  }

  private forgetUnused(version: string): void {
    if (version !== this.inForce.version && this.versions.get(version)?.held === 0) this.versions.delete(version);
  }
}
