import { Redis } from 'ioredis';
import { systemClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { RecordingStore } from '../../../src/recording/store';
import { makeKeys } from '../../../src/store/keys';

/** A process that begins a recording, says where, masks it when told to, and is then killed by the test. */
async function main(folder: string, redisUrl: string, site: string): Promise<void> {
  const store = await RecordingStore.open({
    ...{ folder, redis: new Redis(redisUrl), keys: makeKeys(site), node: 'node-a' },
    ...{ clock: systemClock, log: silentLogger, compose: () => Promise.reject(new Error('not here')) },
  });
  const by = { kind: 'policy' as const };
  const about = { call: 'call_1', queue: 'support', seat: '2001', terminal: '1001', by, retention: 30 };
  const recording = await store.begin(about);
  process.stdout.write(`${recording.base}\n`);
  process.stdin.once('data', () => {
    void recording.mask(true, { kind: 'agent', who: '2001' }).then(() => process.stdout.write('masked\n'));
  });
}

void main(...(process.argv.slice(2) as [string, string, string]));
