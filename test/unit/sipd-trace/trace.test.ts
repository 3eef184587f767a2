import { once } from 'node:events';
import { WebSocket } from 'ws';
import { ManualClock } from '../../../src/lib/clock';
import { TypedEmitter } from '../../../src/lib/emitter';
import { startSipd } from '../../../src/sipd';
import type { Sipd, SipdOptions, TraceEvent } from '../../../src/sipd';
import { Tracer } from '../../../src/sipd/trace/tracer';
import type { TransportEvents } from '../../../src/sipd/transport/types';
import { requestText as textOf, tcpClient, udpClient } from '../sipd-transport/helpers';

/** A request that is answered where it came from. */
function requestText({ branch = 'x1', more = [] as string[] } = {}): string {
  return textOf({ via: `SIP/2.0/UDP 127.0.0.1:5099;rport;branch=z9hG4bK${branch}`, more });
}

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function start(options?: SipdOptions): Promise<Sipd> {
  const sipd = await startSipd(options);
  opened.push(() => sipd.close());

  return sipd;
}

async function overUdp(sipd: Sipd): Promise<{ ask: (text: string) => Promise<string>; port: number }> {
  const { socket, port, inbox } = await udpClient();
  opened.push(() => socket.close());

  return {
    port,
    ask: (text) => {
      socket.send(text, sipd.addresses.udp!.port, '127.0.0.1');

      return inbox.take();
    },
  };
}

test('every message is there as it was on the wire, over each transport', async () => {
  const sipd = await start({ udpPort: 0, tcpPort: 0, wsPort: 0 });
  const trace = sipd.trace();
  const text = requestText();
  const udp = await overUdp(sipd);
  const answers = [await udp.ask(text)];
  const tcp = await tcpClient(sipd.addresses.tcp!.port);
  opened.push(() => tcp.socket.destroy());
  tcp.socket.write(text.replace('z9hG4bKx1', 'z9hG4bKx2'));
  answers.push(await tcp.inbox.take());
  const ws = new WebSocket(`ws://127.0.0.1:${sipd.addresses.ws!.port}`, 'sip');
  opened.push(() => ws.terminate());
  await once(ws, 'open');
  ws.send(text.replace('z9hG4bKx1', 'z9hG4bKx3'));
  answers.push(String((await once(ws, 'message'))[0]));

  expect(trace.events.map(({ transport, direction }) => `${transport} ${direction}`)).toEqual([
    ...['udp in', 'udp out', 'tcp in', 'tcp out', 'ws in', 'ws out'],
  ]);
  expect(trace.events[0]).toMatchObject({
    local: sipd.addresses.udp,
    remote: { address: '127.0.0.1', port: udp.port },
  });
  expect(trace.events[0]!.bytes.toString()).toBe(text);
  const out = trace.events.filter(({ direction }) => direction === 'out');
  expect(out.map(({ bytes }) => bytes.toString())).toEqual(answers);
});

test('what could not be read is there with its fault', async () => {
  const sipd = await start();
  const trace = sipd.trace();
  await (await overUdp(sipd)).ask(requestText().replace('CSeq: 1', 'CSeq: x'));
  expect(trace.events[0]!.fault).toEqual(expect.any(String));
  expect(trace.ladder()).toContain('malformed');
});

test('secrets are masked unless they are to be kept', async () => {
  const told: TraceEvent[] = [];
  const sipd = await start({ trace: (event) => told.push(event) });
  const [masked, kept] = [sipd.trace(), sipd.trace({ secrets: 'keep' })];
  await (await overUdp(sipd)).ask(requestText({ more: ['Authorization: Digest response="0a1b"'] }));
  expect(masked.events[0]!.bytes.toString()).toContain('response="xxxx"');
  expect(told[0]!.bytes.toString()).toContain('response="xxxx"');
  expect(kept.events[0]!.bytes.toString()).toContain('response="0a1b"');
});

test('times are those of the clock that was given', async () => {
  const clock = new ManualClock(1_000);
  const sipd = await start({ clock });
  const trace = sipd.trace();
  const { ask } = await overUdp(sipd);
  await ask(requestText());
  clock.advance(5_000);
  await ask(requestText({ branch: 'x9' }));
  expect(trace.events.map(({ at }) => at)).toEqual([1_000, 1_000, 6_000, 6_000]);
});

test('the oldest messages go first, and a trace that was stopped keeps what it has', async () => {
  const sipd = await start();
  const trace = sipd.trace({ limit: 3 });
  const { ask } = await overUdp(sipd);
  await ask(requestText());
  await ask(requestText());
  expect(trace.events.map(({ direction }) => direction)).toEqual(['out', 'in', 'out']);
  expect(trace.dropped).toBe(1);
  expect(trace.ladder()).toMatch(/^1 earlier messages/);
  trace.stop();
  trace.stop();
  await ask(requestText());
  expect(trace.events).toHaveLength(3);
  trace.clear();
  expect(trace.ladder()).toBe('no messages\n');
});

test('a listener that throws harms nothing', async () => {
  const sipd = await start({
    trace: () => {
      throw new Error('a fault of the listener');
    },
  });
  expect(await (await overUdp(sipd)).ask(requestText())).toMatch(/^SIP\/2\.0 503/);
});

test('while nobody wants to be told nothing is done, and after the close neither', () => {
  const transport = new TypedEmitter<TransportEvents>();
  const tracer = new Tracer(transport, new ManualClock());
  const count = (): number => transport.listenerCount('sent') + transport.listenerCount('message');
  expect(count()).toBe(0);
  const trace = tracer.trace();
  tracer.watch(() => undefined);
  expect(count()).toBe(4);
  trace.stop();
  expect(count()).toBe(2);
  tracer.close();
  tracer.close();
  expect(count()).toBe(0);
});
