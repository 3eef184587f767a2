import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../../src/lib/logger';
import { startEmbeddedMedia } from '../../../src/media/embedded';
import type { EmbeddedServer } from '../../../src/media/embedded';
import { RtpPeer } from '../../support/rtp-peer';
import { expectCode, type EngineUnderTest } from './support/stage';
import { mediaConformance } from './suite';

interface Embedded extends EngineUnderTest {
  server: EmbeddedServer;
}

/** The media server in the process; its worker is the compiled one, so `npm run build` comes first. */
async function embeddedEngine(ports = { from: 20_000, to: 29_999 }): Promise<Embedded> {
  const cacheDir = await mkdtemp(path.join(os.tmpdir(), 'media-cache-'));
  const server = await startEmbeddedMedia({ host: '127.0.0.1', ports, cacheDir, log: silentLogger });

  return {
    server,
    traits: { ownPorts: true, passes: ['opus', 'g722'] },
    lose: () => server.loseWorker(),
    close: async () => {
      await server.close();
      await rm(cacheDir, { recursive: true, force: true });
    },
  };
}

mediaConformance('embedded', () => embeddedEngine());

describe('media engine: embedded, and its ports', () => {
  let engine: Embedded;
  afterEach(() => engine.close());

  test('with no port left nobody more is taken, until one is given back', async () => {
    // A few pairs in a place where few others look for ports.
    engine = await embeddedEngine({ from: 19_000, to: 19_007 });
    const { server } = engine;
    const taken = [];
    for (;;) {
      const endpoint = await server
        .createEndpoint({ label: 'many', media: ['audio'] })
        .catch((error: unknown) => error);
      if (endpoint instanceof Error) {
        await expectCode(Promise.reject(endpoint), 'MEDIA_UNAVAILABLE');
        break;
      }
      taken.push(endpoint as Awaited<ReturnType<typeof server.createEndpoint>>);
    }
    expect(taken.length).toBeGreaterThan(0);
    expect(taken.length).toBeLessThanOrEqual(4);
    const { ports } = server.load();
    await expectCode(server.createEndpoint({ label: 'one more', media: ['audio'] }), 'MEDIA_UNAVAILABLE');
    expect(server.load().ports).toBe(ports);
    await taken.pop()!.close();
    const again = await server.createEndpoint({ label: 'again', media: ['audio'] });
    expect(server.load().ports).toBe(ports);
    for (const endpoint of [...taken, again]) await endpoint.close();
    expect(server.load()).toMatchObject({ endpoints: 0, ports: 0 });
  });

  test('when the server closes everything ends, and nobody is taken any more', async () => {
    engine = await embeddedEngine();
    const peer = await RtpPeer.open();
    const { server } = engine;
    const endpoint = await server.createEndpoint({ label: 'closing', offer: peer.offer() });
    const conference = await server.createConference({ label: 'closing' });
    await Promise.all([server.close(), server.close()]);
    expect(endpoint.closed).toBe(true);
    expect(server.available).toBe(false);
    await expectCode(endpoint.stats(), 'MEDIA_GONE');
    await expectCode(conference.join(endpoint), 'MEDIA_GONE');
    await expectCode(server.createEndpoint({ label: 'late' }), 'MEDIA_GONE', 'MEDIA_UNAVAILABLE');
    await expectCode(server.bridge(endpoint, endpoint), 'MEDIA_GONE', 'MEDIA_UNAVAILABLE');
    await expectCode(server.record([endpoint], { base: 'nowhere' }), 'MEDIA_GONE', 'MEDIA_UNAVAILABLE');
    expect(server.load()).toMatchObject({ endpoints: 0, ports: 0 });
    await peer.close();
  });
});
