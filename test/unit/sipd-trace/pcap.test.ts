import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { pcapFile } from '../../../src/sipd/trace/pcap';
import type { TraceEvent } from '../../../src/sipd/trace/event';

function event(address: string, remote: string, text: string, more: Partial<TraceEvent> = {}): TraceEvent {
  return {
    at: 1_700_000_000_123,
    direction: 'in',
    transport: 'udp',
    local: { address, port: 5060 },
    remote: { address: remote, port: 5071 },
    bytes: Buffer.from(text),
    ...more,
  };
}

/** What tcpdump reads in a file: it checks the sums itself. */
async function read(events: TraceEvent[]): Promise<string[]> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'sightline-pcap-'));
  try {
    const file = path.join(dir, 'trace.pcap');
    await writeFile(file, pcapFile(events));
    const { stdout } = await promisify(execFile)('tcpdump', ['-nn', '-vv', '-tt', '-r', file], { maxBuffer: 1 << 24 });

    return stdout.split(/\n(?=\d)/);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const options = 'OPTIONS sip:a@b SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n';

test('tcpdump reads messages of IPv4 and of IPv6, of either direction, with their times and sums', async () => {
  const lines = await read([
    event('192.0.2.1', '198.51.100.7', options),
    event('192.0.2.1', '198.51.100.7', `${options}odd`, { direction: 'out', transport: 'tcp', at: 1_700_000_001_000 }),
    event('2001:db8::1', 'fe80::17', options),
    event('::1', '127.0.0.1', options),
  ]);
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^1700000000\.123000 IP .*198\.51\.100\.7\.5071 > 192\.0\.2\.1\.5060: \[udp sum ok\] SIP/s);
  expect(lines[0]).toContain('OPTIONS sip:a@b SIP/2.0');
  expect(lines[1]).toMatch(/^1700000001\.000000 IP .*192\.0\.2\.1\.5060 > 198\.51\.100\.7\.5071: \[udp sum ok\] SIP/s);
  expect(lines[2]).toMatch(/IP6 .*fe80::17\.5071 > 2001:db8::1\.5060: \[udp sum ok\] SIP/s);
  expect(lines[3]).toMatch(/::ffff:127\.0\.0\.1\.5071 > ::1\.5060: \[udp sum ok\] SIP/s);
  expect(lines.join('')).not.toContain('bad cksum');
});

test('a message that no datagram holds is cut off, and those after it are there', async () => {
  const long = `${options}${'x'.repeat(200_000)}`;
  const lines = await read([
    event('::1', '::1', long),
    event('127.0.0.1', '127.0.0.1', long),
    event('::1', '::2', options),
  ]);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain('SIP, length: 65507');
  expect(lines[2]).toContain('[udp sum ok] SIP');
});

test('no messages make a file that can be read', async () => {
  expect(pcapFile([])).toHaveLength(24);
  expect(await read([])).toEqual(['']);
});
