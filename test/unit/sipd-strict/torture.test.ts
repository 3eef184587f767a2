import { verdicts } from './corpus';
import { WholeServer } from './whole-server';

/**
 * The torture messages of RFC 4475 and RFC 5118 against the whole server. Each has a server of its own, as many of them
 * share their Via and Call-ID and would be repetitions of each other; after each of them it still answers others.
 */
describe.each(verdicts)('RFC $rfc $section $name', ({ rfc, bytes, udp, tcp }) => {
  let server: WholeServer;

  beforeEach(async () => {
    server = await WholeServer.start(rfc === 5118 ? '::1' : '127.0.0.1');
  });
  afterEach(() => server.close());

  test(`over UDP: ${udp}`, async () => {
    expect(await server.udp(bytes)).toBe(udp);
    expect(server.told).toHaveLength(udp === 'taken' ? 1 : 0);
  });

  test(`over TCP: ${tcp}`, async () => {
    expect(await server.tcp(bytes)).toBe(tcp);
    expect(server.told).toHaveLength(tcp === 'taken' || udp === 'taken' ? 1 : 0);
  });
});
