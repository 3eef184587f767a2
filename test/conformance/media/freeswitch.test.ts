import net from 'node:net';
import { Edge } from '../../../src/sip/edge';
import { newId } from '../../../src/lib/ids';
import { silentLogger } from '../../../src/lib/logger';
import { connectFreeswitch, parseEslUrls, type MediaSrf } from '../../../src/media/freeswitch';
import { drachtioServerEdge, startSipdEdge } from '../edge/support/edges';
import { mediaConformance } from './suite';
import { expectCode, type EngineUnderTest } from './support/stage';
import { EslProxy } from './support/esl-proxy';
import { RtpPeer } from '../../support/rtp-peer';

/**
 * The same stories over a FreeSWITCH that runs with freeswitch-conf: FREESWITCH_URL=esl://:password@host:port. The SIP edge between is
 * that of DRACHTIO_URL, or an embedded one. FREESWITCH_SEES_US names our address where it is not loopback.
 */
const url = process.env.FREESWITCH_URL;
const listenAddress = process.env.FREESWITCH_SEES_US ?? '127.0.0.1';

if (url) {
  mediaConformance('freeswitch', async () => (await startFreeswitchEngine(url)).engine);

  describe('a FreeSWITCH that hangs', () => {
    test('is lost like one that has crashed, and its channels are ended when it is back', async () => {
      const { engine, proxy } = await startFreeswitchEngine(url);
      const { server } = engine;
      const peer = await RtpPeer.open({ video: [] });
      const endpoint = await server.createEndpoint({ label: 'hangs', offer: peer.offer() });
      const down = new Promise<string>((resolve) => server.events.once('down', resolve));
      const up = new Promise<void>((resolve) => server.events.once('up', () => resolve()));
      proxy.freeze();
      expect(await down).toMatch(/does not answer/);
      expect(endpoint.closed).toBe(true);
      await expectCode(server.createEndpoint({ label: 'none' }), 'MEDIA_UNAVAILABLE');
      await up;
      const again = await server.createEndpoint({ label: 'again', offer: peer.offer() });
      await again.close();
      await peer.close();
      await engine.close();
    });
  });
}

describe('a FreeSWITCH that is not there', () => {
  test('is told at once', async () => {
    const port = await closedPort();
    const srf = new Edge(silentLogger).srf as unknown as MediaSrf;
    const connecting = connectFreeswitch({ urls: `esl://127.0.0.1:${port}`, srf, listenAddress, log: silentLogger });
    await expectCode(connecting, 'MEDIA_UNAVAILABLE');
  });

  test('is told when it is something else', async () => {
    const other = net.createServer((socket) => socket.end('SSH-2.0-nobody\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as net.AddressInfo;
    const srf = new Edge(silentLogger).srf as unknown as MediaSrf;
    const connecting = connectFreeswitch({ urls: `esl://127.0.0.1:${port}`, srf, listenAddress, log: silentLogger });
    await expectCode(connecting, 'MEDIA_UNAVAILABLE');
    await new Promise((resolve) => other.close(resolve));
  });
});

async function startFreeswitchEngine(urls: string): Promise<{ engine: EngineUnderTest; proxy: EslProxy }> {
  const [address] = parseEslUrls(urls);
  if (!address) throw new Error('FREESWITCH_URL is empty');
  const sip = drachtioServerEdge() ?? (await startSipdEdge());
  const edge = new Edge(silentLogger);
  await edge.connect(sip.control, 5000);
  const proxy = await EslProxy.start(address);
  const server = await connectFreeswitch({
    urls: `esl://:${encodeURIComponent(address.password)}@127.0.0.1:${proxy.port}`,
    srf: edge.srf as unknown as MediaSrf,
    listenAddress,
    log: silentLogger,
    owner: newId('conformance'),
  });

  const engine: EngineUnderTest = {
    server,
    traits: { ownPorts: false, passes: ['opus'], endsSilently: true },
    lose: () => Promise.resolve(proxy.cut()),
    bringBack: () => Promise.resolve(proxy.mend()),
    close: async () => {
      await server.close();
      edge.close();
      proxy.close();
      await sip.close();
    },
  };

  return { engine, proxy };
}

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
