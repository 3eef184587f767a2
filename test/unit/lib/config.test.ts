import { readConfig } from '../../../src/lib/config';
import { SightlineError } from '../../../src/lib/errors';

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
