import { ChurnMap } from '../lib/churn';

/** So many of those that went last are remembered, or twice as many. */
const REMEMBERED = 10_000;

/**
 * The revision that each thing is of as it is known here; also, for a while, of those that are gone, so that late news does not
 * bring them back.
 */
export class Revisions {
  private readonly there = new ChurnMap<string, number>();
  /** The newest of those that are gone, and the ones before them: whole maps are dropped, since each ticket goes one day. */
  private gone = new Map<string, number>();
  private goneBefore = new Map<string, number>();

  /** Undefined for what is not known. */
  of(id: string): number | undefined {
    return this.there.get(id) ?? this.gone.get(id) ?? this.goneBefore.get(id);
  }

  set(id: string, revision: number): void {
    this.there.set(id, revision);
  }

  /** It is gone since this revision. */
  setGone(id: string, revision: number): void {
    this.there.delete(id);
    this.gone.set(id, revision);
    if (this.gone.size < REMEMBERED) return;
    this.goneBefore = this.gone;
    this.gone = new Map();
  }

  clear(): void {
    for (const map of [this.there, this.gone, this.goneBefore]) map.clear();
  }
}
