import { ManualClock } from '../../../src/lib/clock';
import type { Clock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { Defence } from '../../../src/sipd/defence/defence';
import { Lateness } from '../../../src/sipd/defence/lateness';
import type { DefenceOptions } from '../../../src/sipd/defence/options';
import { plainIp, Sources } from '../../../src/sipd/defence/sources';
import { Headers, SipRequest } from '../../../src/sipd/message/message';

const small: Partial<DefenceOptions> = {
  trusted: [],
  requests: { perSecond: 10, burst: 20 },
  dialogRequests: { perSecond: 40, burst: 80 },
  messages: { perSecond: 100, burst: 200 },
  floodBan: 100,
  authBan: 5,
};

function build(options: Partial<DefenceOptions> = {}, clock = new ManualClock()) {
  const closed: ((address: string) => boolean)[] = [];
  const warnings: unknown[] = [];
  const log = silentLogger.child({});
  log.warn = (fields: object) => void ((fields as { why?: string }).why && warnings.push(fields));
  const disconnect = (belongs: (address: string) => boolean): void => void closed.push(belongs);

  return { defence: new Defence({ ...small, ...options }, { clock, log, disconnect }), clock, closed, warnings };
}

function request(method = 'INVITE', extra: Record<string, string> = {}, uri = 'sip:b@example.com'): SipRequest {
  const headers = { Via: 'SIP/2.0/UDP h;branch=z9hG4bK1', From: '<sip:a@h>;tag=1', To: '<sip:b@h>', 'Call-ID': 'c' };

  return new SipRequest(method, uri, Headers.from({ ...headers, CSeq: `1 ${method}`, ...extra }));
}

const inside = { To: '<sip:b@h>;tag=2' };

test('a source has its burst, then 503 with Retry-After, then silence, and is served again when time has passed', () => {
  const { defence, clock } = build();
  const ask = (): unknown => defence.screen(request(), '192.0.2.1');
  for (let i = 0; i < 20; i += 1) expect(ask()).toBeUndefined();
  for (let i = 0; i < 10; i += 1) {
    expect(ask()).toEqual({ status: 503, headers: [['Retry-After', expect.stringMatching(/^[3-7]$/)]] });
  }
  expect(ask()).toBe('drop');
  expect(defence.screen(request(), '192.0.2.2')).toBeUndefined();
  expect(defence.screen(request('BYE', inside), '192.0.2.1')).toBeUndefined();
  clock.advance(100);
  expect(ask()).toBeUndefined();
  expect(defence.stats().refused).toEqual({ rate: 11, overload: 0, size: 0 });
  defence.close();
});

test('a flood is banned once, its connections are closed, and the ban ends', () => {
  const { defence, clock, closed, warnings } = build();
  for (let i = 0; i < 500; i += 1) defence.admits('192.0.2.1');
  expect(warnings).toEqual([{ source: '192.0.2.1', why: 'flood', seconds: 300 }]);
  expect(closed).toHaveLength(1);
  expect([closed[0]!('::ffff:192.0.2.1'), closed[0]!('192.0.2.2')]).toEqual([true, false]);
  expect(defence.opens('192.0.2.1')).toBe(false);
  clock.advance(299_999);
  expect(defence.admits('192.0.2.1')).toBe(false);
  expect(defence.stats().bans).toEqual({ active: 1, total: 1 });
  clock.advance(1);
  expect(defence.admits('192.0.2.1')).toBe(true);
  expect(defence.stats()).toMatchObject({ bans: { active: 0, total: 1 }, dropped: { flood: 100, banned: 201 } });
});

test('datagrams may be forged: they have nobody banned, but only few of them are read while there are too many', () => {
  const { defence, clock, warnings } = build();
  const anything = Buffer.from('OPTIONS sip:b@h SIP/2.0\r\nTo: <sip:b@h>;tag=made-up\r\n\r\n');
  const read = (count: number): number =>
    Array.from({ length: count }, () => defence.admits('192.0.2.1', anything)).filter(Boolean).length;
  expect(read(299)).toBe(200);
  expect(defence.stats().narrowed).toBe(0);
  // What is cut down has its burst, and then as many as new requests are taken.
  expect([read(501), defence.stats().narrowed]).toEqual([20, 1]);
  clock.advance(1_000);
  expect(read(100)).toBe(10);
  for (let i = 0; i < 500; i += 1) defence.screen(request(), '192.0.2.1', true);
  expect(defence.stats()).toMatchObject({ bans: { total: 0 }, dropped: { banned: 0 }, narrowed: 1 });
  expect(warnings).toEqual([]);
  // A stream, and another address, have nothing to do with it.
  expect(defence.admits('192.0.2.1') && defence.opens('192.0.2.1')).toBe(true);
  expect(defence.admits('192.0.2.2', anything)).toBe(true);
  clock.advance(10_000);
  expect(read(300)).toBe(200);
});

test('a stream of the same address is banned all the same, whoever has proven himself there', () => {
  const { defence } = build();
  defence.authSucceeded('192.0.2.1');
  for (let i = 0; i < 500; i += 1) defence.admits('192.0.2.1');
  expect(defence.stats().bans.total).toBe(1);
});

test('failed authentications ban a stranger, and never an office where somebody has proven who he is', () => {
  const { defence, clock, warnings } = build();
  for (let i = 0; i < 4; i += 1) defence.authFailed('192.0.2.1');
  clock.advance(60_001);
  defence.authFailed('192.0.2.1');
  expect(defence.admits('192.0.2.1')).toBe(true);
  for (let i = 0; i < 4; i += 1) defence.authFailed('192.0.2.1');
  expect(defence.admits('192.0.2.1')).toBe(false);
  defence.authSucceeded('192.0.2.2');
  for (let i = 0; i < 50; i += 1) defence.authFailed('192.0.2.2');
  expect(defence.admits('192.0.2.2')).toBe(true);
  expect(warnings).toEqual([{ source: '192.0.2.1', why: 'authentication', seconds: 300 }]);
});

test('trusted networks have no limits', () => {
  const { defence } = build({ trusted: ['198.51.100.0/24', '2001:db8::1'] });
  for (let i = 0; i < 1_000; i += 1) {
    expect(defence.admits('198.51.100.7') && defence.admits('::ffff:198.51.100.7')).toBe(true);
    expect(defence.screen(request(), '2001:db8::1')).toBeUndefined();
    defence.authFailed('198.51.100.7');
  }
  expect(defence.stats().sources).toBe(0);
  expect(() => build({ trusted: ['10.0.0.0/33'] })).toThrow(RangeError);
});

test('a /64 of IPv6, and IPv4 in whatever spelling, is one source', () => {
  const sources = new Sources([]);
  const keys = (...addresses: string[]): number => new Set(addresses.map((one) => sources.keyOf(one))).size;
  expect(keys('2001:db8:0:1::1', '2001:db8:0:1:ffff::2', '2001:0db8::1:0:0:0:9%eth0')).toBe(1);
  expect(keys('2001:db8:0:1::1', '2001:db8:0:2::1')).toBe(2);
  expect(keys('192.0.2.1', '::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:c000:0201')).toBe(1);
  expect(plainIp('::1')).toBe('::1');
});

test('what is remembered is bounded; bans and open connections stay longest', () => {
  const { defence } = build({ capacity: 100, floodBan: 1, messages: { perSecond: 1, burst: 1 } });
  expect(defence.opens('10.9.9.9')).toBe(true);
  for (let i = 0; i < 1_000; i += 1) defence.admits(`10.0.${i >> 8}.${i & 255}`);
  expect(defence.stats().sources).toBeLessThanOrEqual(100);
  for (let i = 0; i < 1_000; i += 1) for (let n = 0; n < 3; n += 1) defence.admits(`10.1.${i >> 8}.${i & 255}`);
  expect(defence.stats().bans).toEqual({ active: 100, total: 1_000 });
  defence.closed('10.9.9.9');
});

test('a source may have so many connections, and further ones when those end', () => {
  const { defence } = build({ connectionsPerSource: 2 });
  expect([1, 2, 3].map(() => defence.opens('192.0.2.1'))).toEqual([true, true, false]);
  expect(defence.opens('192.0.2.2')).toBe(true);
  defence.closed('192.0.2.1');
  expect(defence.opens('192.0.2.1')).toBe(true);
  expect(defence.stats().connectionsRefused).toBe(1);
});

/** Timers fire `late` milliseconds after they are due. */
class LateClock implements Clock {
  late = 0;
  readonly manual = new ManualClock();
  now(): number {
    return this.manual.now();
  }
  after(ms: number, fn: () => void): () => void {
    return this.manual.after(ms + this.late, fn);
  }
}

test('new work is refused when the event loop is late time and again; calls under way and emergencies go on', () => {
  const clock = new LateClock();
  const { defence } = build({ trusted: ['0.0.0.0/0'] }, clock as unknown as ManualClock);
  const ask = (one: SipRequest): unknown => defence.screen(one, '192.0.2.1');
  clock.late = 200;
  for (let i = 0; i < 3; i += 1) {
    expect(ask(request())).toBeUndefined();
    clock.manual.advance(220);
  }
  for (const method of ['INVITE', 'REGISTER', 'OPTIONS']) expect(ask(request(method))).toMatchObject({ status: 503 });
  for (const method of ['INVITE', 'BYE', 'INFO']) expect(ask(request(method, inside))).toBeUndefined();
  expect(ask(request('INVITE', { Priority: 'emergency' }))).toBeUndefined();
  expect(ask(request('INVITE', { 'Resource-Priority': 'esnet.1' }))).toBeUndefined();
  expect(ask(request('INVITE', {}, 'urn:service:sos.fire'))).toBeUndefined();
  clock.late = 0;
  // Neither at once, nor when it is late again now and then.
  clock.manual.advance(220 + 24 * 20);
  expect(ask(request())).toMatchObject({ status: 503 });
  clock.manual.advance(40);
  expect(ask(request())).toBeUndefined();
  expect(defence.stats()).toMatchObject({ shedding: false, refused: { overload: 4 } });
  clock.manual.advance(100);
  expect(clock.manual.pendingCount).toBe(0);
});

test('a single stall is no overload, and an idle server has no timer', () => {
  const clock = new LateClock();
  const turns: boolean[] = [];
  const lateness = new Lateness(clock, 100, (shedding) => turns.push(shedding));
  expect(clock.manual.pendingCount).toBe(0);
  clock.late = 5_000;
  lateness.note();
  clock.late = 0;
  clock.manual.advance(5_020);
  for (let i = 0; i < 10; i += 1) {
    lateness.note();
    clock.manual.advance(20);
  }
  clock.manual.advance(40);
  expect([turns, clock.manual.pendingCount]).toEqual([[], 0]);
});
