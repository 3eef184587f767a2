import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { judge, kinds } from '../../../scripts/fuzz/judge';
import { runFuzz } from '../../../scripts/fuzz/run';
import { Target } from '../../../scripts/fuzz/target';
import { dataFolder } from './corpus';

const folder = path.join(dataFolder, 'fuzz');
const findings = readdirSync(folder).filter((name) => name.endsWith('.bin'));

describe('what fuzzing once found', () => {
  let target: Target;

  beforeAll(async () => {
    target = await Target.start();
  });
  afterAll(() => target.close());

  test.each(findings)('%s does no harm any more', async (name) => {
    const bytes = readFileSync(path.join(folder, name));
    const kind = kinds.find((known) => name.startsWith(known));
    if (kind !== undefined) expect(judge(kind, bytes)).toBeUndefined();
    if (kind === 'message') target.datagram(bytes);
    if (name.startsWith('websocket')) await target.webSocket(bytes);
    else if (name.startsWith('control')) await target.control(bytes);
    else await target.stream([bytes]);
    expect(await target.isAlive()).toBe(true);
    expect(target.takeErrors()).toEqual([]);
  });
});

test('the dialogs of the fuzzing end, even when a request had the highest number that there is', async () => {
  const target = await Target.start();
  try {
    const answer = await target.ask('INVITE', []);
    const [to, id] = [/^To: (.*)\r?$/m, /^Call-ID: (.*)\r?$/m].map((line) => line.exec(answer ?? '')?.[1] ?? '');
    target.datagram(Buffer.from(target.request('ACK', id!, [], to)));
    target.datagram(Buffer.from(target.request('INFO', id!, [], to).replace('CSeq: 1 ', 'CSeq: 2147483647 ')));
    expect(await target.isAlive()).toBe(true);
    target.endCalls();
    expect(await target.drained(20_000)).toBe(0);
  } finally {
    await target.close();
  }
});

test('a short run of the fuzzing finds nothing', async () => {
  const { findings: found, left } = await runFuzz({ datagrams: 1500, streams: 50, bodies: 500, frames: 60, seed: 7 });
  expect(found.map(({ kind, what, bytes }) => ({ kind, what, bytes: bytes.toString('base64') }))).toEqual([]);
  expect(left).toBe(0);
});
