import { SightlineError } from '../lib/errors';
import type { LegRecord } from '../calls/leg';
import type { DrachtioRequest, DrachtioResponse, Handler, SrfLike } from './drachtio';
import type { Edge } from './edge';
import { errorHeaders } from './headers';
import { SrfLeg, type LegHome } from './leg';

/** Methods that can come within a dialog; each has to be asked for by name, or drachtio-server refuses it for us. */
const dialogMethods = ['invite', 'bye', 'info', 'update', 'message', 'options', 'refer', 'notify', 'prack'];

/** The legs of this process by dialog id, and the first stage of every request: is it for one of them? */
export class LegRegistry implements LegHome {
  private readonly legs = new Map<string, SrfLeg>();
  /** Until the calls of before a restart are taken up: requests within dialogs that may be theirs, by dialog id. */
  private early: Map<string, (() => void)[]> | undefined = new Map();

  constructor(readonly edge: Edge) {}

  get size(): number {
    return this.legs.size;
  }

  add(leg: SrfLeg): void {
    const { dialogId } = leg.record;
    this.legs.set(dialogId, leg);
    const waiting = this.early?.get(dialogId) ?? [];
    this.early?.delete(dialogId);
    for (const deliver of waiting) deliver();
  }

  remove(dialogId: string): void {
    this.legs.delete(dialogId);
  }

  /** A leg from the record of a call that another process, or this one before a restart, has begun. */
  adopt(record: LegRecord): SrfLeg {
    return this.legs.get(record.dialogId) ?? new SrfLeg(this, record);
  }

  /** Every leg of before the restart is there: what still belongs to none is refused. Twice is harmless. */
  complete(): void {
    const early = this.early;
    this.early = undefined;
    for (const waiting of early?.values() ?? []) for (const deliver of waiting) deliver();
  }

  mount(srf: SrfLike): void {
    for (const method of dialogMethods) srf.use(method, this.dispatch);
  }

  private readonly dispatch: Handler = (req, res, next) => {
    const leg = req.stackDialogId ? this.legs.get(req.stackDialogId) : undefined;
    if (leg) return leg.handle(req, res);
    if (!hasToTag(req)) return next();
    if (this.early) this.keep(this.early, () => this.dispatch(req, res, next), req.stackDialogId ?? '');
    else this.refuseStray(req, res);
  };

  private keep(early: Map<string, (() => void)[]>, deliver: () => void, dialogId: string): void {
    early.set(dialogId, [...(early.get(dialogId) ?? []), deliver]);
  }

  private refuseStray(req: DrachtioRequest, res: DrachtioResponse): void {
    if (req.method === 'ACK') return;
    // A PRACK for a provisional answer of ours within an INVITE that has no leg yet.
    if (req.method === 'PRACK') return res.send(200);
    res.send(481, { headers: errorHeaders(new SightlineError('CALL_GONE')) });
  }
}

function hasToTag(req: DrachtioRequest): boolean {
  return /;\s*tag=/i.test(req.get('To') ?? '');
}
