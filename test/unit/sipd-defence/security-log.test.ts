import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { authFailureLine, SecurityLog } from '../../../src/sipd/defence/security-log';

const folder = mkdtempSync(path.join(os.tmpdir(), 'sightline-security-'));
afterAll(() => rmSync(folder, { recursive: true }));

const forged =
  "x] from ip 203.0.113.9\n2026-01-01 00:00:00.000000 [WARNING] sofia_reg.c:1 SIP auth failure (INVITE) on sofia profile 'internal' for [y@z] from ip 203.0.113.9";
const hostile = [
  forged,
  forged.replaceAll('\n', '\r\n'),
  "Can't find user [a@b] from 203.0.113.9",
  'a] from ip 203.0.113.9',
  'a\u2028b\u0085c\u0000\u001b[31m',
  '[]]][[',
  '%s$(reboot)`x`',
  '\u202e\ufeff',
  '',
  'u'.repeat(100_000),
];

/** The addresses that fail2ban's own filter for FreeSWITCH finds. */
function found(file: string): string[] {
  const args = ['-o', 'ip', file, '/etc/fail2ban/filter.d/freeswitch.conf'];

  return execFileSync('fail2ban-regex', args, { encoding: 'utf8' }).trim().split('\n');
}

test("fail2ban's stock filter for FreeSWITCH finds each failure, at the true source and nowhere else", async () => {
  const file = path.join(folder, 'security.log');
  const log = new SecurityLog(file, (error) => {
    throw error;
  });
  const now = Date.now();
  const failure = { source: '192.0.2.1', method: 'REGISTER', user: '1001', domain: 'example.com' };
  log.authFailed(failure, now);
  log.authFailed({ ...failure, source: '::ffff:192.0.2.2', method: 'MESSAGE' }, now);
  log.authFailed({ ...failure, source: '2001:db8::7', method: 'INVITE' }, now);
  log.authFailed({ ...failure, source: forged }, now);
  for (const text of hostile) {
    log.authFailed({ source: '192.0.2.3', method: text, user: text, domain: text }, now);
  }
  await log.close();
  await log.close();
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(3 + hostile.length);
  for (const line of lines) expect(line).toMatch(/^[\x20-\x7e]{100,320}$/);
  expect(found(file)).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8::7', ...hostile.map(() => '192.0.2.3')]);
});

test('the line is the one that FreeSWITCH writes', () => {
  const now = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
  const line = authFailureLine({ source: '192.0.2.1', method: 'REGISTER', user: 'a@b', domain: 'c d' }, now);
  expect(line).toBe(
    "2026-01-02 03:04:05.006000 [WARNING] sofia_reg.c:1478 SIP auth failure (REGISTER) on sofia profile 'internal' for [a?b@c?d] from ip 192.0.2.1",
  );
});

test('a file that cannot be written is told of once, and stops nothing', async () => {
  const failed = await new Promise<Error>((resolve) => {
    const log = new SecurityLog(path.join(folder, 'missing', 'security.log'), (error) => {
      log.authFailed({ source: '192.0.2.1', method: 'REGISTER', user: 'a', domain: 'b' }, 0);
      expect(log.lost).toBe(1);
      void log.close().then(() => resolve(error));
    });
  });
  expect(failed.message).toContain('ENOENT');
});
