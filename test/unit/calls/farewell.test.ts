import pino from 'pino';
import { Call, type CallHome } from '../../../src/calls/call';
import type { Leg, LegEvents } from '../../../src/calls/leg';
import type { CallRecord } from '../../../src/calls/record';
import { endCall } from '../../../src/calls/stage-end';
import type { Plan } from '../../../src/dialplan/model';
import type { Face } from '../../../src/ivr/face';
import { ManualClock } from '../../../src/lib/clock';
import { TypedEmitter } from '../../../src/lib/emitter';

test('who hangs up during the last message does not keep the media of it', async () => {
  let over: Promise<unknown> | undefined;
  const home = {
    clock: new ManualClock(),
    log: pino({ level: 'silent' }),
    save: () => undefined,
    ended: (_call: Call, _from: string, ending: Promise<unknown>) => (over = ending),
  };
  const record = { state: 'menu', history: [] } as unknown as CallRecord;
  const call = new Call(record, {} as Plan, home as unknown as CallHome);
  const events = new TypedEmitter<LegEvents>();
  call.terminal = { events, alive: true, bye: () => Promise.resolve() } as unknown as Leg;
  let closed = false;
  const endless = new Promise<void>(() => undefined);
  call.face = { show: () => true, idle: () => endless, close: () => void (closed = true) } as unknown as Face;
  endCall(call, { by: 'server', cause: 'done' });
  expect(closed).toBe(false);
  events.emit('ended', { by: 'peer', cause: 'bye' });
  await over;
  expect(closed).toBe(true);
});
