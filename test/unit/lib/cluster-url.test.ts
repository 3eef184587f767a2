import { isClusterUrl, parseClusterUrl } from '../../../src/lib/cluster-url';

describe('the address of a Redis Cluster', () => {
  test('has nodes, and who may use it', () => {
    expect(parseClusterUrl('redis-cluster://us%40er:p%3Aw@10.0.0.1:7000,redis.example,[::1]:7002')).toEqual({
      nodes: [
        { host: '10.0.0.1', port: 7000 },
        { host: 'redis.example', port: 6379 },
        { host: '::1', port: 7002 },
      ],
      username: 'us@er',
      password: 'p:w',
      tls: false,
    });
    expect(parseClusterUrl('rediss-cluster://:secret@a')).toEqual({
      nodes: [{ host: 'a', port: 6379 }],
      password: 'secret',
      tls: true,
    });
  });

  test.each([
    'redis://127.0.0.1:6379',
    'redis-cluster://',
    'redis-cluster://a:70000',
    'redis-cluster://a:x',
    'redis-cluster://a,,b',
    'redis-cluster://a b',
    'redis-cluster://%zz:%zz@a',
    'http-cluster://a',
  ])('%s is none', (url) => {
    expect(parseClusterUrl(url)).toBeUndefined();
  });

  test('is told from that of one Redis by its scheme', () => {
    expect([isClusterUrl('redis-cluster://'), isClusterUrl('redis://a'), isClusterUrl('unix:/a')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
