import { Redis } from 'ioredis';
import { systemClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { Numbers } from '../../../src/numbers/numbers';
import type { PoolConfig } from '../../../src/numbers/types';
import { Edge } from '../../../src/sip/edge';
import { Help } from '../../../src/sip/help';
import type { HelpPlan } from '../../../src/sip/help';
import { Authenticator } from '../../../src/sip/registrar/authenticator';
import { Bindings } from '../../../src/sip/registrar/bindings';
import { refuse } from '../../../src/sip/registrar/exchange';
import { createIdentify } from '../../../src/sip/registrar/identify';
import { siteNonceKey } from '../../../src/sip/registrar/nonce-key';
import { createRegisterHandler } from '../../../src/sip/registrar/register';
import { MemoryReplayGuard } from '../../../src/sip/registrar/replay';
import { registrarSite } from '../../../src/sip/registrar/site';
import { Throttle } from '../../../src/sip/registrar/throttle';
import { asSightlineError } from '../../../src/lib/errors';
import { startSipd } from '../../../src/sipd/server';
import { makeKeys } from '../../../src/store/keys';
import { randomSite, sharedRedis } from '../../support/redis';

const service = (id: string, pool: string, whenExhausted: 'refuse' | 'queue' = 'refuse') =>
  [id, { id, pool, whenExhausted, flow: `${id}-flow`, label: {} }] as const;

export interface TestServerOptions {
  pools?: PoolConfig[];
  trustedNetworks?: string[];
}

/** The registrar and the help desk on a real SIP server, a real drachtio-srf and a real Redis; no calls. */
export async function startHelpServer(options: TestServerOptions = {}) {
  const redis = new Redis((await sharedRedis()).url);
  const keys = makeKeys(randomSite());
  const clock = systemClock;
  const log = silentLogger;
  const plan = {
    version: 'v1',
    domain: 'sightline.test',
    realm: 'sightline',
    trustedNetworks: options.trustedNetworks ?? [],
    services: new Map([service('tickets', 'main'), service('lost', 'small'), service('patient', 'small', 'queue')]),
    defaultService: 'tickets',
    terminals: new Map([
      ['1001', { id: '1001', password: 'demo-terminal', place: 'Hall 1', locale: 'de' }],
      ['1002', { id: '1002', password: 'demo-terminal' }],
    ]),
    seats: new Map([['2001', { password: 'demo-seat' }]]),
  } satisfies HelpPlan & Parameters<typeof registrarSite>[0];
  const site = registrarSite(plan, new Set(['127.0.0.1']));
  const sipd = await startSipd({
    host: '127.0.0.1',
    udpPort: 0,
    tcpPort: 0,
    wsPort: 0,
    controlPort: 0,
    secret: 's',
    log,
  });
  const bindings = new Bindings({ redis, keys, clock, log });
  const numbers = new Numbers({ redis, keys, clock, log });
  await numbers.usePools(
    options.pools ?? [
      { id: 'main', from: 7000, to: 7009, lease: 120, quarantine: 300 },
      { id: 'small', from: 8000, to: 8000, lease: 120, quarantine: 0 },
    ],
  );
  const authenticator = new Authenticator({
    site: () => site,
    key: await siteNonceKey(redis, keys),
    guard: new MemoryReplayGuard(300_000),
    throttle: new Throttle(),
    clock,
    log,
  });
  const identify = createIdentify({ site: () => site, authenticator, log });
  const edge = new Edge(log);
  const help = new Help({ plan: () => plan, site: () => site, numbers, bindings, edge, clock, log });
  const register = createRegisterHandler({ site: () => site, authenticator, bindings, clock, log });
  edge.srf.use('register', (req, res) => void register(req, res));
  edge.srf.use('message', async (req, res) => {
    const caller = await identify(req, res);
    if (caller) await help.onMessage(req, res, caller);
  });
  edge.srf.use('invite', async (req, res) => {
    const caller = await identify(req, res);
    if (!caller) return;
    const service = /^sip:help-([^@]+)@/.exec(req.uri)?.[1];
    await help.redirect(caller, service).then(
      ({ contact }) => res.send(302, { headers: { Contact: contact } }),
      (error: unknown) => refuse(res, asSightlineError(error)),
    );
  });
  await edge.connect({ host: '127.0.0.1', port: sipd.addresses.control.port, secret: 's' }, 5_000);

  return {
    port: sipd.addresses.udp?.port ?? 0,
    tcpPort: sipd.addresses.tcp?.port ?? 0,
    wsPort: sipd.addresses.ws?.port ?? 0,
    edge,
    bindings,
    numbers,
    help,
    plan,
    async close(): Promise<void> {
      await help.close();
      await numbers.close();
      await bindings.close();
      edge.close();
      await sipd.close();
      redis.disconnect();
    },
  };
}

export type HelpServer = Awaited<ReturnType<typeof startHelpServer>>;
