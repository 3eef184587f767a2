import type { CallManager } from '../calls/manager';
import { advertisedAddress } from '../lib/addresses';
import { systemClock } from '../lib/clock';
import { AgentCodes } from '../sip/agent-codes';
import type { Edge } from '../sip/edge';
import { mountFace } from '../sip/face';
import { Help } from '../sip/help';
import { Authenticator, NONCE_LIFETIME } from '../sip/registrar/authenticator';
import { createIdentify } from '../sip/registrar/identify';
import { siteNonceKey } from '../sip/registrar/nonce-key';
import { createRegisterHandler } from '../sip/registrar/register';
import { RedisReplayGuard } from '../sip/registrar/replay';
import type { Throttle } from '../sip/registrar/throttle';
import type { AuthWatch } from './auth-watch';
import { claimNumber, type CallParts } from './calls';

export interface SipParts extends CallParts {
  readonly edge: Edge;
  readonly calls: CallManager;
  readonly throttle: Throttle;
  readonly authWatch: AuthWatch;
  /** False while the server starts or stops. */
  accepting(): boolean;
}

/** Makes the edge answer what it is sent. Returns what gives out routing numbers, which REST asks, too. */
export async function mountSip(parts: SipParts): Promise<Help> {
  const { edge, legs, plans, calls, numbers, seats } = parts;
  const { log, closer } = parts.base;
  const site = () => plans.site;
  const plan = () => plans.plan;
  const { bindings } = seats;
  const authenticator = await makeAuthenticator(parts);
  const identify = createIdentify({ site, authenticator, log });
  const help = new Help({ edge, numbers, bindings, plan, site, clock: systemClock, log });
  closer.add('help requests', () => help.close());
  mountFace({
    edge,
    legs,
    identify,
    register: createRegisterHandler({ site, authenticator, bindings, clock: systemClock, log }),
    onMessage: (req, res, caller) => help.onMessage(req, res, caller),
    pipeline: {
      plan,
      isOurHost: (host) => plans.site.isOurHost(host),
      identify,
      claim: (number, caller) => claimNumber(calls, numbers, number, caller),
      redirect: (caller, service) => help.redirect(caller, service),
      agentCodes: makeAgentCodes(parts),
      calls,
      home: legs,
      accepting: parts.accepting,
      log,
    },
    log,
  });

  return help;
}

async function makeAuthenticator({ base, plans, state, throttle, authWatch }: SipParts): Promise<Authenticator> {
  const { redis } = state.store;

  return new Authenticator({
    site: () => plans.site,
    key: await siteNonceKey(redis, state.keys),
    guard: new RedisReplayGuard(redis, state.keys, NONCE_LIFETIME),
    throttle,
    watch: authWatch,
    clock: systemClock,
    log: base.log,
  });
}

/** What agents dial to log in, take a break and so on. */
function makeAgentCodes({ base, plans, acd, media, speech }: SipParts): AgentCodes {
  return new AgentCodes({
    seats: acd,
    codes: () => plans.plan.codes,
    pinOf: (seat) => plans.plan.seats.get(seat)?.pin,
    media,
    speech,
    mediaAddress: advertisedAddress(base.config.host),
    clock: systemClock,
    log: base.log,
  });
}
