import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Handler } from './drachtio';
import type { Edge } from './edge';
import { allowHeader, errorHeaders } from './headers';
import { createInviteHandler, type PipelinePorts } from './pipeline';
import type { LegRegistry } from './registry';
import type { Caller, Identify } from './registrar/identify';
import type { RegisterHandler } from './registrar/register';
import type { SipRequest, SipResponse } from './registrar/exchange';

export interface FacePorts {
  edge: Edge;
  legs: LegRegistry;
  identify: Identify;
  register: RegisterHandler;
  /** A MESSAGE of somebody known, outside of a call. */
  onMessage(req: SipRequest, res: SipResponse, caller: Caller): Promise<void>;
  pipeline: PipelinePorts;
  log: Logger;
}

/** Methods that begin nothing here; they are refused by name, so that no client waits for an answer. */
const refusedMethods = ['subscribe', 'publish', 'refer', 'notify', 'info', 'update', 'bye', 'prack'];

/** The SIP face of the application: which handler takes which request. To be mounted before the edge is connected. */
export function mountFace(ports: FacePorts): void {
  const { edge, legs } = ports;
  legs.mount(edge.srf);
  const invite = createInviteHandler(ports.pipeline);
  edge.srf.use(
    'invite',
    guarded(ports, (req, res) => invite(req, res)),
  );
  edge.srf.use(
    'register',
    guarded(ports, (req, res) => ports.register(req, res as SipResponse)),
  );
  edge.srf.use(
    'message',
    guarded(ports, async (req, res) => {
      const caller = await ports.identify(req, res as SipResponse);
      if (caller) await ports.onMessage(req, res as SipResponse, caller);
    }),
  );
  edge.srf.use(
    'options',
    guarded(ports, (_req, res) => {
      res.send(200, { headers: { ...allowHeader, Accept: 'application/sdp', 'Recv-Info': 'visual-menu' } });
    }),
  );
  for (const method of refusedMethods) {
    edge.srf.use(method, (_req, res) => {
      res.send(405, { headers: { ...allowHeader, ...errorHeaders(new SightlineError('METHOD_NOT_ALLOWED')) } });
    });
  }
}

type Serve = (...args: Parameters<Handler>) => Promise<void> | void;

/** A handler that fails answers 500 and is logged; drachtio-srf would write to the console. */
function guarded(ports: FacePorts, serve: Serve): Handler {
  return (req, res, next) => {
    Promise.resolve()
      .then(() => serve(req, res, next))
      .catch((error: unknown) => {
        ports.log.error({ err: error, method: req.method }, 'a SIP request could not be handled');
        if (!res.finalResponseSent) res.send(500, { headers: errorHeaders(new SightlineError('INTERNAL')) });
      });
  };
}
