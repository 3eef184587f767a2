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

  constructor(readonly edge: Edge) {}

  get size(): number {
    return this.legs.size;
  }

  add(leg: SrfLeg): void {
    this.legs.set(leg.record.dialogId, leg);
  }

  remove(dialogId: string): void {
    this.legs.delete(dialogId);
  }

  /** A leg from the record of a call that another process, or this one before a restart, has begun. */
  adopt(record: LegRecord): SrfLeg {
    return this.legs.get(record.dialogId) ?? new SrfLeg(this, record);
  }

  mount(srf: SrfLike): void {
    for (const method of dialogMethods) srf.use(method, this.dispatch);
  }

  private readonly dispatch: Handler = (req, res, next) => {
    const leg = req.stackDialogId ? this.legs.get(req.stackDialogId) : undefined;
    if (leg) return leg.handle(req, res);
    if (hasToTag(req)) return this.refuseStray(req, res);
    next();
  };

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
