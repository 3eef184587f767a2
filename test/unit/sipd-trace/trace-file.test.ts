import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TraceEvent } from '../../../src/sipd/trace/event';
import { pcapFile } from '../../../src/sipd/trace/pcap';
import { TraceFile } from '../../../src/sipd/trace/trace-file';
import { SmallDisk } from '../../support/small-disk';

let folder: string;
let file: string;
const faults: unknown[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'sightline-trace-'));
  file = path.join(folder, 'sip.pcap');
  faults.length = 0;
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (limit?: number): TraceFile => new TraceFile(file, (error) => faults.push(error), limit);

function message(text: string): TraceEvent {
  const [local, remote] = [
    { address: '127.0.0.1', port: 5060 },
    { address: '127.0.0.1', port: 5080 },
  ];

  return { at: 1_700_000_000_000, direction: 'in', transport: 'udp', local, remote, bytes: Buffer.from(text) };
}

it('keeps every message as the library writes it, readable for its owner alone', async () => {
  const events = ['OPTIONS sip:a@b SIP/2.0\r\n\r\n', 'SIP/2.0 200 OK\r\n\r\n'].map(message);
  const trace = open();
  events.forEach((event) => trace.add(event));
  await trace.close();
  await trace.close();
  expect(readFileSync(file)).toEqual(pcapFile(events));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  trace.add(message('late'));
  expect([trace.lost, faults]).toEqual([1, []]);
});

it('begins a new file when one is full, and keeps the one before it', async () => {
  const events = Array.from({ length: 5 }, (_, index) => message(`message ${index} ${'x'.repeat(400)}`));
  const trace = open(900);
  events.forEach((event) => trace.add(event));
  await trace.close();
  expect(readFileSync(`${file}.1`)).toEqual(pcapFile(events.slice(2, 4)));
  expect(readFileSync(file)).toEqual(pcapFile(events.slice(4)));
});

it('keeps what an earlier run has left', async () => {
  writeFileSync(file, 'from before');
  await open().close();
  expect(readFileSync(`${file}.1`, 'utf8')).toBe('from before');
  expect(readFileSync(file)).toEqual(pcapFile([]));
});

it('tells once that it cannot be written, and goes on without', async () => {
  file = path.join(folder, 'missing', 'sip.pcap');
  const trace = open();
  for (let count = 0; count < 3; count++) trace.add(message('x'));
  await trace.close();
  trace.add(message('x'));
  expect(faults).toMatchObject([{ code: 'ENOENT' }]);
  expect(existsSync(file)).toBe(false);
});

(SmallDisk.possible(path.join(os.tmpdir(), 'sightline-small')) ? it : it.skip)(
  'tells a disk that is full, and takes no more',
  async () => {
    const disk = SmallDisk.mount(folder, 64)!;
    try {
      disk.fill();
      const trace = open();
      await trace.close();
      expect(faults).toMatchObject([{ code: 'ENOSPC' }]);
      trace.add(message('x'));
      expect(trace.lost).toBe(1);
    } finally {
      disk.unmount();
    }
  },
);
