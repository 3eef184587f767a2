import { ChurnMap } from '../../lib/churn';
import type { Keys } from '../../store/keys';
import type { Command, ProgramDraft } from '../../store/program';
import { ROW_END } from '../../store/separators';
import type { Fields } from '../rows';
import { Draft } from './draft';
import type { Known, Outcome, Words } from './draft';
import type { Records } from './records';
import { draftVerb } from './verbs';

/** The last change of the store: its revision, and who made it; see `drafter`. */
interface Tip {
  revision: number;
  by: string;
}

/** What a batch is sent with: applied where the store is as it was when it was made out, or else the verbs are run. */
export interface Proposal extends ProgramDraft {
  outcome: Outcome;
  /** See lua/includes/draft.lua. */
  words: Words;
}

export interface DraftsContext {
  readonly keys: Keys;
  readonly node: string;
  /** Up to which revision this node knows all changes. */
  seen(): number;
}

/**
 * Makes out beforehand what a batch will change, so that Redis has only to compare and to write: that costs it a third of
 * running the verbs. One may stand on another that is still under way. The store takes it if its last change is the one that the draft
 * was made after, by revision and node; else it runs the verbs, and everything that stood on this draft is run so, too.
 */
export class Drafts {
  private tip: Tip | undefined;
  /** The newest revision that may have brought in somebody unforeseen: no draft of this node made it, or one that did so. */
  private foreign = 0;
  /** Drafts under way, and batches of which nobody knows beforehand what they change. */
  private standing = 0;
  private blind = 0;
  /** Drafts under way without their verbs: refused, these go once more, and what was asked for later must not be before them. */
  private unbacked = 0;
  private allBacked: { promise: Promise<void>; resolve: () => void } | undefined;
  /** The revision that the last draft under way will have. */
  private expected = 0;
  private sequence = 0;
  /** One under way was refused, or will be: nothing is put on top. */
  private isSpoilt = false;
  /** No other node has told of itself: rows are not sent along, and hardly a draft is refused. */
  private isAlone = true;
  /** A queue here asks what only the store knows, so that drafts are refused often: their verbs always come along. */
  private isGuarded = false;
  private readonly luck = new Luck();
  private readonly tickets = new ChurnMap<string, Fields>();
  private readonly seats = new ChurnMap<string, Fields>();
  private readonly known: Known;

  constructor(
    private readonly records: Records,
    private readonly context: DraftsContext,
  ) {
    this.known = {
      ticket: (id) => this.tickets.get(id) ?? this.records.tickets.get(id),
      seat: (id) => this.seats.get(id) ?? this.records.seats.get(id),
      hasQueue: (id) => this.records.queues.has(id),
    };
  }

  /** A batch is to be sent: as a draft if all of it can be made out. Each ends by one of `taken`, `told` and `failed`. */
  propose(commands: readonly Command[], now: number): Proposal | undefined {
    const proposal = this.make(commands, now);
    if (proposal) this.standing++;
    else this.blind++;
    if (proposal?.isBare) this.unbacked++;

    return proposal;
  }

  /** Resolves when a batch that is no draft may go: none that was asked for before can come after it. Undefined: it may go now. */
  whenClear(): Promise<void> | undefined {
    if (this.unbacked === 0) return this.allBacked?.promise;
    if (!this.allBacked) {
      let resolve: () => void = () => undefined;
      const promise = new Promise<void>((done) => (resolve = done));
      this.allBacked = { promise, resolve };
      void promise.then(() => (this.allBacked = undefined));
    }

    return this.allBacked.promise;
  }

  /** The store has taken a draft. Call it after its rows are known. */
  taken(proposal: Proposal, revision: number, isAlone: boolean): void {
    const { outcome } = proposal;
    this.luck.note(true);
    this.isAlone = isAlone;
    this.end(proposal);
    this.forget(this.tickets, outcome.tickets);
    this.forget(this.seats, outcome.seats);
    this.move({ revision, by: drafter(this.context.node) });
  }

  /** The store has not taken a draft that came without its verbs: these go now, as a batch of which nobody knows what it changes. */
  refused(proposal: Proposal): void {
    this.isAlone = false;
    this.luck.note(false);
    this.spoil();
    this.blind++;
    this.end(proposal);
  }

  /** The verbs of a batch were run. `revision`: undefined when they changed nothing. */
  told(proposal: Proposal | undefined, revision: number | undefined, isAlone: boolean): void {
    if (revision !== undefined) this.isAlone = isAlone;
    if (proposal) {
      this.luck.note(false);
      this.spoil();
    }
    this.end(proposal);
    if (revision === undefined) return;
    this.foreign = Math.max(this.foreign, revision);
    this.move({ revision, by: this.context.node });
  }

  /** What became of a batch is not known. */
  failed(proposal: Proposal | undefined): void {
    this.tip = undefined;
    this.spoil();
    this.end(proposal);
  }

  /** Another node has made a change; `by` as the channel of changes tells it. */
  heard(revision: number, by: string): void {
    this.isAlone = false;
    this.foreign = Math.max(this.foreign, revision);
    if (this.standing > 0) this.spoil();
    this.move({ revision, by });
  }

  /** The store may have lost something: nothing is made out until its last change is known again. */
  reset(): void {
    this.tip = undefined;
    // A store that was restarted may count from an earlier revision.
    this.foreign = 0;
    this.spoil();
  }

  private make(commands: readonly Command[], now: number): Proposal | undefined {
    const base = this.base();
    if (!base || !this.luck.isGood()) return undefined;
    const { keys, node } = this.context;
    const before = this.standing > 0 ? this.sequence : this.records.sequence;
    const draft = new Draft(this.known, keys, node, now, before);
    if (!this.carryOut(draft, commands)) return undefined;
    this.isGuarded ||= draft.isGuarded;
    const isBare = this.isAlone && !this.isGuarded;
    // Refused, its verbs would be run before those of the one that it stands on, which come later.
    if (!isBare && this.unbacked > 0) return undefined;
    for (const [id, record] of draft.tickets) this.tickets.set(id, record);
    for (const [id, record] of draft.seats) this.seats.set(id, record);
    this.expected = base.revision + 1;
    this.sequence = draft.sequence;
    // Who ranked before this is known may pass over those who come in with it.
    if (draft.unseen < Infinity) this.foreign = Math.max(this.foreign, this.expected);
    const words: Words = [base.revision, base.by, draft.sequence === before ? '' : before];
    for (const at of [draft.entered, draft.unseen]) words.push(at === Infinity ? '' : at);
    words.push(this.isAlone ? '' : draft.rowTexts().join(ROW_END));
    draft.sayGuards(words);
    draft.sayCommands(words, before);

    return { outcome: draft.outcome(), words, isBare };
  }

  private carryOut(draft: Draft, commands: readonly Command[]): boolean {
    const { foreign } = this;
    try {
      for (const { verb, args } of commands) {
        const value = draftVerb(draft, verb, args, { foreign });
        if (value === undefined) return false;
        draft.values.push(value);
      }
    } catch {
      // A wrong arrow: the script tells what is wrong.
      return false;
    }

    return true;
  }

  /** What the next draft stands on; undefined when that cannot be told. */
  private base(): Tip | undefined {
    if (this.blind > 0 || this.isSpoilt) return undefined;
    if (this.standing > 0) return { revision: this.expected, by: drafter(this.context.node) };

    return this.tip?.revision === this.context.seen() ? this.tip : undefined;
  }

  private move(tip: Tip): void {
    if (!this.tip || tip.revision > this.tip.revision) this.tip = tip;
  }

  private spoil(): void {
    this.isSpoilt = true;
    this.tickets.clear();
    this.seats.clear();
    if (this.standing === 0) this.isSpoilt = false;
  }

  private end(proposal: Proposal | undefined): void {
    if (proposal) this.standing--;
    else this.blind--;
    if (proposal?.isBare) this.unbacked--;
    if (this.standing === 0) this.isSpoilt = false;
    if (this.unbacked === 0) this.allBacked?.resolve();
  }

  /** What no later draft has changed is known by its row now. */
  private forget(expected: ChurnMap<string, Fields>, confirmed: ReadonlyMap<string, Fields>): void {
    for (const [id, record] of confirmed) if (expected.get(id) === record) expected.delete(id);
  }
}

/** How much of what was known of past drafts remains with each. */
const MEMORY = 0.9;
/** While most are refused one batch of so many is tried. */
const TRY_ONE_IN = 8;

/** Whether it pays to make drafts: where other nodes are busy, or queues ask what only the store knows, most are made in vain. */
class Luck {
  /** Share of those that were refused lately. */
  private refused = 0;
  private passedOver = 0;

  note(isTaken: boolean): void {
    this.refused = this.refused * MEMORY + (isTaken ? 0 : 1 - MEMORY);
  }

  isGood(): boolean {
    return this.refused < 0.5 || ++this.passedOver % TRY_ONE_IN === 0;
  }
}

/**
 * How the store names a node whose last change was a draft. Verbs that are run in the place of a refused draft leave the plain name, so
 * that nothing that stood on the draft can take what they made for it.
 */
export function drafter(node: string): string {
  return `${node}+`;
}

/** The node behind a name by which the store has who made a change. */
export function changer(by: string): string {
  return by.endsWith('+') ? by.slice(0, -1) : by;
}
