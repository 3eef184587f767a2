import type { SipRequest } from '../message/message';
import { dialogId, spiralId } from './dialog';
import type { Dialog } from './dialog';

/** All dialogs, found by the id that applications use and by the tags of a request inside them. */
export class DialogTable {
  /** The branches of a forked INVITE share the id, so that an entry may hold several dialogs. */
  private readonly entries = new Map<string, Dialog | Dialog[]>();
  private total = 0;
  /** How many there ever were. */
  added = 0;

  get size(): number {
    return this.total;
  }

  add(dialog: Dialog): void {
    const entry = this.entries.get(dialog.id);
    if (entry === undefined) this.entries.set(dialog.id, dialog);
    else if (Array.isArray(entry)) entry.push(dialog);
    else this.entries.set(dialog.id, [entry, dialog]);
    this.total += 1;
    this.added += 1;
  }

  remove(dialog: Dialog): boolean {
    const entry = this.entries.get(dialog.id);
    if (entry === dialog) {
      this.entries.delete(dialog.id);
    } else {
      const index = Array.isArray(entry) ? entry.indexOf(dialog) : -1;
      if (!Array.isArray(entry) || index < 0) return false;
      entry.splice(index, 1);
      if (entry.length === 1) this.entries.set(dialog.id, entry[0]!);
    }
    this.total -= 1;

    return true;
  }

  /** The dialog of this id: of several branches the confirmed one, else the one that came last. */
  byId(id: string): Dialog | undefined {
    const entry = this.entries.get(id);
    if (!Array.isArray(entry)) return entry;

    return entry.find((dialog) => dialog.state !== 'early') ?? entry[entry.length - 1];
  }

  /** The dialog that a request with a To tag belongs to (RFC 3261 section 12.2.2). */
  match(request: SipRequest): Dialog | undefined {
    const { callId, fromTag, toTag } = request;
    if (fromTag === undefined || toTag === undefined) return undefined;

    return (
      this.withTags(dialogId(callId, fromTag), toTag, fromTag) ??
      this.withTags(dialogId(callId, toTag), toTag, fromTag) ??
      this.withTags(spiralId(callId, fromTag, toTag), toTag, fromTag)
    );
  }

  *[Symbol.iterator](): Iterator<Dialog> {
    for (const entry of this.entries.values()) {
      if (Array.isArray(entry)) yield* entry.slice();
      else yield entry;
    }
  }

  private withTags(id: string, localTag: string, remoteTag: string): Dialog | undefined {
    const entry = this.entries.get(id);
    if (entry === undefined) return undefined;
    const belongs = (dialog: Dialog): boolean => dialog.localTag === localTag && dialog.remoteTag === remoteTag;
    if (Array.isArray(entry)) return entry.find(belongs);

    return belongs(entry) ? entry : undefined;
  }
}
