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

test('a short run of the fuzzing finds nothing', async () => {
  const { findings: found, left } = await runFuzz({ datagrams: 1500, streams: 50, bodies: 500, frames: 60, seed: 7 });
  expect(found.map(({ kind, what, bytes }) => ({ kind, what, bytes: bytes.toString('base64') }))).toEqual([]);
  expect(left).toBe(0);
});
