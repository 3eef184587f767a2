import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';
import { freeTcpPort } from '../support/ports';
import { Child } from '../support/processes';

jest.setTimeout(60_000);

/** What a start that cannot succeed leaves behind: its exit code and what an operator reads. */
interface Failure {
  code: number | null;
  text: string;
}

/** Starts the built server and waits for its end; one that has not ended after 40 s is killed, so that it fails the test. */
async function startInVain(env: Record<string, string>, words: string[] = []): Promise<Failure> {
  const folder = await newFolder();
  const child = await Child.start({
    name: 'the server',
    command: process.execPath,
    args: [inProject('dist', 'src', 'main.js'), ...words],
    env: {
      SIGHTLINE_SIP_PORT: '0',
      SIGHTLINE_WS_PORT: '0',
      SIGHTLINE_HTTP_PORT: '0',
      SIGHTLINE_CONTROL_PORT: '0',
      SIGHTLINE_DATA: folder,
      LOG_LEVEL: 'warn',
      ...env,
    },
  });
  const hung = setTimeout(() => child.signal('SIGKILL'), 40_000);
  const { code } = await child.exited;
  clearTimeout(hung);
  await rm(folder, { recursive: true, force: true });

  return { code, text: child.lines.join('\n') };
}

function newFolder(): Promise<string> {
  return mkdtemp(path.join(os.tmpdir(), 'sightline-start-'));
}

/** Something else that has a TCP port. */
async function portHolder(): Promise<{ port: number; close(): Promise<void> }> {
  const server = net.createServer((socket) => socket.resume().on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

  return { port: (server.address() as net.AddressInfo).port, close };
}

test.concurrent(
  'a Redis that is not there ends the start with the address, its password left out, and what to do',
  async () => {
    const port = await freeTcpPort();
    const { code, text } = await startInVain({ REDIS_URL: `redis://operator:s3cret-word@127.0.0.1:${port}/2` });
    expect(code).toBe(1);
    expect(text).toContain(`127.0.0.1:${port}`);
    expect(text).toMatch(/cannot be reached.*ECONNREFUSED.*start it, correct REDIS_URL, or unset REDIS_URL/);
    expect(text).not.toContain('s3cret-word');
    expect(text).not.toMatch(/\n\s+at /);
  },
);

test.concurrent('a Redis that takes the connection and never answers is not waited for', async () => {
  const mute = await portHolder();
  const { port } = mute;
  const { code, text } = await startInVain({ REDIS_URL: `redis://127.0.0.1:${port}` });
  await mute.close();
  expect(code).toBe(1);
  expect(text).toMatch(new RegExp(`^sightline: Redis at redis://127.0.0.1:${port} cannot be reached`, 'm'));
});

test.concurrent('every fault of the environment is told at once', async () => {
  const { code, text } = await startInVain({
    SIGHTLINE_SIP_PORT: '70000',
    SIGHTLINE_RTP_PORTS: '40000-30000',
    SIGHTLINE_HOTS: '127.0.0.1',
    REDIS_URL: 'http://127.0.0.1:6379',
    DRACHTIO_URL: 'tcp://127.0.0.1:9022',
    LOG_LEVEL: 'loud',
  });
  expect(code).toBe(1);
  for (const name of ['SIP_PORT', 'RTP_PORTS', 'HOTS']) expect(text).toContain(`SIGHTLINE_${name}:`);
  for (const name of ['REDIS_URL', 'DRACHTIO_URL', 'LOG_LEVEL']) expect(text).toMatch(new RegExp(`^ +${name}:`, 'm'));
  expect(text).not.toMatch(/\n\s+at /);
});

test.concurrent('every fault of the dialplan is told at once, each with its file, line and remedy', async () => {
  const folder = await newFolder();
  const site = path.join(folder, 'site');
  await cp(inProject('dialplans', 'demo'), site, { recursive: true });
  const queues = await readFile(path.join(site, 'queues.yaml'), 'utf8');
  await writeFile(path.join(site, 'queues.yaml'), queues.replace('ringTimeout: 20', 'ringTimeuot: 20'));
  await writeFile(path.join(site, 'numbers.yaml'), '"6001": { flow: mian }\n');
  const { code, text } = await startInVain({ SIGHTLINE_SITE: site });
  await rm(folder, { recursive: true });
  expect(code).toBe(1);
  expect(text).toMatch(/queues\.yaml:\d+:\d+.*ringTimeuot/);
  expect(text).toMatch(/numbers\.yaml:1:\d+.*mian/);
  expect(text).toContain('ringTimeout');
  expect(text).not.toMatch(/\n\s+at /);
});

test.concurrent('a site that is not there is named', async () => {
  const { code, text } = await startInVain({ SIGHTLINE_SITE: 'no-such-site' });
  expect(code).toBe(1);
  expect(text).toContain(path.join('dialplans', 'no-such-site'));
  expect(text).not.toMatch(/\n\s+at /);
});

test.concurrent('a drachtio-server that is not there ends the start with its address and what to look at', async () => {
  const port = await freeTcpPort();
  const { code, text } = await startInVain({ DRACHTIO_URL: `tcp://:a-good-secret@127.0.0.1:${port}` });
  expect(code).toBe(1);
  expect(text).toMatch(new RegExp(`^sightline: The SIP edge at 127.0.0.1:${port} cannot be used`, 'm'));
  expect(text).not.toContain('a-good-secret');
});

test.concurrent('a wrong secret for the SIP edge is said to be wrong', async () => {
  const edge = await Child.start({
    name: 'the SIP edge',
    command: process.execPath,
    args: [inProject('dist', 'src', 'main.js'), 'sipd'],
    env: {
      SIGHTLINE_SIP_PORT: '0',
      SIGHTLINE_WS_PORT: '0',
      SIGHTLINE_CONTROL_PORT: '0',
      SIGHTLINE_CONTROL_SECRET: 'the-true-secret',
    },
  });
  try {
    const control = await edge.waitForLine('its ready line', (line) =>
      line.includes('"msg":"ready"')
        ? (JSON.parse(line) as { sip: { control: { port: number } } }).sip.control
        : undefined,
    );
    const { code, text } = await startInVain({ DRACHTIO_URL: `tcp://:a-false-secret@127.0.0.1:${control.port}` });
    expect(code).toBe(1);
    expect(text).toMatch(new RegExp(`^sightline: The SIP edge at 127.0.0.1:${control.port} .*refused the secret`, 'm'));
    expect(text).not.toContain('a-false-secret');
  } finally {
    expect((await edge.stop()).code).toBe(0);
  }
});

test.concurrent('a SIP edge of its own wants a secret, and says how the application gets it', async () => {
  const { code, text } = await startInVain({}, ['sipd']);
  expect(code).toBe(1);
  expect(text).toMatch(/SIGHTLINE_CONTROL_SECRET is not set.*DRACHTIO_URL=tcp:/);
});

test.concurrent('a port that somebody else has is named, with the setting that chooses another', async () => {
  const other = await portHolder();
  const port = String(other.port);
  const sip = await startInVain({ SIGHTLINE_SIP_PORT: port });
  const http = await startInVain({ SIGHTLINE_HTTP_PORT: port });
  await other.close();
  for (const [{ code, text }, name] of [[sip, 'SIGHTLINE_SIP_PORT'] as const, [http, 'SIGHTLINE_HTTP_PORT'] as const]) {
    expect(code).toBe(1);
    expect(text).toMatch(
      new RegExp(`^sightline: Cannot listen on 127.0.0.1:${port}: another process .* ${name}$`, 'm'),
    );
    expect(text).not.toMatch(/\n\s+at /);
  }
});
