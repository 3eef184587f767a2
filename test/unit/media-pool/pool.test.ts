import { TypedEmitter } from '../../../src/lib/emitter';
import { SightlineError } from '../../../src/lib/errors';
import { silentLogger } from '../../../src/lib/logger';
import { MediaPool, byRoom } from '../../../src/media/pool';
import type { Conference, Endpoint, MediaServer, MediaServerEvents } from '../../../src/media/port';

/** A server whose room and refusals a test decides; it makes endpoints that have a place and nothing else. */
class Place implements MediaServer {
  available = true;
  busy = 0;
  closed = 0;
  refusal: SightlineError | undefined;
  readonly events = new TypedEmitter<MediaServerEvents>();
  readonly made: Endpoint[] = [];
  readonly conferences: string[] = [];
  readonly bridged: string[][] = [];

  constructor(readonly name: string) {}

  createEndpoint(): Promise<Endpoint> {
    if (this.refusal) return Promise.reject(this.refusal);
    const endpoint = { id: `${this.name}/${this.made.length}`, server: this.name, closed: false } as Endpoint;
    this.made.push(endpoint);

    return Promise.resolve(endpoint);
  }

  bridge(a: Endpoint, b: Endpoint): ReturnType<MediaServer['bridge']> {
    this.bridged.push([a.id, b.id]);

    return Promise.resolve({ id: 'bridge', closed: false, close: () => Promise.resolve() });
  }

  createConference({ label }: { label: string }): Promise<Conference> {
    this.conferences.push(label);
    const nothing = (): Promise<void> => Promise.resolve();

    return Promise.resolve({ id: label, join: nothing, leave: nothing, floor: nothing, close: nothing });
  }

  record(): ReturnType<MediaServer['record']> {
    return Promise.reject(new SightlineError('STORAGE_FULL'));
  }

  load() {
    return { endpoints: this.made.length, ports: 2 * this.made.length, busy: this.busy };
  }

  close(): Promise<void> {
    this.closed += 1;

    return Promise.resolve();
  }

  lose(): void {
    this.available = false;
    this.events.emit('down', 'gone');
  }

  comeBack(): void {
    this.available = true;
    this.events.emit('up');
  }
}

describe('a pool of media servers', () => {
  const options = { label: 'call' };
  let north: Place;
  let south: Place;
  let pool: MediaPool;

  beforeEach(() => {
    north = new Place('north');
    south = new Place('south');
    pool = new MediaPool([north, south], silentLogger);
  });

  async function code(work: Promise<unknown>): Promise<string | undefined> {
    const error: unknown = await work.catch((thrown: unknown) => thrown);

    return error instanceof SightlineError ? error.code : undefined;
  }

  test('endpoints go in turn to servers with the same room', async () => {
    const servers = [];
    for (let count = 0; count < 4; count++) servers.push((await pool.createEndpoint(options)).server);
    expect(servers).toEqual(['north', 'south', 'north', 'south']);
    expect(pool.load()).toEqual({ endpoints: 4, ports: 8, busy: 0 });
  });

  test('the one with more room comes first; small differences do not count', () => {
    north.busy = 0.8;
    south.busy = 0.3;
    expect(byRoom([north, south])).toEqual([south, north]);
    south.busy = 0.78;
    expect(byRoom([north, south])).toEqual([north, south]);
    north.available = false;
    expect(byRoom([north, south])).toEqual([south]);
  });

  test('what is beside an endpoint stays on its server', async () => {
    const first = await pool.createEndpoint(options);
    north.busy = 0.9;
    expect((await pool.createEndpoint({ ...options, beside: first })).server).toBe('north');
    north.refusal = new SightlineError('MEDIA_UNAVAILABLE');
    expect(await code(pool.createEndpoint({ ...options, beside: first }))).toBe('MEDIA_UNAVAILABLE');
  });

  test('a server that fails is passed over, a peer that fits nowhere is not', async () => {
    north.refusal = new SightlineError('MEDIA_UNAVAILABLE');
    expect((await pool.createEndpoint(options)).server).toBe('south');
    north.refusal = new SightlineError('MEDIA_MISMATCH');
    south.refusal = new SightlineError('INTERNAL');
    expect(await code(pool.createEndpoint(options))).toBe('MEDIA_MISMATCH');
    expect(south.made.length).toBe(1);
  });

  test('with none left it says so', async () => {
    north.lose();
    south.lose();
    expect(pool.available).toBe(false);
    expect(await code(pool.createEndpoint(options))).toBe('MEDIA_UNAVAILABLE');
    expect(await code(pool.createConference(options))).toBe('MEDIA_UNAVAILABLE');
    expect(pool.load()).toEqual({ endpoints: 0, ports: 0, busy: 1 });
  });

  test('it is down when the last one is lost, and up when the first one comes back', () => {
    const told: string[] = [];
    pool.events.on('down', (reason) => told.push(`down: ${reason}`));
    pool.events.on('up', () => told.push('up'));
    north.lose();
    expect(told).toEqual([]);
    south.lose();
    north.comeBack();
    south.comeBack();
    expect(told).toEqual(['down: gone', 'up']);
  });

  test('one that begins with no server comes up with the first', () => {
    north.available = south.available = false;
    const late = new MediaPool([north, south], silentLogger);
    const ups = [];
    late.events.on('up', () => ups.push(1));
    south.comeBack();
    expect(ups.length).toBe(1);
    expect(late.available).toBe(true);
  });

  test('a bridge is made where its two are, and not between servers', async () => {
    const [a, b] = [await pool.createEndpoint(options), await pool.createEndpoint(options)];
    expect(await code(pool.bridge(a, b))).toBe('WRONG_STATE');
    const beside = await pool.createEndpoint({ ...options, beside: b });
    await pool.bridge(b, beside);
    expect(south.bridged).toEqual([['south/0', 'south/1']]);
    expect(await code(pool.record([a, b], { base: '/x' }))).toBe('WRONG_STATE');
    expect(await code(pool.record([a], { base: '/x' }))).toBe('STORAGE_FULL');
    expect(await code(pool.record([], { base: '/x' }))).toBe('BAD_REQUEST');
  });

  test('what is closed, or of nowhere, is gone', async () => {
    const [a, b] = [await pool.createEndpoint(options), { server: 'west', closed: false } as Endpoint];
    expect(await code(pool.bridge(a, b))).toBe('MEDIA_GONE');
    (a as { closed: boolean }).closed = true;
    expect(await code(pool.bridge(a, a))).toBe('MEDIA_GONE');
    await expect((async () => pool.createEndpoint({ ...options, beside: a }))()).rejects.toMatchObject({
      code: 'MEDIA_GONE',
    });
  });

  test('a conference is where its first member is', async () => {
    const first = await pool.createEndpoint(options);
    const second = await pool.createEndpoint(options);
    const conference = await pool.createConference({ label: 'three' });
    expect(await code(conference.floor(second))).toBe('WRONG_STATE');
    await conference.join(second);
    await conference.leave(second);
    await conference.join(first);
    expect([north.conferences, south.conferences]).toEqual([[], ['three']]);
    await conference.close();
    expect(await code(conference.join(first))).toBe('MEDIA_GONE');
  });

  test('it closes its servers, once', async () => {
    await Promise.all([pool.close(), pool.close()]);
    expect([north.closed, south.closed]).toEqual([1, 1]);
  });
});
