import { SightlineError, asSightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Call } from '../calls/call';
import type { StartRequest } from '../calls/manager';
import type { IncomingInvite } from '../calls/leg';
import { matchDestination, type Destination as PlannedDestination } from '../dialplan/match';
import type { Plan } from '../dialplan/model';
import { negotiateLocale } from '../ivr/locale';
import { parseSdp } from '../media/sdp';
import type { RoutingNumber } from '../numbers/types';
import type { DrachtioRequest, DrachtioResponse, Headers } from './drachtio';
import { errorHeaders } from './headers';
import type { AgentCodes } from './agent-codes';
import { parseFeatureCode } from './feature-codes';
import { SrfIncomingInvite, minSessionSeconds } from './incoming';
import type { LegHome } from './leg';
import type { Caller, Identify } from './registrar/identify';
import { parseSipUri } from './registrar/address';

/** The largest session description taken, in bytes. */
const sdpLimit = 16 * 1024;

/** What the life of an INVITE needs of its surroundings. */
export interface PipelinePorts {
  plan(): Plan;
  isOurHost(host: string): boolean;
  identify: Identify;
  /** Takes a routing number for its one use, or gives it back to the terminal that was cut off. */
  claim(number: string, caller: string): Promise<RoutingNumber>;
  /** The routing number that a call to `help` is redirected to. */
  redirect(caller: Caller, serviceId: string | undefined): Promise<{ contact: string }>;
  /** Absent: there are no feature codes. */
  agentCodes?: Pick<AgentCodes, 'codes' | 'carryOut' | 'confirm'>;
  calls: { start(request: StartRequest, incoming: IncomingInvite): Call };
  home: LegHome;
  /** False while the server is stopping. */
  accepting(): boolean;
  log: Logger;
}

/** What a call is for; a routing number is known by itself, whatever its pool. */
type Destination = Exclude<PlannedDestination, { kind: 'pool' }> | { kind: 'pool'; number: string };

/** What is known of an INVITE so far; each stage adds its part. */
interface Context {
  readonly req: DrachtioRequest;
  readonly res: DrachtioResponse;
  readonly ports: PipelinePorts;
  readonly plan: Plan;
  isCancelled(): boolean;
  caller?: Caller;
  destination?: Destination;
  lease?: RoutingNumber;
}

/** Goes on to the next stage, or has answered the INVITE. A refusal is a thrown SightlineError. */
type Stage = (context: Context) => Promise<'next' | 'answered'> | 'next' | 'answered';

/**
 * The life of an INVITE, from its arrival until it is a call: each stage passes it on or ends it with a SIP answer.
 * docs/lifecycle.md draws it.
 */
const stages: readonly Stage[] = [
  admit,
  checkSession,
  checkDescription,
  identifyCaller,
  carryOutCode,
  readDestination,
  redirectHelp,
  claimNumber,
  beginCall,
];

export function createInviteHandler(ports: PipelinePorts) {
  return async (req: DrachtioRequest, res: DrachtioResponse): Promise<void> => {
    let cancelled = false;
    req.once('cancel', () => {
      cancelled = true;
    });
    const context: Context = { req, res, ports, plan: ports.plan(), isCancelled: () => cancelled };
    try {
      for (const stage of stages) {
        // A number that is claimed goes into a call even then: it is the end of the call that gives the number back.
        if (cancelled && !context.lease) return;
        if ((await stage(context)) === 'answered') return;
      }
    } catch (thrown) {
      const error = asSightlineError(thrown);
      if (error.code === 'INTERNAL') ports.log.error({ err: thrown }, 'an INVITE could not be handled');
      // RFC 3261 section 21.4.13: the refusal says what would do.
      const accept: Headers = error.code === 'UNSUPPORTED_MEDIA_TYPE' ? { Accept: 'application/sdp' } : {};
      if (!cancelled) res.send(error.sip, { headers: { ...errorHeaders(error), ...accept } });
    }
  };
}

function admit({ ports }: Context): 'next' {
  if (!ports.accepting()) throw new SightlineError('SHUTTING_DOWN', undefined, { retryAfter: 5 });

  return 'next';
}

/** RFC 4028 section 9: a session interval below the smallest one is refused with what would do. */
function checkSession({ req, res }: Context): 'next' | 'answered' {
  const seconds = Number.parseInt(req.get('Session-Expires') ?? '', 10);
  if (Number.isNaN(seconds) || seconds >= minSessionSeconds) return 'next';
  const headers = { ...errorHeaders(new SightlineError('SESSION_TOO_SMALL')), 'Min-SE': String(minSessionSeconds) };
  res.send(422, { headers });

  return 'answered';
}

function checkDescription({ req }: Context): 'next' {
  if (!req.body) return 'next';
  if (Buffer.byteLength(req.body) > sdpLimit) throw new SightlineError('BODY_TOO_LARGE');
  const type = req.get('Content-Type') ?? '';
  if (!/^\s*application\/sdp\b/i.test(type)) {
    throw new SightlineError('UNSUPPORTED_MEDIA_TYPE', 'An INVITE carries application/sdp');
  }
  parseSdp(req.body);

  return 'next';
}

async function identifyCaller(context: Context): Promise<'next' | 'answered'> {
  context.caller = await context.ports.identify(context.req, context.res);

  return context.caller ? 'next' : 'answered';
}

/** A seat has dialled a feature code: that is done, said, and no call. Nobody else has codes: for them it is a number like any. */
async function carryOutCode(context: Context): Promise<'next' | 'answered'> {
  const { req, res, ports, plan, caller } = context;
  const { agentCodes } = ports;
  const uri = parseSipUri(req.uri);
  if (!agentCodes || caller?.kind !== 'seat' || !uri || !ports.isOurHost(uri.host)) return 'next';
  const code = parseFeatureCode(uri.user, agentCodes.codes);
  if (!code) return 'next';
  await agentCodes.carryOut(caller.user, code);
  const peer = `sip:${caller.user}@${plan.domain}`;
  const incoming = new SrfIncomingInvite(ports.home, req, res, { peer, cancelled: context.isCancelled() });
  void agentCodes.confirm(incoming, code, negotiateLocale(incoming.acceptLanguage, plan));

  return 'answered';
}

function readDestination(context: Context): 'next' {
  const uri = parseSipUri(context.req.uri);
  if (!uri || !context.ports.isOurHost(uri.host)) {
    throw new SightlineError('NOT_FOUND', 'The request is for another domain');
  }
  const destination = matchDestination(context.plan, uri.user) ?? formerPool(uri.user);
  if (!destination) throw new SightlineError('NUMBER_UNKNOWN');
  context.destination = destination;

  return 'next';
}

/** A number may be of a pool that an edit took away while it was leased: whoever has it may still dial it. */
function formerPool(user: string): Destination | undefined {
  return /^\d{1,15}$/.test(user) ? { kind: 'pool', number: user } : undefined;
}

/** A call to `help` is answered with the number to dial (RFC 3261 section 8.1.3.4). */
async function redirectHelp({ destination, caller, ports, res }: Context): Promise<'next' | 'answered'> {
  if (destination?.kind !== 'help' || !caller) return 'next';
  const { contact } = await ports.redirect(caller, destination.service);
  res.send(302, { headers: { Contact: contact } });

  return 'answered';
}

async function claimNumber(context: Context): Promise<'next'> {
  const { destination, caller, ports } = context;
  if (destination?.kind !== 'pool' || !caller) return 'next';
  const lease = await ports.claim(destination.number, caller.user);
  context.lease = lease;

  return 'next';
}

function beginCall(context: Context): 'answered' {
  const { req, res, ports, plan, caller, destination, lease } = context;
  if (!caller || !destination) throw new SightlineError('INTERNAL');
  const route = routeOf(plan, destination, lease);
  const source = `${caller.source.address}:${caller.source.port}`;
  const peer = `sip:${caller.user}@${plan.domain}`;
  const incoming = new SrfIncomingInvite(ports.home, req, res, { peer, cancelled: context.isCancelled() });
  ports.calls.start(
    {
      plan,
      caller: { user: caller.user, kind: caller.kind, source },
      number: route.number,
      flow: route.flow,
      locale: localeOf(plan, caller, route.locale, incoming.acceptLanguage),
      ...(lease ? { lease: { number: lease.number, request: lease.request, token: lease.token } } : {}),
      context: contextOf(lease),
    },
    incoming,
  );

  return 'answered';
}

interface Route {
  number: string;
  flow: string;
  locale?: string;
}

function routeOf(plan: Plan, destination: Destination, lease: RoutingNumber | undefined): Route {
  if (destination.kind === 'number') {
    const { number, flow, locale } = destination.number;

    return locale === undefined ? { number, flow } : { number, flow, locale };
  }
  if (destination.kind === 'pool' && lease) {
    const flow = plan.services.get(lease.service)?.flow ?? lease.flow;
    if (!plan.flows.has(flow)) throw new SightlineError('SERVICE_UNKNOWN', `The service ${lease.service} is gone`);

    return { number: lease.number, flow, ...(lease.locale === undefined ? {} : { locale: lease.locale }) };
  }
  throw new SightlineError('NOT_FOUND', 'Calls between users are not offered here');
}

/** The number's own language, else what the phone asks for, else the terminal's own, else the site's. */
function localeOf(plan: Plan, caller: Caller, ofRoute: string | undefined, asked: string | undefined): string {
  const terminal = plan.terminals.get(caller.user);

  return negotiateLocale(ofRoute ?? asked ?? terminal?.locale, plan);
}

function contextOf(lease: RoutingNumber | undefined): Record<string, unknown> {
  if (!lease) return {};
  const { service, place, context } = lease;

  return { service, ...(place === undefined ? {} : { place }), ...(context === undefined ? {} : { request: context }) };
}
