import { silentLogger } from '../../../../src/lib/logger';
import type { LocalServer } from '../../../../src/sipd/local/local-srf';
import { startSipd } from '../../../../src/sipd/server';
import type { Sipd, SipdOptions } from '../../../../src/sipd/server';
import { scaledTimers } from '../../../../src/sipd/transaction/timers';

export interface Place {
  host: string;
  port: number;
}

/** A running SIP edge that the stories are told to. */
export interface EdgeUnderTest {
  name: string;
  /** The server of this project: the stories that are only about it run too. */
  isSipd: boolean;
  /** UDP. */
  sip: Place;
  tcp: Place;
  ws: Place;
  control: Place & { secret: string };
  /** The way in for an application of the same process. */
  local?: LocalServer;
  /** T1 in milliseconds. */
  t1: number;
  close(): Promise<void>;
}

/** T1 in these tests: ten times as fast as on the Internet, so that 64*T1 is 3.2 s. */
const t1 = 50;

export async function startSipdEdge(options: Partial<SipdOptions> = {}): Promise<EdgeUnderTest> {
  const secret = 'edge-test';
  const sipd = await startSipd({
    host: '127.0.0.1',
    udpPort: 0,
    tcpPort: 0,
    wsPort: 0,
    controlPort: 0,
    secret,
    log: silentLogger,
    timers: scaledTimers(t1),
    minSessionExpires: 1,
    ...options,
  });

  return edgeOf(sipd, secret, t1);
}

/** A SIP server that listens by UDP, TCP and WebSocket, as an edge. */
export function edgeOf(sipd: Sipd, secret: string, t1: number): EdgeUnderTest {
  const at = ({ address, port }: { address: string; port: number }): Place => ({ host: address, port });

  return {
    name: 'sipd',
    isSipd: true,
    sip: at(sipd.addresses.udp!),
    tcp: at(sipd.addresses.tcp!),
    ws: at(sipd.addresses.ws!),
    control: { ...at(sipd.addresses.control), secret },
    local: sipd.local,
    t1,
    close: () => sipd.close(),
  };
}

/**
 * A real drachtio-server beside it, when there is one: DRACHTIO_URL=tcp://:secret@host:port, DRACHTIO_SIP=host:port
 * (UDP and TCP), DRACHTIO_WS=host:port.
 */
export function drachtioServerEdge(): EdgeUnderTest | undefined {
  const { DRACHTIO_URL: url, DRACHTIO_SIP: sip, DRACHTIO_WS: ws } = process.env;
  if (!url || !sip || !ws) return undefined;
  const control = new URL(url.replace(/^tcp:/, 'http:'));

  return {
    name: 'drachtio-server',
    isSipd: false,
    sip: place(sip),
    tcp: place(sip),
    ws: place(ws),
    control: { host: control.hostname, port: Number(control.port), secret: control.password },
    t1: 500,
    close: () => Promise.resolve(),
  };
}

function place(text: string): Place {
  const [host, port] = text.split(':');

  return { host: host!, port: Number(port) };
}
