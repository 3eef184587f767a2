import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { Acd } from './acd/acd';
import type { AcdConfig } from './acd/types';
import { adoptCalls } from './calls/adopt';
import type { Call } from './calls/call';
import { CallStore } from './calls/call-store';
import { CallbackStore } from './calls/callback-store';
import { EmergencyStore } from './calls/emergency';
import { CallManager } from './calls/manager';
import { publicRecord, type CallRecord } from './calls/record';
import { composeSides, recover } from './calls/recorded';
import { Recorder } from './calls/recording';
import { redialTime } from './calls/redial';
import type { CallState } from './calls/state';
import type { Plan } from './dialplan/model';
import { callbacksOpenAt, isQueueOpen } from './dialplan/queue-hours';
import { PlanStore } from './dialplan/store';
import { acdPorts } from './http/acd-ports';
import { apiToken } from './http/api-token';
import { recordingPort } from './http/recording-port';
import { createHttpServer } from './http/server';
import { addressesOf, advertisedAddress, type Endpoint } from './lib/addresses';
import { systemClock } from './lib/clock';
import { Closer } from './lib/closer';
import type { Config, DrachtioAddress } from './lib/config';
import { SightlineError } from './lib/errors';
import { newToken } from './lib/ids';
import type { Logger } from './lib/logger';
import { MediaFaces } from './ivr/media-faces';
import { Painter } from './ivr/picture/painter';
import { openMedia } from './media/open';
import type { MediaServer } from './media/port';
import { Speech } from './media/speech';
import { Numbers } from './numbers/numbers';
import type { RoutingNumber } from './numbers/types';
import { RecordingStore } from './recording/store';
import { AgentCodes } from './sip/agent-codes';
import { SrfSeatDialer, type Contact } from './sip/dialer';
import { Edge } from './sip/edge';
import { mountFace } from './sip/face';
import { Help } from './sip/help';
import { Authenticator, NONCE_LIFETIME } from './sip/registrar/authenticator';
import { Bindings } from './sip/registrar/bindings';
import { createIdentify } from './sip/registrar/identify';
import { siteNonceKey } from './sip/registrar/nonce-key';
import { createRegisterHandler } from './sip/registrar/register';
import { RedisReplayGuard } from './sip/registrar/replay';
import { registrarSite, type RegistrarSite } from './sip/registrar/site';
import { Throttle } from './sip/registrar/throttle';
import { LegRegistry } from './sip/registry';
import { SeatProbe } from './sip/seat-probe';
import { LocalSrf } from './sipd/local/local-srf';
import { startSipd } from './sipd/server';
import { openStore, type Store } from './store/connection';
import { makeKeys, type Keys } from './store/keys';

/** How long the first connection to the SIP edge may take, in ms. */
const edgePatienceMs = 10_000;
/** How long a call waits for a store that is away, in ms. */
const storePatienceMs = 30_000;

export interface App {
  readonly sip: Endpoint;
  /** For SIP over WebSocket (RFC 7118); undefined where the edge does not listen for it. */
  readonly ws: Endpoint | undefined;
  readonly http: Endpoint;
  /** Stops taking calls, ends or hands over those under way, and closes what was opened. Twice is harmless. */
  close(): Promise<void>;
}

/** What can be put in place of the adapters of the configuration, to take them away in a test. */
export interface Adapters {
  openMedia: typeof openMedia;
}

/**
 * Builds the whole server from its configuration. This is the one place that chooses adapters.
 *
 * @throws SightlineError CONFIG_INVALID, PLAN_INVALID, STORE_UNAVAILABLE or EDGE_UNAVAILABLE with words for the operator;
 *   what was opened before is closed.
 */
export async function startApp(config: Config, log: Logger, adapters: Partial<Adapters> = {}): Promise<App> {
  const closer = new Closer((name, error) => log.warn({ err: error, name }, 'closing failed'));
  try {
    return await new Wiring(config, log, closer, { openMedia, ...adapters }).start();
  } catch (error) {
    await closer.close();
    throw error;
  }
}

class Wiring {
  private plans!: PlanStore;
  private store!: Store;
  private keys!: Keys;
  private edge!: Edge;
  private legs!: LegRegistry;
  private acd!: Acd;
  private bindings!: Bindings;
  private seatProbe!: SeatProbe;
  private numbers!: Numbers;
  private help!: Help;
  private emergency!: EmergencyStore;
  private calls!: CallManager;
  private callStore!: CallStore;
  private media: MediaServer | undefined;
  private recordings!: RecordingStore;
  private recorder!: Recorder;
  private speech!: Speech;
  private readonly throttle = new Throttle();
  /** There when the SIP server is in this process, and needs no control connection for us. */
  private readonly localSrf: LocalSrf | undefined;
  private readonly ownHosts: ReadonlySet<string>;
  private accepting = false;

  constructor(
    private readonly config: Config,
    private readonly log: Logger,
    private readonly closer: Closer,
    private readonly adapters: Adapters,
  ) {
    // FreeSWITCH is called by a library that brings drachtio-srf along and takes nothing else.
    const isLocal = config.drachtio === undefined && config.freeswitchUrl === undefined;
    this.localSrf = isLocal ? new LocalSrf(log) : undefined;
    this.ownHosts = new Set(['localhost', ...addressesOf(config.host)].map((host) => host.toLowerCase()));
  }

  async start(): Promise<App> {
    await this.openPlans();
    await this.openState();
    await this.openRecordings();
    await this.openQueue();
    this.buildNumbers();
    await this.openEmergency();
    await this.buildSip();
    const { sip, ws } = await this.connectEdge();
    await this.openMedia();
    await this.resume();
    const http = await this.listenHttp();
    this.accepting = true;
    this.log.info(
      { sip, ...(ws && { ws }), http, site: this.plans.current.site, plan: this.plans.current.version },
      'ready',
    );

    return { sip, ws, http, close: () => this.close() };
  }

  private get plan(): Plan {
    return this.plans.current;
  }

  private get site(): RegistrarSite {
    return registrarSite(this.plan, this.ownHosts);
  }

  private async openPlans(): Promise<void> {
    this.plans = await PlanStore.open({ folder: this.config.sitePath, env: process.env });
    this.closer.add('dialplan', () => this.plans.close());
    this.plans.on('rejected', (faults) => {
      this.log.error({ faults }, 'an edit of the dialplan has faults; the last good plan stays in force');
    });
  }

  private async openState(): Promise<void> {
    const { redisUrl, dataDir } = this.config;
    this.store = await openStore({
      ...(redisUrl === undefined ? {} : { url: redisUrl }),
      log: this.log,
      dataDir: path.join(dataDir, 'redis'),
    });
    this.closer.add('store', () => this.store.close());
    this.keys = makeKeys(this.plan.site);
    this.callStore = new CallStore(this.store.redis, this.keys, this.log);
    this.closer.add('records of calls', () => this.callStore.close());
  }

  /** The files of recordings; what a crash has left of them is taken in here. */
  private async openRecordings(): Promise<void> {
    const { log, keys } = this;
    this.recordings = await RecordingStore.open({
      folder: path.join(this.config.dataDir, 'recordings'),
      redis: this.store.redis,
      keys,
      node: this.config.node,
      clock: systemClock,
      log,
      compose: composeSides,
      recover,
    });
    this.closer.add('recordings', () => this.recordings.close());
    const call = (id: string): Call | undefined => this.calls.get(id);
    this.recorder = new Recorder({ store: this.recordings, call, clock: systemClock, log });
  }

  private async openQueue(): Promise<void> {
    this.acd = await Acd.open({
      store: this.store,
      site: this.plan.site,
      node: this.config.node,
      log: this.log,
      config: this.acdConfig(),
    });
    this.closer.add('queue', () => this.acd.close());
  }

  /** What the queue works with: always the plan in force. */
  private acdConfig(): AcdConfig {
    return {
      queue: (id) => this.plan.queues.get(id),
      seat: (id) => this.plan.seats.get(id),
      queues: () => this.plan.queues.values(),
      seats: () => this.plan.seats.values(),
      curves: () => this.plan.classes,
      version: () => this.plan,
    };
  }

  private buildNumbers(): void {
    const { redis } = this.store;
    this.bindings = new Bindings({ redis, keys: this.keys, clock: systemClock, log: this.log });
    this.closer.add('registrar', () => this.bindings.close());
    this.bindings.on('registered', (user) => {
      if (!this.plan.seats.has(user)) return;
      this.seatProbe.registered(user);
      this.seatUp(user);
    });
    this.bindings.on('unregistered', (user) => {
      this.seatProbe.unregistered(user);
      if (this.plan.seats.has(user)) this.seatDown(user);
    });
    this.seatProbe = new SeatProbe({
      edge: { exchange: (options) => this.edge.exchange(options) },
      lookup: (user) => this.bindings.lookup(user),
      onSilent: (seat) => this.seatDown(seat),
      onBack: (seat) => this.seatUp(seat),
      clock: systemClock,
      log: this.log,
    });
    this.closer.add('probe of seats', () => this.seatProbe.close());
    this.numbers = new Numbers({ redis, keys: this.keys, clock: systemClock, log: this.log });
    this.closer.add('routing numbers', () => this.numbers.close());
    this.plans.on('published', (plan) => {
      this.log.info({ plan: plan.version }, 'a new dialplan is in force');
      this.acd.usePlan();
      this.usePlan().catch(this.report('the pools and seats of the new dialplan are used when the store is back'));
    });
    this.closer.add(
      'watch on the store',
      this.store.on('up', () => this.onStoreUp()),
    );
  }

  /** Redis is back: it may have missed an edit, or lost what it had. */
  private onStoreUp(): void {
    this.callStore.rewrite(this.calls.live());
    this.recordings
      .reindex()
      .catch(this.report('the index of recordings is not whole; it will be when the store is back'));
    this.usePlan().catch(this.report('the dialplan is not in use'));
  }

  /** What makes the pictures and prompts of phones without a screen program. */
  private makeFaces(): MediaFaces {
    const { log, speech } = this;

    return new MediaFaces({ painter: new Painter(log), speech, clock: systemClock, log });
  }

  private async openEmergency(): Promise<void> {
    const { log, keys } = this;
    const locales = (): readonly string[] => this.plan.locales;
    this.emergency = new EmergencyStore({ redis: this.store.redis, keys, clock: systemClock, log, locales });
    this.closer.add('emergency message', () => this.emergency.close());
    await this.emergency.start();
  }

  /** What agents dial to log in, take a break and so on. */
  private makeAgentCodes(): AgentCodes {
    return new AgentCodes({
      seats: this.acd,
      codes: () => this.plan.codes,
      pinOf: (seat) => this.plan.seats.get(seat)?.pin,
      media: () => this.media,
      speech: this.speech,
      mediaAddress: advertisedAddress(this.config.host),
      clock: systemClock,
      log: this.log,
    });
  }

  private makeCalls(): CallManager {
    const { log } = this;

    return new CallManager({
      acd: this.acd,
      store: this.callStore,
      dialer: new SrfSeatDialer({
        home: this.legs,
        lookup: (user) => this.contactsOf(user),
        domain: () => this.plan.domain,
        log,
      }),
      clock: systemClock,
      log,
      node: this.config.node,
      mediaAddress: advertisedAddress(this.config.host),
      media: () => this.media,
      faces: this.makeFaces(),
      recorder: this.recorder,
      isOpen: (queue) => isQueueOpen(this.plan, queue, systemClock.now()),
      emergency: () => this.emergency.current,
      callbacks: {
        store: new CallbackStore(this.store.redis, this.keys),
        plan: (version) => this.plans.version(version) ?? this.plan,
        opensAt: callbacksOpenAt,
      },
      storeAvailable: () => this.store.available,
      storeReady: () => this.store.whenAvailable(storePatienceMs),
      plans: this.plans,
      onEnded: (record, from) => this.settleNumber(record, from),
    });
  }

  private async buildSip(): Promise<void> {
    const { log } = this;
    this.speech = new Speech({ cacheDir: path.join(this.config.dataDir, 'prompts'), log });
    this.closer.add('prompts', () => this.speech.close());
    this.edge = new Edge(log, this.localSrf);
    this.legs = new LegRegistry(this.edge);
    this.calls = this.makeCalls();
    this.closer.add('calls', () => this.calls.close());
    const authenticator = new Authenticator({
      site: () => this.site,
      key: await siteNonceKey(this.store.redis, this.keys),
      guard: new RedisReplayGuard(this.store.redis, this.keys, NONCE_LIFETIME),
      throttle: this.throttle,
      clock: systemClock,
      log,
    });
    const identify = createIdentify({ site: () => this.site, authenticator, log });
    this.help = new Help({
      edge: this.edge,
      numbers: this.numbers,
      bindings: this.bindings,
      plan: () => this.plan,
      site: () => this.site,
      clock: systemClock,
      log,
    });
    this.closer.add('help requests', () => this.help.close());
    mountFace({
      edge: this.edge,
      legs: this.legs,
      identify,
      register: createRegisterHandler({
        site: () => this.site,
        authenticator,
        bindings: this.bindings,
        clock: systemClock,
        log,
      }),
      onMessage: (req, res, caller) => this.help.onMessage(req, res, caller),
      pipeline: {
        plan: () => this.plan,
        isOurHost: (host) => this.site.isOurHost(host),
        identify,
        claim: (number, caller) => this.claim(number, caller),
        redirect: (caller, service) => this.help.redirect(caller, service),
        agentCodes: this.makeAgentCodes(),
        calls: this.calls,
        home: this.legs,
        accepting: () => this.accepting,
        log,
      },
      log,
    });
  }

  /** Connects to the drachtio-server of the configuration, or starts the embedded SIP server and connects to that. */
  private async connectEdge(): Promise<Pick<App, 'sip' | 'ws'>> {
    const address = this.config.drachtio ?? (await this.startEmbeddedEdge());
    this.closer.add('SIP edge', () => this.edge.close());
    const listening = await this.edge.connect(address, edgePatienceMs);
    for (const { host } of listening) (this.ownHosts as Set<string>).add(host.toLowerCase());
    this.edge.onConnection((connected) => this.onEdge(connected));
    const at = (name: string): Endpoint | undefined => {
      const found = listening.find(({ transport }) => transport === name);

      return found && { host: found.host, port: found.port };
    };
    const sip = at('udp') ?? listening[0];
    if (!sip) throw new SightlineError('EDGE_UNAVAILABLE', 'The SIP edge listens on no address');

    return { sip: { host: sip.host, port: sip.port }, ws: at('ws') };
  }

  /** Calls that need no media are taken without an engine, too. */
  private async openMedia(): Promise<void> {
    const { host, rtpPorts, freeswitchUrl, dataDir } = this.config;
    const listenAddress = advertisedAddress(host);
    const media = await this.adapters.openMedia({
      host,
      ports: rtpPorts,
      dataDir,
      log: this.log,
      ...(freeswitchUrl === undefined
        ? {}
        : { freeswitch: { urls: freeswitchUrl, srf: this.edge.srf, listenAddress, owner: this.config.node } }),
    });
    this.media = media;
    this.closer.add('media', () => media.close());
    this.closer.add('recorder', () => this.recorder.close());
    this.closer.add(
      'watch on the media engine',
      media.events.on('down', (reason) => {
        this.log.error(
          { engine: media.name, reason },
          'a media engine is lost; calls go on where their media can go end to end',
        );
      }),
    );
    const back = media.events.on('up', () => this.calls.mediaBack());
    this.closer.add('calls without media', back);
  }

  private onEdge(connected: boolean): void {
    this.log.warn({ connected }, connected ? 'the SIP edge is back' : 'the SIP edge is lost');
    if (!connected) return this.calls.edgeLost();
    this.calls
      .edgeBack((transactionId, kind) => this.edge.abandon(transactionId, kind))
      .catch(this.report('calls could not be looked after when the SIP edge was back'));
  }

  private async startEmbeddedEdge(): Promise<DrachtioAddress> {
    const { host, sipPort, wsPort, controlPort } = this.config;
    const secret = this.config.controlSecret ?? newToken();
    const sipd = await startSipd({
      host,
      udpPort: sipPort,
      tcpPort: sipPort,
      wsPort,
      controlHost: '127.0.0.1',
      controlPort,
      secret,
      log: this.log,
    });
    this.closer.add('embedded SIP server', () => sipd.close());
    this.localSrf?.serve(sipd.local);

    return { host: '127.0.0.1', port: sipd.addresses.control.port, secret };
  }

  /** Goes on with what this node had under way before, then begins to sweep and to dispatch. */
  private async resume(): Promise<void> {
    await this.numbers.usePools(this.plan.pools.values());
    const going = await adoptCalls({
      node: this.config.node,
      store: this.callStore,
      tickets: () => this.acd.adopt(this.config.node),
      leg: (record) => this.legs.adopt(record),
      abandon: (transactionId, kind) => this.edge.abandon(transactionId, kind),
      plan: (version) => this.plans.version(version) ?? this.plan,
      manager: this.calls,
      numbers: this.numbers,
    });
    this.legs.complete();
    if (going > 0) this.log.info({ calls: going }, 'calls of before the restart go on');
    await this.assertSeats();
    this.numbers.start();
    this.bindings.start();
    this.seatProbe.start();
  }

  /** Makes the store follow the dialplan in force. */
  private async usePlan(): Promise<void> {
    await this.numbers.usePools(this.plan.pools.values());
    await this.assertSeats();
  }

  private seatUp(seat: string): void {
    this.acd.seatUp(seat).catch(this.report('a seat could not be made available'));
  }

  private seatDown(seat: string): void {
    this.acd.seatDown(seat).catch(this.report('a seat could not be taken out'));
  }

  /** Every seat whose phone is registered works, in the queues that the dialplan in force gives it; no other seat does. */
  private async assertSeats(): Promise<void> {
    // Looked at before the registrations: a seat that comes meanwhile is not taken out again.
    const { seats } = await this.acd.snapshot();
    const works = (user: string): boolean => this.plan.seats.has(user) && !this.seatProbe.isSilent(user);
    const registered = new Set((await this.bindings.users()).filter(works));
    const strays = seats.filter(({ seatId, state }) => state !== 'offline' && !registered.has(seatId));
    await Promise.all([
      ...[...registered].map((seat) => this.acd.seatUp(seat)),
      ...strays.map(({ seatId }) => this.acd.seatDown(seatId)),
    ]);
  }

  private async listenHttp(): Promise<Endpoint> {
    const { token, file } = await apiToken(this.config.apiToken, this.config.dataDir);
    if (file) this.log.info({ file }, 'the API token is in this file');
    const server = await createHttpServer({
      credentials: { apiToken: token, terminalPassword: (user) => this.plan.terminals.get(user)?.password },
      readiness: () => this.readiness(),
      help: { request: (terminal, body) => this.help.request(terminal, body) },
      calls: {
        find: async (id) => {
          const record = await this.calls.find(id);

          return record && publicRecord(record);
        },
        live: () => this.calls.live().map(publicRecord),
      },
      recordings: recordingPort(this.recorder, this.recordings),
      acd: acdPorts(this.acd, this.acdConfig()),
      emergency: this.emergency,
      queues: {
        snapshot: () => this.acd.snapshot(),
        site: () => ({ site: this.plan.site, version: this.plan.version, faults: [...this.plans.faults] }),
      },
      throttle: this.throttle,
      assets: () => path.join(this.config.sitePath, 'assets'),
      log: this.log,
    });
    this.closer.add('REST', () => server.close());
    await server.listen({ host: this.config.host, port: this.config.httpPort });
    const { port } = server.server.address() as AddressInfo;

    return { host: this.config.host, port };
  }

  private readiness(): { ready: boolean; missing: string[] } {
    const missing = [
      ...(this.accepting ? [] : ['the server is starting or stopping']),
      ...(this.store.available ? [] : ['the state store (Redis) cannot be reached']),
      ...(this.edge.connected ? [] : ['the SIP edge cannot be reached']),
    ];
    // Without an engine calls are taken all the same, so nobody is to send them elsewhere.
    const lacking = this.media?.available
      ? []
      : ['no media engine can be used: no menu by video or voice, no recording'];

    return { ready: missing.length === 0, missing: [...missing, ...lacking] };
  }

  /** A terminal that dials again while its former call still seems to wait was cut off before anybody noticed. */
  private async claim(number: string, caller: string): Promise<RoutingNumber> {
    const former = this.calls.withLease(number);
    const waits = former?.state === 'queued' || former?.state === 'offered';

    return this.numbers.claim(number, caller, { takeOver: waits });
  }

  /** The number has served its one use, unless its caller was cut off while waiting: then it may be dialled again for a while. */
  private settleNumber(record: CallRecord, from: CallState): void {
    if (!record.lease || record.end?.cause === 'replaced') return;
    const time = redialTime(record, from, (queue) => this.plan.queues.get(queue));
    this.numbers
      .release(record.lease.number, time === undefined ? {} : { redialUntil: systemClock.now() + time })
      .catch(this.report('a routing number could not be given back; it will be when its claim ends'));
  }

  private async contactsOf(user: string): Promise<Contact[]> {
    const bindings = await this.bindings.lookup(user);

    return bindings.map((binding) => ({
      uri: binding.contact,
      source: binding.route,
      forget: () => void this.bindings.forget(binding).catch(this.report('a dead contact could not be forgotten')),
    }));
  }

  private report(what: string): (error: unknown) => void {
    return (error) => this.log.warn({ err: error }, what);
  }

  /** Calls whose dialogs live in an edge of their own go on without us; those of the embedded one end with it. */
  private async close(): Promise<void> {
    this.accepting = false;
    if (!this.config.drachtio) {
      await this.calls.endAll({ by: 'server', cause: 'shutdown' }, 'SIP;cause=503;text="Server is stopping"');
    }
    await this.closer.close();
  }
}
