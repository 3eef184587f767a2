import { once } from 'node:events';
import { connect } from 'node:net';
import { ManualClock } from '../../../src/lib/clock';
import { bearer, listening } from './listening';

/** A snapshot that the test answers when it likes; `asked` resolves when the request has come so far. */
function held(): { queues: { snapshot(): Promise<never>; site(): never }; asked: Promise<void>; answer(): void } {
  let answer = (): void => undefined;
  let asked = (): void => undefined;
  const came = new Promise<void>((resolve) => (asked = resolve));
  const snapshot = (): Promise<never> => {
    asked();

    return new Promise((resolve) => (answer = () => resolve({ queues: [], seats: [] } as never)));
  };

  return { queues: { snapshot, site: () => undefined as never }, asked: came, answer: () => answer() };
}

describe('closing', () => {
  test('a request under way is answered, new ones are not taken', async () => {
    const slow = held();
    const server = await listening({ queues: slow.queues });
    const answer = server.fetch('/v1/queues', { headers: bearer });
    await slow.asked;
    const closed = server.close();
    slow.answer();
    expect((await answer).status).toBe(200);
    await closed;
    await expect(server.fetch('/healthz')).rejects.toThrow();
  });

  test('a request that comes whole only while the server closes is told so', async () => {
    const slow = held();
    const server = await listening({ queues: slow.queues });
    const other = server.fetch('/v1/queues', { headers: bearer });
    await slow.asked;
    const socket = connect(server.port, '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
    // The answer to a second, whole request on another connection tells that the first bytes were read before it.
    await server.fetch('/healthz', { headers: { connection: 'close' } });
    const closed = server.close();
    const text = once(socket, 'data');
    socket.write('\r\n');
    expect(String((await text)[0])).toMatch(/^HTTP\/1\.1 503 [^]*connection: close[^]*"code":"SHUTTING_DOWN"/i);
    slow.answer();
    await Promise.all([other, closed]);
  });

  test('what does not end is cut off after the grace', async () => {
    const clock = new ManualClock();
    const slow = held();
    const server = await listening({ queues: slow.queues, clock, limits: { closeGrace: 3000 } });
    const answer = server.fetch('/v1/queues', { headers: bearer });
    const cut = expect(answer).rejects.toThrow();
    await slow.asked;
    const closed = server.close();
    while (clock.pendingCount === 0) await new Promise(setImmediate);
    clock.advance(3000);
    await cut;
    await closed;
    expect(clock.pendingCount).toBe(0);
  });

  test('close twice is harmless, and leaves no timer', async () => {
    const clock = new ManualClock();
    const server = await listening({ clock });
    await Promise.all([server.close(), server.close()]);
    await server.close();
    expect(clock.pendingCount).toBe(0);
  });
});
