import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { SightlineError } from '../../../src/lib/errors';
import { silentLogger } from '../../../src/lib/logger';
import { startEmbeddedMedia, type EmbeddedServer } from '../../../src/media/embedded';
import type { Endpoint, EndpointEvents, MediaSecurity } from '../../../src/media/port';

/** A phone that is not there, for what needs no packets. */
const PHONE = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0', 'm=audio 9 RTP/AVP 0', ''].join(
  '\r\n',
);

/** The whole engine with its worker (the compiled one), endpoint against endpoint. */
describe('the embedded media server', () => {
  let folder = '';
  let server: EmbeddedServer;
  const start = (ports = { from: 20_000, to: 29_999 }, host = '127.0.0.1') =>
    startEmbeddedMedia({ host, ports, cacheDir: folder, log: silentLogger });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'media-engine-'));
    server = await start();
  }, 30_000);
  afterAll(async () => {
    await server.close();
    await server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function pair(security: MediaSecurity): Promise<[Endpoint, Endpoint]> {
    const a = await server.createEndpoint({ label: 'a', security });
    const b = await server.createEndpoint({ label: 'b', offer: a.localDescription });
    await a.accept(b.localDescription);

    return [a, b];
  }
  const next = <K extends keyof EndpointEvents>(endpoint: Endpoint, event: K) =>
    new Promise<EndpointEvents[K]>((resolve) => endpoint.events.once(event, (...args) => resolve(args)));
  const code = (promise: Promise<unknown>) =>
    promise.then(
      () => 'none',
      (error: unknown) => (error instanceof SightlineError ? error.code : String(error)),
    );

  it.each<[MediaSecurity, string]>([
    ['none', 'RTP/AVP'],
    ['sdes', 'RTP/SAVP'],
    ['dtls', 'UDP/TLS/RTP/SAVPF'],
  ])('brings two endpoints together with security %s', async (security, protocol) => {
    const [a, b] = await pair(security);
    expect(a.localDescription).toMatch(new RegExp(`m=audio \\d+ ${protocol} `));
    expect([a.codecs, b.codecs]).toEqual(Array(2).fill({ audio: 'pcmu', video: 'vp8' }));
    const pressed = next(b, 'dtmf');
    await a.sendDtmf('5');
    expect(await pressed).toEqual([{ digit: '5', durationMs: 100 }]);
    const stats = await b.stats();
    // The press was told with its first end; the two others may still be on their way.
    expect(stats.audio?.received.packets).toBeGreaterThanOrEqual(5);
    expect(stats.audio?.received.lost).toBe(0);
    // Both sides may change what they said, and go on.
    await b.answer(await a.offer({ media: ['audio'] })).then((answer) => a.accept(answer));
    expect([a.codecs, b.codecs]).toEqual(Array(2).fill({ audio: 'pcmu' }));
    const back = next(a, 'dtmf');
    await b.sendDtmf('#');
    expect(await back).toEqual([{ digit: '#', durationMs: 100 }]);
    await Promise.all([a.close(), b.close()]);
    expect(server.load()).toMatchObject({ endpoints: 0, ports: 0 });
  });

  it('holds nothing when the ports are used up, and says so', async () => {
    const small = await start({ from: 29_990, to: 29_993 });
    const one = await small.createEndpoint({ label: 'one' });
    expect(await code(small.createEndpoint({ label: 'two' }))).toBe('MEDIA_UNAVAILABLE');
    expect(small.load()).toMatchObject({ endpoints: 1, ports: 4 });
    await one.close();
    const two = await small.createEndpoint({ label: 'two', media: ['audio'] });
    expect(small.load()).toMatchObject({ endpoints: 1, ports: 2 });
    expect(two.codecs).toEqual({});
    await small.close();
    expect(two.closed).toBe(true);
    expect(await code(small.createEndpoint({ label: 'three' }))).toBe('MEDIA_GONE');
  });

  it('keeps the place and the numbers of an m= line when the picture goes and comes', async () => {
    const [a, b] = await pair('none');
    const kinds = (text: string) =>
      [...text.matchAll(/^m=(\w+) (\d+) /gm)].map(([, kind, port]) => `${kind}:${port !== '0'}`);
    expect(kinds(await a.offer({ media: ['audio'] }))).toEqual(['audio:true', 'video:false']);
    await a.accept(await b.answer(a.localDescription));
    expect(server.load().ports).toBe(4);
    const version = (text: string) => Number(/^o=- \d+ (\d+)/m.exec(text)?.[1]);
    const before = version(a.localDescription);
    expect(kinds(await a.offer({ media: ['audio', 'video'] }))).toEqual(['audio:true', 'video:true']);
    expect(version(a.localDescription)).toBe(before + 1);
    await a.accept(await b.answer(a.localDescription));
    expect([a.codecs, b.codecs]).toEqual(Array(2).fill({ audio: 'pcmu', video: 'vp8' }));
    await Promise.all([a.close(), b.close()]);
  });

  it('lets nobody be in two places: who joins one leaves the other', async () => {
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((label) => server.createEndpoint({ label, offer: PHONE })));
    const first = await server.bridge(a!, b!);
    const second = await server.bridge(b!, c!);
    expect([first.closed, second.closed]).toEqual([true, false]);
    const conference = await server.createConference({ label: 'all' });
    await conference.join(c!);
    expect(second.closed).toBe(true);
    await Promise.all([conference.join(a!), conference.join(b!)]);
    await conference.floor(b!);
    await server.bridge(b!, c!);
    expect(await code(conference.floor(b!))).toBe('WRONG_STATE');
    await Promise.all([a, b, c].map((endpoint) => endpoint!.close()));
    await conference.close();
  });

  it('bridges none whose sound cannot be passed on, and leaves them where they were', async () => {
    const [a, b] = await pair('none');
    const opus = PHONE.replace('RTP/AVP 0', 'RTP/AVP 111\r\na=rtpmap:111 opus/48000/2');
    const other = await server.createEndpoint({ label: 'opus', offer: opus });
    const bridge = await server.bridge(a, b);
    expect(await code(server.bridge(a, other))).toBe('MEDIA_MISMATCH');
    expect(bridge.closed).toBe(false);
    expect(await code(server.createEndpoint({ label: 'beside', offer: opus, beside: a }))).toBe('MEDIA_MISMATCH');
    await Promise.all([a, b, other].map((endpoint) => endpoint.close()));
    expect(server.load()).toMatchObject({ endpoints: 0, ports: 0 });
  });

  it('ends endpoints that are made while it closes', async () => {
    const other = await start();
    const making = other.createEndpoint({ label: 'late' });
    await other.close();
    expect(['none', 'MEDIA_GONE']).toContain(await code(making));
    expect(other.load()).toEqual({ endpoints: 0, ports: 0, busy: 0 });
  });

  it('starts a new worker for one that died, and again', async () => {
    const own = await start();
    for (let time = 0; time < 3; time++) {
      const endpoint = await own.createEndpoint({ label: 'lost' });
      const ended = next(endpoint, 'ended');
      const [down, up] = (['down', 'up'] as const).map(
        (event) => new Promise<void>((resolve) => own.events.once(event, () => resolve())),
      );
      const waiting = code(endpoint.snapshot());
      await own.loseWorker();
      await Promise.all([down, ended]);
      expect(await waiting).toBe('MEDIA_GONE');
      expect([endpoint.closed, own.load().ports]).toEqual([true, 0]);
      expect(await code(endpoint.stats())).toBe('MEDIA_GONE');
      await up;
      expect(own.available).toBe(true);
    }
    await own.close();
    expect(own.available).toBe(false);
  });

  it('cannot start at a host that there is not', async () => {
    expect(await code(start(undefined, 'no-such-host.invalid'))).toBe('MEDIA_UNAVAILABLE');
  });
});
