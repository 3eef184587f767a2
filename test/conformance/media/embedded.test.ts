import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { silentLogger } from '../../../src/lib/logger';
import { startEmbeddedMedia } from '../../../src/media/embedded';
import type { EngineUnderTest } from './support/stage';
import { mediaConformance } from './suite';

/** The media server in the process; its worker is the compiled one, so `npm run build` comes first. */
async function embeddedEngine(): Promise<EngineUnderTest> {
  const cacheDir = await mkdtemp(path.join(os.tmpdir(), 'media-cache-'));
  const ports = { from: 20_000, to: 29_999 };
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

mediaConformance('embedded', embeddedEngine);
