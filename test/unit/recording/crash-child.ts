import { Redis } from 'ioredis';
import { systemClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { openRecording } from '../../../src/media/embedded/record';
import { RecordingStore } from '../../../src/recording/store';
import { makeKeys } from '../../../src/store/keys';

/** 20 ms of PCMU in an RTP packet. */
function packet(sequence: number): Buffer {
  const head = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  head.writeUInt16BE(sequence & 0xffff, 2);
  head.writeUInt32BE((sequence * 160) >>> 0, 4);

  return Buffer.concat([head, Buffer.alloc(160, sequence % 2 ? 0x20 : 0xa0)]);
}

/** A process that records two who talk, masks the recording when told to, and is then killed by the test. */
async function main(folder: string, redisUrl: string, site: string): Promise<void> {
  const store = await RecordingStore.open({
    ...{ folder, redis: new Redis(redisUrl), keys: makeKeys(site), node: 'node-a' },
    ...{ clock: systemClock, log: silentLogger },
    compose: () => Promise.reject(new Error('not here')),
    recover: () => Promise.resolve(undefined),
  });
  const by = { kind: 'policy' as const };
  const about = { call: 'call_1', queue: 'support', seat: '2001', terminal: '1001', by, retention: 30 };
  const recording = await store.begin(about);
  const audio = { codec: 'pcmu', payloadType: 0 };
  const writer = await openRecording({
    base: recording.base,
    sides: [{ audio }, { audio }],
    onFailed: (reason) => process.stdout.write(`failed: ${reason}\n`),
  });
  process.stdout.write(`${recording.base}\n`);
  process.stdin.once('data', () => {
    writer.mask(true);
    void recording.mask(true, { kind: 'agent', who: '2001' }).then(() => process.stdout.write('masked\n'));
  });
  let sequence = 0;
  setInterval(() => {
    for (const side of [0, 1]) writer.rtp(side, 'audio', packet(sequence), Date.now());
    sequence++;
  }, 20);
}

void main(...(process.argv.slice(2) as [string, string, string]));
