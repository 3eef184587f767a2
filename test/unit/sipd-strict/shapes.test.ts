import { shapes } from './shapes';
import type { Shape } from './shapes';
import { WholeServer } from './whole-server';

/** What reports tell by: the shape, and the advisory that it is known from. */
const title = ({ name, known }: Shape): string => (known === undefined ? name : `${name} (${known})`);

describe('shapes of bad input', () => {
  let server: WholeServer;

  beforeAll(async () => {
    server = await WholeServer.start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.told.length = 0;
  });

  test.each(shapes.map((shape) => ({ ...shape, title: title(shape) })))(
    '$title over UDP: $udp',
    async ({ bytes, udp }) => {
      expect(await server.udp(bytes, 0)).toBe(udp);
      expect(server.told).toHaveLength(udp === 'taken' ? 1 : 0);
    },
  );

  const streams = shapes
    .filter(({ tcp }) => tcp !== 'none')
    .map((shape) => ({ ...shape, title: title(shape), tcp: shape.tcp ?? shape.udp }));

  test.each(streams)('$title over TCP: $tcp', async ({ bytes, tcp }) => {
    // Another transaction than that over UDP.
    const text = bytes.toString('latin1').replace('z9hG4bKshape', 'z9hG4bKstream').replace('shape-', 'stream-');
    expect(await server.tcp(Buffer.from(text, 'latin1'))).toBe(tcp);
    expect(server.told).toHaveLength(tcp === 'taken' ? 1 : 0);
  });
});
