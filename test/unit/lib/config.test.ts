import { readConfig } from '../../../src/lib/config';
import { SightlineError } from '../../../src/lib/errors';
import { routerOf } from '../../../src/cli/route';
import { controlPort } from '../../../src/lib/control-port';
import { sipSockets } from '../../../src/lib/sip-sockets';
import { Authority } from '../../support/certificates';

function faultsOf(env: Record<string, string>): string {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof SightlineError && error.code === 'CONFIG_INVALID') return error.message;
    throw error;
  }
  throw new Error('the environment was accepted');
}

describe('readConfig', () => {
  test('an empty environment gives safe defaults on loopback', () => {
    const config = readConfig({});
    expect(config).toMatchObject({ host: '127.0.0.1', sipPort: 5060, wsPort: 5066, httpPort: 8080, controlPort: 9022 });
    expect(config.rtpPorts).toEqual({ from: 30_000, to: 39_999 });
    expect(config.sitePath).toMatch(/dialplans\/demo$/);
    expect(config.drachtio).toBeUndefined();
    expect(config.redisUrl).toBeUndefined();
  });

  test('reads every setting', () => {
    const config = readConfig({
      SIGHTLINE_HOST: '192.0.2.7',
      SIGHTLINE_RTP_PORTS: '40000-40100',
      SIGHTLINE_SITE: 'bench',
      REDIS_URL: 'redis://127.0.0.1:6380/2',
      DRACHTIO_URL: 'tcp://:cymru@127.0.0.1:9023',
      LOG_LEVEL: 'debug',
    });
    expect(config.drachtio).toEqual({ host: '127.0.0.1', port: 9023, secret: 'cymru' });
    expect(config.rtpPorts).toEqual({ from: 40_000, to: 40_100 });
    expect(config.sitePath).toMatch(/dialplans\/bench$/);
  });

  test.each(['redis-cluster://127.0.0.1:7000', 'rediss-cluster://u:p@a.example:1,b.example,[::1]:7002'])(
    'takes %s for a cluster',
    (url) => expect(readConfig({ REDIS_URL: url }).redisUrl).toBe(url),
  );

  test.each(['redis-cluster://', 'redis-cluster://a:0', 'redis-cluster://a:1,,b:2', 'redis-cluster:a:1'])(
    'says of %s how a cluster is written',
    (url) => expect(faultsOf({ REDIS_URL: url })).toContain('redis-cluster://127.0.0.1:7000,127.0.0.1:7001'),
  );

  test('reads the settings of SIP sockets', () => {
    const config = readConfig({
      SIGHTLINE_SIP_HOSTS: '10.0.0.5, ::1',
      SIGHTLINE_EXTERNAL_ADDRESS: '203.0.113.5',
      SIGHTLINE_LOCAL_NETWORKS: '10.0.0.0/8, fd00::/8',
      SIGHTLINE_DNS_SERVERS: '192.0.2.53:5353',
      SIGHTLINE_SIP_IDLE: '60',
    });
    expect(sipSockets(config)).toMatchObject({
      host: '127.0.0.1',
      external: { address: '203.0.113.5', localNetworks: ['10.0.0.0/8', 'fd00::/8'] },
      dns: { servers: ['192.0.2.53:5353'] },
      connections: { idle: 60_000 },
    });
    const places = sipSockets(config).listen.map(({ transport, host, port }) => `${transport} ${host} ${port}`);
    expect(places).toEqual(
      ['10.0.0.5', '::1'].flatMap((host) => [`udp ${host} 5060`, `tcp ${host} 5060`, `ws ${host} 5066`]),
    );
    expect(sipSockets(config)).not.toHaveProperty('tlsPort');
  });

  test('opens TLS and WSS when there is a certificate, and tells what is wrong with its files', async () => {
    const authority = await Authority.create();
    try {
      const [one, other] = await Promise.all([authority.issue(['DNS:a.test']), authority.issue(['DNS:b.test'])]);
      const good = { SIGHTLINE_TLS_CERT: one.cert, SIGHTLINE_TLS_KEY: one.key };
      expect(sipSockets(readConfig(good))).toMatchObject({ tlsPort: 5061, wssPort: 7443 });
      expect(faultsOf({ ...good, SIGHTLINE_TLS_KEY: other.key })).toContain(
        `SIGHTLINE_TLS_KEY: ${other.key} is not the key of`,
      );
      expect(faultsOf({ ...good, SIGHTLINE_TLS_KEY: one.cert })).toContain('holds no private key in PEM');
      expect(faultsOf({ ...good, SIGHTLINE_TLS_CA: '/nowhere.pem' })).toContain(
        'SIGHTLINE_TLS_CA: /nowhere.pem cannot be read',
      );
      expect(faultsOf({ ...good, SIGHTLINE_HTTP_PORT: '7443' })).toContain('SIGHTLINE_WSS_PORT: port 7443 is taken');
      expect(faultsOf({ SIGHTLINE_TLS_KEY: one.key })).toContain('SIGHTLINE_TLS_CERT: is missing');
      const faults = faultsOf({ SIGHTLINE_TLS_CERT: one.cert, SIGHTLINE_TLS_CLIENTS: 'required' });
      expect(faults).toContain('SIGHTLINE_TLS_KEY: is missing');
      expect(faults).toContain('SIGHTLINE_TLS_CA: is missing');
    } finally {
      await authority.remove();
    }
  });

  describe('the control port over TLS', () => {
    let authority: Authority;
    beforeAll(async () => {
      authority = await Authority.create();
    });
    afterAll(() => authority.remove());

    test('tells everything that is wrong with its files at once', async () => {
      const [one, other] = await Promise.all([authority.issue(['DNS:a.test']), authority.issue(['DNS:b.test'])]);
      const env = (cert: string, key: string) => ({ SIGHTLINE_CONTROL_TLS_CERT: cert, SIGHTLINE_CONTROL_TLS_KEY: key });
      expect(controlPort(readConfig(env(one.cert, one.key)))).toEqual({
        ...{ controlHost: '127.0.0.1', controlPort: 9022, controlTls: { cert: one.cert, key: one.key } },
      });
      expect(controlPort(readConfig({}))).not.toHaveProperty('controlTls');
      const both = faultsOf({
        ...env('/nowhere.pem', one.cert),
        SIGHTLINE_TLS_CERT: one.key,
        SIGHTLINE_TLS_KEY: '/none',
      });
      expect(both).toContain('SIGHTLINE_CONTROL_TLS_CERT: /nowhere.pem cannot be read (ENOENT)');
      expect(both).toContain(`SIGHTLINE_CONTROL_TLS_KEY: ${one.cert} holds no private key in PEM`);
      expect(both).toContain(`SIGHTLINE_TLS_CERT: ${one.key} holds no certificate in PEM`);
      expect(both).toContain('SIGHTLINE_TLS_KEY: /none cannot be read (ENOENT)');
      expect(faultsOf(env(one.cert, other.key))).toContain(
        `SIGHTLINE_CONTROL_TLS_KEY: ${other.key} is not the key of ${one.cert}`,
      );
      expect(faultsOf({ SIGHTLINE_CONTROL_TLS_CERT: one.cert })).toContain('SIGHTLINE_CONTROL_TLS_KEY: is missing');
      expect(faultsOf({ SIGHTLINE_CONTROL_TLS_KEY: one.key })).toContain('SIGHTLINE_CONTROL_TLS_CERT: is missing');
    });

    test('an expired certificate is a fault there, and none for SIP, where phones may take it', async () => {
      const { cert, key } = await authority.issue(['DNS:a.test'], 'somebody', -1);
      const faults = faultsOf({ SIGHTLINE_CONTROL_TLS_CERT: cert, SIGHTLINE_CONTROL_TLS_KEY: key });
      expect(faults).toMatch(/SIGHTLINE_CONTROL_TLS_CERT: \S+ expired at \d{4}-.*; name one that holds good/);
      expect(readConfig({ SIGHTLINE_TLS_CERT: cert, SIGHTLINE_TLS_KEY: key }).tlsCert).toBe(cert);
    });

    test('DRACHTIO_URL=tls:// is secure, and authorities that nothing is held to are a fault', async () => {
      const { ca } = await authority.issue([]);
      const url = 'tls://:a-secret@[2001:db8::1]:9023';
      expect(readConfig({ DRACHTIO_URL: url, SIGHTLINE_DRACHTIO_CA: ca })).toMatchObject({
        ...{ drachtio: { host: '2001:db8::1', port: 9023, secret: 'a-secret', isSecure: true }, drachtioCa: ca },
      });
      for (const DRACHTIO_URL of ['', 'tcp://:a-secret@127.0.0.1:9022']) {
        expect(faultsOf({ DRACHTIO_URL, SIGHTLINE_DRACHTIO_CA: ca })).toContain(
          'SIGHTLINE_DRACHTIO_CA: is for DRACHTIO_URL=tls://',
        );
      }
      for (const SIGHTLINE_ROUTE of ['', 'http://127.0.0.1/', 'tcp://127.0.0.1:1', 'tag:blue']) {
        expect(faultsOf({ SIGHTLINE_ROUTE, SIGHTLINE_ROUTE_CA: ca })).toContain('SIGHTLINE_ROUTE_CA: is for');
      }
      expect(faultsOf({ DRACHTIO_URL: url, SIGHTLINE_DRACHTIO_CA: '/none', SIGHTLINE_ROUTE_CA: '/no' })).toMatch(
        /SIGHTLINE_DRACHTIO_CA: \/none cannot be read[^]*SIGHTLINE_ROUTE_CA: \/no cannot be read/,
      );
    });
  });

  test.each([
    ['https://web.test/ask?a=1', { url: 'https://web.test/ask?a=1', timeout: 700, tls: {} }],
    ['http://[::1]:8080', { url: 'http://[::1]:8080/', timeout: 700, tls: {} }],
    ['tcp://127.0.0.1:9030', { host: '127.0.0.1', port: 9030 }],
    ['tcp://[::1]', { host: '::1', port: 9021 }],
    ['tls://app.test:9030', { host: 'app.test', port: 9030, tls: {} }],
    ['tag:blue', { tag: 'blue' }],
    ['reject:603', { reject: { status: 603 } }],
    ['redirect:sip:a@b.test', { redirect: ['sip:a@b.test'] }],
    ['proxy:sip:a@b.test, sips:c.test', { proxy: { destination: ['sip:a@b.test', 'sips:c.test'] } }],
  ])('SIGHTLINE_ROUTE=%s leads new requests', (text, router) => {
    const config = readConfig({ SIGHTLINE_ROUTE: text, SIGHTLINE_ROUTE_TIMEOUT: '700' });
    expect(routerOf(config)).toEqual(router);
  });

  test('without SIGHTLINE_ROUTE new requests go to the connected applications', () => {
    expect(routerOf(readConfig({}))).toBeUndefined();
  });

  test.each([
    ['SIGHTLINE_ROUTE', 'somewhere', 'https://host/path'],
    ['SIGHTLINE_ROUTE', 'https://', 'https://host/path'],
    ['SIGHTLINE_ROUTE', 'reject:200', '300 to 699'],
    ['SIGHTLINE_ROUTE', 'tag:a|b', 'not a name'],
    ['SIGHTLINE_ROUTE', 'proxy:bob', 'sip:bob@192.0.2.7'],
    ['SIGHTLINE_ROUTE', 'redirect:sip:a@b,', 'sip:bob@192.0.2.7'],
    ['SIGHTLINE_ROUTE_TIMEOUT', '50', '100 to 30000'],
    ['SIGHTLINE_CONTROL_HOST', 'a b', 'not an address'],
    ['SIGHTLINE_LOCAL_NETWORKS', '10.0.0.0/40', '10.0.0.0/8'],
    ['SIGHTLINE_DNS_SERVERS', 'dns.test', '192.0.2.53'],
    ['SIGHTLINE_SIP_IDLE', '5', '60 to 86400'],
    ['SIGHTLINE_TLS_CLIENTS', 'maybe', 'off, optional'],
    ['SIGHTLINE_SIP_HOSTS', '10.0.0.5,', 'not an address'],
  ])('says of %s=%s what it may be', (name, value, remedy) => {
    const faults = faultsOf({ [name]: value });
    expect(faults).toContain(`${name}: `);
    expect(faults).toContain(remedy);
  });

  test('tells every fault at once, each with its variable and a remedy', () => {
    const message = faultsOf({
      SIGHTLINE_SIP_PORT: '70000',
      SIGHTLINE_RTP_PORTS: '500-400',
      SIGHTLINE_COLOUR: 'red',
      REDIS_URL: 'http://x',
      DRACHTIO_URL: 'tcp://127.0.0.1:9022',
      FREESWITCH_URL: 'fs',
      LOG_LEVEL: 'loud',
    });
    for (const name of [
      'SIGHTLINE_SIP_PORT',
      'SIGHTLINE_RTP_PORTS',
      'SIGHTLINE_COLOUR',
      'REDIS_URL',
      'DRACHTIO_URL',
      'FREESWITCH_URL',
      'LOG_LEVEL',
    ]) {
      expect(message).toContain(`${name}:`);
    }
    expect(message).toContain('tcp://:secret@127.0.0.1:9022');
  });

  test('two listeners may not share a port, but several may take a free one', () => {
    expect(faultsOf({ SIGHTLINE_HTTP_PORT: '5060' })).toContain('5060');
    expect(readConfig({ SIGHTLINE_HTTP_PORT: '0', SIGHTLINE_WS_PORT: '0' }).httpPort).toBe(0);
  });

  test('a secret never stands in the message', () => {
    expect(faultsOf({ SIGHTLINE_API_TOKEN: 'short', DRACHTIO_URL: 'udp://:topsecret@x:1' })).not.toContain('topsecret');
  });
});
