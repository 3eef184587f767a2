import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { Closer } from '../../src/lib/closer';
import { silentLogger } from '../../src/lib/logger';
import { startEmbeddedMedia } from '../../src/media/embedded';
import { connectFreeswitch, type MediaSrf } from '../../src/media/freeswitch';
import type { MediaServer } from '../../src/media/port';
import { Edge } from '../../src/sip/edge';
import { startSipd } from '../../src/sipd/server';
import { readMessage, tell, type Pairs } from './media-protocol';

/**
 * The process whose CPU is measured: a media engine, and bridges between the two sides of every call. With an argument, the URL of a
 * FreeSWITCH, that one carries the media. Ends with its standard input.
 */

const opened = new Closer();

async function openEngine(freeswitch: string | undefined): Promise<MediaServer> {
  const cacheDir = await mkdtemp(path.join(os.tmpdir(), 'bench-media-'));
  opened.add('cache', () => rm(cacheDir, { recursive: true, force: true }));
  const server = freeswitch ? await openFreeswitch(freeswitch) : await openEmbedded(cacheDir);
  opened.add('engine', () => server.close());

  return server;
}

function openEmbedded(cacheDir: string): Promise<MediaServer> {
  const ports = { from: 20_000, to: 29_999 };

  return startEmbeddedMedia({ host: '127.0.0.1', ports, cacheDir, log: silentLogger });
}

async function openFreeswitch(urls: string): Promise<MediaServer> {
  const secret = 'bench';
  const sipd = await startSipd({
    host: '127.0.0.1',
    udpPort: 0,
    tcpPort: 0,
    controlPort: 0,
    secret,
    log: silentLogger,
  });
  opened.add('sipd', () => sipd.close());
  const edge = new Edge(silentLogger);
  opened.add('edge', () => edge.close());
  const { address: host, port } = sipd.addresses.control;
  await edge.connect({ host, port, secret }, 5000);
  const srf = edge.srf as unknown as MediaSrf;

  return connectFreeswitch({ urls, srf, listenAddress: '127.0.0.1', log: silentLogger });
}

async function connectAll(server: MediaServer, offers: Pairs): Promise<Pairs> {
  const answers: Pairs = [];
  for (const [index, offer] of offers.entries()) {
    const a = await server.createEndpoint({ label: `call-${index}`, offer: offer.a });
    const b = await server.createEndpoint({ label: `call-${index}`, offer: offer.b, beside: a });
    await server.bridge(a, b);
    answers.push({ a: a.localDescription, b: b.localDescription });
  }

  return answers;
}

async function main(): Promise<void> {
  const server = await openEngine(process.argv[2]);
  tell({ kind: 'ready', name: server.name });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const message = readMessage(line);
    if (message?.kind === 'offers') tell({ kind: 'answers', pairs: await connectAll(server, message.pairs) });
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void opened.close().then(() => process.exit(0)));

main()
  .catch((error: unknown) => {
    console.error(error instanceof Error ? error.stack : error);
    process.exitCode = 1;
  })
  .finally(() => opened.close());
