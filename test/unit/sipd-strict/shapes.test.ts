import { shapes } from './shapes';
import { WholeServer } from './whole-server';

describe('shapes of bad input', () => {
  let server: WholeServer;

  beforeAll(async () => {
    server = await WholeServer.start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.told.length = 0;
  });

  test.each(shapes)('$name over UDP: $udp', async ({ bytes, udp }) => {
    expect(await server.udp(bytes, 0)).toBe(udp);
    expect(server.told).toHaveLength(udp === 'taken' ? 1 : 0);
  });

  const streams = shapes
    .filter(({ tcp }) => tcp !== 'none')
    .map((shape) => ({ ...shape, tcp: shape.tcp ?? shape.udp }));

  test.each(streams)('$name over TCP: $tcp', async ({ bytes, tcp }) => {
    // Another transaction than that over UDP.
    const text = bytes.toString('latin1').replace('z9hG4bKshape', 'z9hG4bKstream').replace('shape-', 'stream-');
    expect(await server.tcp(Buffer.from(text, 'latin1'))).toBe(tcp);
    expect(server.told).toHaveLength(tcp === 'taken' ? 1 : 0);
  });
});
