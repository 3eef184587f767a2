import { Redis } from 'ioredis';
import pino from 'pino';
import { CallStore } from '../../../src/calls/call-store';
import type { CallRecord } from '../../../src/calls/record';
import { makeKeys } from '../../../src/store/keys';
import { closeSharedRedis, randomSite, sharedRedis } from '../../support/redis';

const secret = 'WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz';
const sdp = `v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${secret}\r\n`;

function talking(): CallRecord {
  const media = {
    origin: { username: '-', sessionId: '1', version: 1, address: '127.0.0.1' },
    remote: sdp,
    local: sdp,
  };

  return {
    ...{ id: 'call_1', site: 's', node: 'node-a', planVersion: '1', number: '6101', flow: 'f', locale: 'en' },
    ...{ caller: { user: '1001', kind: 'terminal', source: '127.0.0.1:5060' }, face: 'ring', state: 'talking' },
    ...{ terminal: { media }, seat: { id: '2001', media: structuredClone(media) } },
    ...{ context: {}, startedAt: 1, history: [] },
  } as unknown as CallRecord;
}

test('the keys of the media are kept while a call is under way, and not after its end', async () => {
  const { url } = await sharedRedis();
  const redis = new Redis(url);
  const keys = makeKeys(randomSite());
  const store = async (record: CallRecord): Promise<string> => {
    const calls = new CallStore(redis, keys, pino({ level: 'silent' }));
    calls.save(record);
    await calls.close();

    return (await redis.get(keys.call(record.id))) ?? '';
  };
  try {
    const record = talking();
    expect(JSON.parse(await store(record))).toEqual(record);

    const ended: CallRecord = { ...record, state: 'ended', endedAt: 2, end: { by: 'caller', cause: 'bye' } };
    const text = await store(ended);
    expect(text).not.toContain(secret);
    expect(JSON.parse(text)).toMatchObject({
      state: 'ended',
      terminal: { media: { origin: record.terminal.media.origin } },
      seat: { id: '2001' },
      end: { cause: 'bye' },
    });
    // Its own process may still have something to say to the phones.
    expect(ended.terminal.media.local).toBe(sdp);
  } finally {
    redis.disconnect();
    await closeSharedRedis();
  }
});
