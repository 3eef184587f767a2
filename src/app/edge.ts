import type { Endpoint } from '../lib/addresses';
import type { Config } from '../lib/config';
import { SightlineError } from '../lib/errors';
import { newToken } from '../lib/ids';
import { sipSockets } from '../lib/sip-sockets';
import { heldTo } from '../lib/trust';
import { controlPort, warnOfOpenControlPort } from '../lib/control-port';
import { Edge } from '../sip/edge';
import type { EdgeAddress } from '../sip/edge';
import { LocalSrf } from '../sipd/local/local-srf';
import { defenceSettings } from '../sipd/defence/settings';
import { startSipd } from '../sipd/server';
import { AuthWatch } from './auth-watch';
import { openTraceFile } from '../sipd/trace/trace-file';
import { prometheus } from '../sipd/stats/prometheus';
import type { Base } from './base';
import type { SitePlans } from './plans';

/** How long the first connection to the SIP edge may take, in ms. */
const edgePatienceMs = 10_000;

/** Where phones reach us. */
export interface Listening {
  readonly sip: Endpoint;
  readonly tls: Endpoint | undefined;
  /** For SIP over WebSocket (RFC 7118); undefined where the edge does not listen for it, as the others are. */
  readonly ws: Endpoint | undefined;
  readonly wss: Endpoint | undefined;
}

/** The SIP edge of the configuration: a drachtio-server, or the SIP server in this process. */
export class EdgeChoice {
  readonly edge: Edge;
  readonly authWatch: AuthWatch;
  /** There when the SIP server is in this process, and needs no control connection for us. */
  private readonly localSrf: LocalSrf | undefined;
  /** Counters of the SIP server in this process, as text for Prometheus; there once it is started. */
  metrics: (() => string) | undefined;

  constructor(private readonly base: Base) {
    const { config, log } = base;
    // FreeSWITCH is called by a library that brings drachtio-srf along and takes nothing else.
    const isLocal = config.drachtio === undefined && config.freeswitchUrl === undefined;
    this.localSrf = isLocal ? new LocalSrf(log) : undefined;
    this.edge = new Edge(log, this.localSrf);
    this.authWatch = new AuthWatch(base);
  }

  /**
   * Connects to the drachtio-server of the configuration, or starts the embedded SIP server and connects to that.
   * @throws SightlineError EDGE_UNAVAILABLE
   */
  async connect(plans: SitePlans): Promise<Listening> {
    const { config, closer } = this.base;
    const address = drachtioOf(config) ?? (await this.startEmbedded());
    closer.add('SIP edge', () => this.edge.close());
    const listening = await this.edge.connect(address, edgePatienceMs);
    for (const { host } of listening) plans.addHost(host);
    const at = (name: string): Endpoint | undefined => {
      const found = listening.find(({ transport }) => transport === name);

      return found && { host: found.host, port: found.port };
    };
    const sip = at('udp') ?? listening[0];
    if (!sip) throw new SightlineError('EDGE_UNAVAILABLE', 'The SIP edge listens on no address');

    return { sip: { host: sip.host, port: sip.port }, tls: at('tls'), ws: at('ws'), wss: at('wss') };
  }

  private async startEmbedded(): Promise<EdgeAddress> {
    const { config, log, closer } = this.base;
    const secret = config.controlSecret ?? newToken();
    warnOfOpenControlPort(config, log);
    if (config.route)
      log.warn('SIGHTLINE_ROUTE is for `sightline sipd`; here the application itself gets every request');
    const trace = openTraceFile(config.sipTrace, log);
    if (trace) closer.add('trace of SIP messages', () => trace.close());
    const sipd = await startSipd({
      ...sipSockets(config),
      ...controlPort(config),
      secret,
      log,
      defence: defenceSettings(config),
      readsAuthAnswers: false,
      trace: trace && ((event) => trace.add(event)),
    });
    closer.add('embedded SIP server', () => sipd.close());
    this.metrics = () => prometheus(sipd.stats());
    this.localSrf?.serve(sipd.local);
    this.authWatch.use(sipd.defence);

    return { ...reachable(sipd.addresses.control), secret, ...(!this.localSrf && toOurselves(config)) };
  }
}

/** The drachtio-server of the configuration; its certificate is checked where it has one. */
function drachtioOf({ drachtio, drachtioCa }: Config): EdgeAddress | undefined {
  if (!drachtio) return undefined;
  const { isSecure, ...address } = drachtio;

  return isSecure ? { ...address, tls: () => heldTo(drachtioCa) } : address;
}

/** The way to the control port of this process: it shows the certificate in the file, and that one only, whomever it names. */
function toOurselves({ controlCert }: Config): Pick<EdgeAddress, 'tls'> {
  if (controlCert === undefined) return {};

  return { tls: () => ({ ...heldTo(controlCert), checkServerIdentity: () => undefined }) };
}

/** A socket that takes what comes to any address is reached over the loopback. */
function reachable({ address, port }: { address: string; port: number }): Endpoint {
  const loopbacks: Record<string, string> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

  return { host: loopbacks[address] ?? address, port };
}
