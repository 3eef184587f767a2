import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Phone, Wire, type SipMsg } from '../../scripts/phone';
import { inProject } from '../../src/lib/paths';
import { lastingPort } from '../support/ports';
import { Child, startServer, type ServerProcess } from '../support/processes';
import { controlSecret } from './outage';
import { RawPeer } from './raw-peer';
import { eventually } from './world';

/**
 * Passwords are guessed from one address of the loopback, which the SIP server is told not to trust: that address is banned and
 * stands in the log for fail2ban, and nobody else notices. Once with the SIP server inside, once with `sightline sipd` beside.
 */
const guesser = '127.0.0.21';
const forger = '127.0.0.22';
const honest = '127.0.0.23';
const banSeconds = 2;
/** The default of the defence. */
const guesses = 50;
const domain = 'sightline.test';

/** What a guesser may write as his name, none of which may become a line or an address of the log. */
const names = [
  '1001',
  'x] from ip 203.0.113.9',
  'x@y] from ip 203.0.113.9 [z',
  "Can't find user [a@b] from 203.0.113.9",
  "SIP auth failure (REGISTER) on sofia profile 'internal' for [a@b] from ip 203.0.113.9",
  'r\u00e9\u2028\u202e',
];

const run = promisify(execFile);
let folder: string;
let log: string;
let server: ServerProcess;
let edge: Child | undefined;
let sip: { host: string; port: number };
const closers: (() => unknown)[] = [];

async function start(isBeside: boolean): Promise<void> {
  folder = await mkdtemp(path.join(os.tmpdir(), 'sightline-bans-'));
  log = path.join(folder, 'security.log');
  const defence = {
    SIGHTLINE_SIP_PORT: String(await lastingPort()),
    SIGHTLINE_SIP_TRUSTED: '192.0.2.0/24',
    SIGHTLINE_SIP_BAN: String(banSeconds),
    SIGHTLINE_SECURITY_LOG: log,
  };
  if (isBeside) edge = await startSipd(defence);
  const control = await edge?.waitForLine('its ready line', readyPort);
  const url = control === undefined ? undefined : `tcp://:${controlSecret}@127.0.0.1:${control}`;
  server = await startServer({ env: url === undefined ? defence : { DRACHTIO_URL: url } });
  sip = server.sip;
}

function startSipd(defence: Record<string, string>): Promise<Child> {
  const ports = { SIGHTLINE_WS_PORT: '0', SIGHTLINE_CONTROL_PORT: '0' };

  return Child.start({
    name: 'sightline sipd',
    command: process.execPath,
    args: [inProject('dist', 'src', 'main.js'), 'sipd'],
    env: { ...ports, ...defence, SIGHTLINE_CONTROL_SECRET: controlSecret, DRACHTIO_URL: undefined },
  });
}

function readyPort(line: string): number | undefined {
  if (!line.includes('"msg":"ready"')) return undefined;

  return (JSON.parse(line) as { sip: { control: { port: number } } }).sip.control.port;
}

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await server.stop();
  await edge?.stop();
  edge = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function peerAt(address: string, transport: 'udp' | 'tcp' = 'udp'): Promise<RawPeer> {
  const peer = await RawPeer.open(transport, sip, address);
  closers.push(() => peer.close());

  return peer;
}

async function phoneAt(address: string, user: string, password: string): Promise<Phone> {
  const wire = await Wire.open({ host: address });
  closers.push(() => wire.close());

  return new Phone(wire, { user, password, domain, server: sip });
}

const nonceOf = (answer: SipMsg): string => /nonce="([^"]*)"/.exec(answer.headers('www-authenticate')[0]!)![1]!;

function guess(peer: RawPeer, method: string, user: string, nonce: string): Promise<SipMsg> {
  const uri = method === 'REGISTER' ? `sip:${domain}` : `sip:6001@${domain}`;
  const fields = `realm="sightline", nonce="${nonce}", uri="${uri}", qop=auth, nc=00000001, cnonce="c"`;
  const name = user.replace(/["\\]/g, '\\$&');
  const credentials = `Authorization: Digest username="${name}", ${fields}, algorithm=MD5, response="${'0'.repeat(32)}"`;

  return peer.ask(peer.request(method, uri, [credentials]));
}

async function nonceFor(peer: RawPeer): Promise<string> {
  return nonceOf(await peer.ask(peer.request('REGISTER', `sip:${domain}`)));
}

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
}

/** The addresses that fail2ban's own filter for FreeSWITCH finds. */
async function found(): Promise<string[]> {
  const { stdout } = await run('fail2ban-regex', ['-o', 'ip', log, '/etc/fail2ban/filter.d/freeswitch.conf']);

  return stdout.trim().split('\n');
}

/** REGISTER and INVITE in turn, each under another name. Every answer is a challenge. */
async function guessInVain(): Promise<void> {
  const peer = await peerAt(guesser);
  const nonce = await nonceFor(peer);
  for (let n = 0; n < guesses; n += 1) {
    const name = names[n % names.length]!;
    const answer = await guess(
      peer,
      n % 2 === 0 ? 'REGISTER' : 'INVITE',
      n < names.length ? name : `${name}${n}`,
      nonce,
    );
    expect(answer.status).toBe(401);
  }
}

/** What somebody can send who bears another's address and never reads what comes back there. */
async function forgeInVain(): Promise<void> {
  const peer = await peerAt(forger);
  for (let n = 0; n < guesses + 10; n += 1) expect((await guess(peer, 'REGISTER', `${n}`, 'made-up')).status).toBe(401);
}

/** Answered in a moment, or not at all. */
async function isHeard(peer: RawPeer): Promise<boolean> {
  let stop: NodeJS.Timeout | undefined;
  const silence = new Promise<boolean>((resolve) => (stop = setTimeout(() => resolve(false), 200)));
  const answered = peer.ask(peer.request('OPTIONS', `sip:${domain}`)).then(() => true);

  return Promise.race([answered, silence]).finally(() => clearTimeout(stop));
}

async function expectHonestToBeServed(): Promise<void> {
  const phone = await phoneAt(honest, '1001', 'demo-terminal');
  expect((await phone.register()).status).toBe(200);
  const call = phone.invite('6001');
  await call.untilEstablished();
  call.hangup();
  await call.byeResponse;
  expect((await phone.unregister()).status).toBe(200);
}

test.each([
  ['inside the application', false],
  ['sightline sipd beside it', true],
])(
  'the SIP server %s: who guesses passwords is banned for a while, in the log, and alone',
  async (_where, isBeside) => {
    await start(isBeside);
    await forgeInVain();
    expect(await linesOf(log)).toEqual([]);
    const open = await peerAt(guesser, 'tcp');
    expect(await isHeard(open)).toBe(true);
    await guessInVain();

    // A connection that was open is closed, a new one is not taken, and datagrams are not heard.
    await open.closed;
    await (
      await peerAt(guesser, 'tcp')
    ).closed;
    expect(await isHeard(await peerAt(guesser))).toBe(false);
    expect(await isHeard(await peerAt(forger))).toBe(true);
    await expectHonestToBeServed();

    const lines = await eventually(
      () => linesOf(log),
      (all) => all.length >= guesses,
    );
    expect(lines).toHaveLength(guesses);
    for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]+ \[WARNING\] [\x20-\x7e]+ from ip 127\.0\.0\.21$/);
    expect(await found()).toEqual(lines.map(() => guesser));

    const again = await peerAt(guesser);
    await eventually(() => isHeard(again), Boolean, banSeconds * 1_000 + 5_000);
    expect((await guess(again, 'REGISTER', '1001', await nonceFor(again))).status).toBe(401);
  },
  60_000,
);
